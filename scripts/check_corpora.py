"""Look for what would make a training fail or lie, before it starts."""

import sys
from pathlib import Path

import srsly
import typer
from rich.console import Console
from rich.table import Table
from spacy.util import load_config

from spacy_hone.errors import HoneError
from spacy_hone.models.devices import use_device
from spacy_hone.training.check import check_corpora


def main(config: Path, train: Path, dev: Path, output: Path, gpu_id: int = -1) -> None:
    """Check the GPU, and the DocBins TRAIN and DEV against CONFIG, print a table of labels and write it to OUTPUT."""
    settings = load_config(config, {"paths.train": str(train), "paths.dev": str(dev)}, interpolate=True)
    try:
        use_device(gpu_id)
        summary = check_corpora(settings)
    except HoneError as error:
        sys.exit(str(error))
    parts = {"train": summary.train, "dev": summary.dev}
    table = Table(title=f"{train.parent}: {summary.duplicates} dev documents are in train too")
    for column in ("", *parts):
        table.add_column(column, justify="left" if column == "" else "right")
    for what in ("documents", "tokens"):
        table.add_row(what, *(f"{getattr(part, what):,}" for part in parts.values()))
    for kind, labels in summary.train.labels.items():
        for label, _ in labels.most_common():
            table.add_row(f"{kind} {label}", *(f"{part.labels[kind][label]:,}" for part in parts.values()))
    Console(width=100, markup=False, emoji=False).print(table)
    counts = {name: {kind: dict(n) for kind, n in part.labels.items()} for name, part in parts.items()}
    srsly.write_json(output, {"duplicates": summary.duplicates, "labels": counts})


if __name__ == "__main__":
    typer.run(main)
