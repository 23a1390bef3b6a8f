"""Fail when an asset is missing or its MD5 differs from project.yml; Weasel prints a cross and exits with 0."""

import sys
from pathlib import Path

import typer
from weasel.util import get_checksum, load_project_config

from spacy_hone.errors import Errors


def main(folder: str) -> None:
    """Compare each asset whose destination begins with FOLDER with its checksum."""
    declared = load_project_config(Path.cwd())["assets"]
    assets = [asset for asset in declared if asset["dest"].startswith(folder) and "checksum" in asset]
    faults = [] if assets else [Errors.H806.format(folder=folder)]
    for asset in assets:
        dest, expected = Path(asset["dest"]), asset["checksum"]
        if not dest.exists():
            faults.append(Errors.H803.format(path=dest, url=asset["url"]))
        elif (found := get_checksum(dest)) != expected:
            faults.append(Errors.H802.format(path=dest, found=found, expected=expected))
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    typer.run(main)
