"""Fail when a file or directory that a step should have made is missing or empty.

Weasel itself would note such a step as done.
"""

import sys
from pathlib import Path

import typer

from spacy_hone.errors import Errors


def main(paths: list[Path]) -> None:
    """Exit with 1 and name those of PATHS that do not exist or hold nothing."""
    missing = [
        p for p in paths if not p.exists() or not (any(p.iterdir()) if p.is_dir() else p.stat().st_size)
    ]
    if missing:
        sys.exit(Errors.H801.format(paths=", ".join(map(str, missing))))


if __name__ == "__main__":
    typer.run(main)
