"""Fail when an asset is missing or its MD5 differs from project.yml (Weasel prints a cross and exits with 0)."""

import sys
from pathlib import Path

import typer
from weasel.util import get_checksum, load_project_config


def main(
    folder: str = typer.Argument(..., help="Check the assets whose destination begins with this."),
) -> None:
    """Compare each asset below FOLDER with its checksum."""
    assets = [a for a in load_project_config(Path.cwd())["assets"] if a["dest"].startswith(folder)]
    faults = [] if assets else [f"project.yml declares no asset below {folder}"]
    for asset in assets:
        dest = Path(asset["dest"])
        if not dest.exists():
            faults.append(
                f"{dest} is missing: `python -m spacy project assets`, or put a copy of {asset['url']} there"
            )
        elif get_checksum(dest) != asset["checksum"]:
            faults.append(
                f"{dest} has MD5 {get_checksum(dest)}, expected {asset['checksum']}: fetch it again"
            )
    if faults:
        sys.exit("\n".join(f"[H802] {fault}" for fault in faults))


if __name__ == "__main__":
    typer.run(main)
