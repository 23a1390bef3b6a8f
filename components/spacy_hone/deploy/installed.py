"""Do the wheels work where the source tree is not? Install them into a clean environment and compare predictions."""

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import spacy
from spacy.tokens import Doc

from ..errors import Errors, HoneError

# Runs in the clean environment: texts come in and decisions go out as JSON.
PREDICT = """
import json, sys
import spacy
nlp = spacy.load(sys.argv[1])
from spacy_hone.deploy import installed
found = [installed.decisions(doc) for doc in nlp.pipe(json.loads(sys.stdin.read()))]
json.dump({"found": found, "package": installed.__file__, "pipeline": str(nlp.path)}, sys.stdout)
"""


def decisions(doc: Doc) -> list[list[Any]]:
    """What a pipeline found in a document, how sure it is at the end of each: its entities, its categories."""
    labels = doc._.labels if Doc.has_extension("labels") else []
    return [
        *([ent.start_char, ent.end_char, ent.label_, ent._.get("confidence")] for ent in doc.ents),
        *([label, label in labels, score] for label, score in doc.cats.items()),
    ]


def check_wheels(
    wheels: Sequence[Path],
    names: Sequence[str],
    trained: Sequence[Path],
    texts: Sequence[Sequence[str]],
    *,
    constraints: Path | None = None,
    tolerance: float = 1e-3,
) -> list[dict[str, Any]]:
    """Install wheels into a fresh virtual environment and hold each installed pipeline against the trained one.

    wheels: the wheel files, installed together.
    names: package names of the pipelines among them, as `spacy.load` takes them.
    trained: directory of the trained pipeline behind each name.
    texts: for each name, the texts to predict on.
    constraints: pip constraints file.
    tolerance: largest difference of a confidence that still counts as the same.
    RETURNS: for each name a dict with documents, decisions (entities and categories), largest confidence difference and where it was loaded from.
    RAISES: HoneError H701 (installation failed), H702 (prediction failed), H703 (predictions differ).
    """
    with tempfile.TemporaryDirectory(prefix="hone-wheels-") as tmp:
        python = _clean_environment(Path(tmp) / "venv", wheels, constraints)
        return [
            _compare(name, _expected(path, batch), _predict(python, Path(tmp), name, batch), tolerance)
            for name, path, batch in zip(names, trained, texts, strict=True)
        ]


def _clean_environment(path: Path, wheels: Sequence[Path], constraints: Path | None) -> Path:
    venv.EnvBuilder(with_pip=True).create(path)
    python = path / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"]
    command += ["--constraint", str(constraints.resolve())] if constraints else []
    command += [str(wheel.resolve()) for wheel in wheels]
    done = subprocess.run(command, capture_output=True, text=True, cwd=path, env=_environment(), check=False)
    if done.returncode:
        raise HoneError(Errors.H701.format(command=" ".join(command[1:]), output=done.stderr.strip()))
    return python


def _environment() -> dict[str, str]:
    """Ours, without what could lead the clean interpreter back to the source tree or to a hub."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")}
    return kept | {"HF_HUB_OFFLINE": "1", "PYTHONNOUSERSITE": "1"}


def _predict(python: Path, cwd: Path, name: str, texts: Sequence[str]) -> list[list[list[Any]]]:
    done = subprocess.run(
        [str(python), "-c", PREDICT, name],
        input=json.dumps(list(texts)),
        capture_output=True,
        text=True,
        cwd=cwd,
        env=_environment(),
        check=False,
    )
    if done.returncode:
        raise HoneError(Errors.H702.format(name=name, output=done.stderr.strip()))
    answer = json.loads(done.stdout)
    for place in (answer["package"], answer["pipeline"]):
        if not Path(place).resolve().is_relative_to(cwd.resolve()):
            raise HoneError(
                Errors.H702.format(name=name, output=f"loaded from {place}, outside the clean environment")
            )
    return answer["found"]


def _expected(path: Path, texts: Sequence[str]) -> list[list[list[Any]]]:
    return [decisions(doc) for doc in spacy.load(path).pipe(texts)]


def _compare(name: str, expected: list, found: list, tolerance: float) -> dict[str, Any]:
    worst = 0.0
    for i, (wanted, got) in enumerate(zip(expected, found, strict=True)):
        if [decision[:-1] for decision in wanted] != [decision[:-1] for decision in got]:
            raise HoneError(Errors.H703.format(name=name, doc=i, expected=wanted, found=got))
        worst = max([worst, *(abs((a[-1] or 0.0) - (b[-1] or 0.0)) for a, b in zip(wanted, got))])
    if worst > tolerance:
        raise HoneError(Errors.H703.format(name=name, doc="all", expected=f"within {tolerance}", found=worst))
    return {
        "pipeline": name,
        "documents": len(expected),
        "decisions": sum(map(len, expected)),
        "largest_confidence_difference": worst,
        "python": sys.version.split()[0],
    }
