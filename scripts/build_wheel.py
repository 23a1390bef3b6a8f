"""Build a wheel without a network and with the same bytes each time, so that steps that depend on it can be skipped."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import typer

EPOCH = "1767225600"  # 2026-01-01: the time stamp of every file in the wheel


def main(source: Path = typer.Argument(..., exists=True), packages: Path = typer.Argument(...)) -> None:
    """Build the wheel of SOURCE (a directory with setup.cfg or setup.py) into PACKAGES."""
    packages.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as tmp:
        command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp, str(source)]
        done = subprocess.run(
            command,
            env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{done.stdout}\n{done.stderr}\nBuilding the wheel of {source} failed.")
        for wheel in Path(tmp).glob("*.whl"):
            shutil.move(wheel, packages / wheel.name)
            print(packages / wheel.name)


if __name__ == "__main__":
    typer.run(main)
