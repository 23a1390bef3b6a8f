"""Build the wheel of this package or of a trained pipeline, without a network."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn

from spacy_hone.deploy.wheels import build_wheel
from spacy_hone.errors import HoneError

Meta = Annotated[
    Path | None, typer.Option(help="meta.json with description, licence and sources of a pipeline")
]


def main(source: Path, packages: Path, meta: Meta = None) -> None:
    """Build the wheel of SOURCE, a trained pipeline or a directory with setup.cfg, into PACKAGES."""
    try:
        with Progress(SpinnerColumn(), "{task.description}", TimeElapsedColumn(), transient=True) as progress:
            progress.add_task(f"Building the wheel of {escape(str(source))}")
            wheel = build_wheel(source, packages, meta)
    except HoneError as error:
        sys.exit(str(error))
    print(wheel)


if __name__ == "__main__":
    typer.run(main)
