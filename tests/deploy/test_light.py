"""The wheel of an optimised pipeline, installed where there is no torch."""

import shutil
import subprocess
from pathlib import Path

import pytest
import spacy

from spacy_hone.cli.optimize import optimize
from spacy_hone.deploy.installed import _clean_environment, _compare, _environment, _predict, decisions
from spacy_hone.deploy.optimize.choices import Choices
from spacy_hone.deploy.wheels import build_wheel

from .optimize.conftest import checkpoint, dev, pipeline  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]  # on a busy machine
ROOT = Path(__file__).parents[2]
TEXTS = ["two cups of strong sugar and salt", "", "salt, flour", "a pinch of bread flour, chopped. " * 20]
FOUND = """
from importlib.util import find_spec
names = "torch", "transformers", "spacy_transformers", "onnx", "onnxruntime", "tokenizers"
print(*filter(find_spec, names))
"""


def copy_sources(path: Path) -> Path:
    """What the package's wheel is made of, so that nothing is built in the checkout."""
    ignore = shutil.ignore_patterns("__pycache__", ".*cache")
    shutil.copytree(ROOT / "components" / "spacy_hone", path / "components" / "spacy_hone", ignore=ignore)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, path / name)
    return path


def run(python: Path, *args: str) -> subprocess.CompletedProcess[str]:
    folder, env = python.parents[2], _environment()
    return subprocess.run([python, *args], cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_an_installed_wheel_needs_no_torch(pipeline, dev, tmp_path):  # noqa: F811
    out, packages = tmp_path / "out", tmp_path / "packages"
    optimize(str(pipeline("stock")), out, Choices(dev=dev, max_drop=1.0, threads=1))
    wheels = [build_wheel(path, packages) for path in (copy_sources(tmp_path / "sources"), out)]
    (tmp_path / "clean").mkdir()
    python = _clean_environment(tmp_path / "clean" / "venv", wheels, ROOT / "constraints.txt")
    assert run(python, "-c", FOUND).stdout.split() == ["onnxruntime", "tokenizers"]

    expected = [decisions(doc) for doc in spacy.load(out).pipe(TEXTS)]
    found = _predict(python, tmp_path / "clean", "en_pipeline", TEXTS)
    assert _compare("en_pipeline", expected, found, 1e-3)["decisions"] > 1

    done = run(python, "-m", "spacy", "hone", "optimize", "en_pipeline", "out", "--dev", str(dev))
    assert done.returncode == 1 and done.stderr.startswith("[H709] To optimise a pipeline takes torch")
