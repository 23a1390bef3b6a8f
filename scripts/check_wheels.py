"""Install the wheels of `packages/` into a clean environment and compare with the trained pipelines."""

from pathlib import Path

import srsly
import typer
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_hone.deploy.installed import check_wheels
from spacy_hone.errors import Errors


def main(
    pipelines: list[str] = typer.Argument(..., help="NAME=TRAINED_DIR=TEXTS.spacy for each pipeline."),
    output: Path = typer.Option(Path("metrics/wheels.json"), help="Where the result goes."),
    constraints: Path = typer.Option(Path("constraints.txt"), help="pip constraints file."),
) -> None:
    """Each NAME is the package of a wheel in packages/, compared with TRAINED_DIR on the texts of a DocBin."""
    names, trained, corpora = zip(*(entry.split("=") for entry in pipelines), strict=True)
    wheels = [find_wheel(name) for name in ("spacy_hone", *names)]
    texts = [[doc.text for doc in DocBin().from_disk(path).get_docs(Vocab())] for path in corpora]
    results = check_wheels(wheels, names, [Path(p) for p in trained], texts, constraints=constraints)
    srsly.write_json(output, results)
    for result in results:
        print(
            "{pipeline}: {entities} entities in {documents} texts, the same from the wheel".format(**result)
        )


def find_wheel(name: str) -> Path:
    """The newest wheel of a package in packages/."""
    wheels = sorted(Path("packages").rglob(f"{name}-*.whl"), key=lambda p: p.stat().st_mtime)
    if not wheels:
        raise SystemExit(Errors.H805.format(name=name))
    return wheels[-1]


if __name__ == "__main__":
    typer.run(main)
