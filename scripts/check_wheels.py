"""Install the wheels of `packages/` into a clean environment and compare with the trained pipelines."""

import sys
from pathlib import Path

import srsly
import typer
from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn
from spacy.vocab import Vocab

from spacy_hone.corpora.docs import read_docs
from spacy_hone.deploy.installed import check_wheels
from spacy_hone.deploy.wheels import find_wheel
from spacy_hone.errors import HoneError


def main(
    pipelines: list[str] = typer.Argument(..., help="NAME=TRAINED_DIR=TEXTS.spacy for each pipeline."),
    output: Path = typer.Option(Path("metrics/wheels.json"), help="Where the result goes."),
    constraints: Path = typer.Option(Path("constraints.txt"), help="pip constraints file."),
) -> None:
    """Each NAME is the package of a wheel in packages/, compared with TRAINED_DIR on the texts of a corpus."""
    names, trained, corpora = zip(*(entry.split("=") for entry in pipelines), strict=True)
    try:
        wheels = [find_wheel(Path("packages"), name) for name in ("spacy_hone", *names)]
        texts = [[doc.text for doc in read_docs(Path(path), Vocab())] for path in corpora]
        with Progress(SpinnerColumn(), "{task.description}", TimeElapsedColumn()) as progress:
            progress.add_task(f"Installing {len(wheels)} wheels in a clean environment, predicting there")
            results = check_wheels(wheels, names, [Path(p) for p in trained], texts, constraints=constraints)
    except HoneError as error:
        sys.exit(str(error))
    srsly.write_json(output, results)
    for found in results:
        print(
            f"{found['pipeline']}: {found['decisions']} decisions in {found['documents']} texts, all the same"
        )


if __name__ == "__main__":
    typer.run(main)
