"""Build a wheel without a network, the same bytes each time: steps that depend on it are skipped when nothing changed."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from spacy.cli.package import package

EPOCH = "1767225600"  # 2026-01-01: the time stamp of every file in the wheel
Meta = Annotated[
    Path | None, typer.Option(help="meta.json with description, licence and sources of a pipeline")
]


def main(source: Path, packages: Path, meta: Meta = None) -> None:
    """Build the wheel of SOURCE, a trained pipeline or a directory with setup.py or setup.cfg, into PACKAGES."""
    packages.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as tmp:
        if (source / "config.cfg").exists():
            package(source, Path(tmp), meta_path=meta, create_sdist=False, silent=False)
            source = next(Path(tmp).iterdir())
        shutil.rmtree(
            source / "build", ignore_errors=True
        )  # setuptools would pack what an older build left there
        command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp, str(source)]
        stamp = os.environ | {"SOURCE_DATE_EPOCH": EPOCH}
        done = subprocess.run(command, env=stamp, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{done.stdout}\n{done.stderr}\n[H804] Building the wheel of {source} failed.")
        for wheel in Path(tmp).glob("*.whl"):
            shutil.move(wheel, packages / wheel.name)
            print(packages / wheel.name)


if __name__ == "__main__":
    typer.run(main)
