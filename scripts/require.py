"""Fail when a file or directory that a step should have made is missing or empty (Weasel itself would note it as done)."""

import sys
from pathlib import Path

import typer


def main(
    paths: list[Path] = typer.Argument(..., help="Files or directories that must exist and hold something."),
) -> None:
    """Exit with 1 and name what is missing."""
    missing = [
        p for p in paths if not p.exists() or not (any(p.iterdir()) if p.is_dir() else p.stat().st_size)
    ]
    if missing:
        sys.exit(
            f"[H801] This step should have made {', '.join(map(str, missing))}: look at its messages above."
        )


if __name__ == "__main__":
    typer.run(main)
