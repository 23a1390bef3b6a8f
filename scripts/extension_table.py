"""Print what the workflow `extend` has kept of the old labels and learned of the new ones."""

from pathlib import Path

import srsly
import typer
from rich.console import Console
from rich.table import Table

RUNS = {"with a teacher": "extend", "plain fine-tuning": "extend-plain"}


def main() -> None:
    """Print a table of metrics/extend.json and metrics/extend-plain.json."""
    columns = ("parcels, micro F1", "old labels before", "old labels after", "new labels")
    table = Table(*columns, title="New labels taught to a trained pipeline")
    for name, file in RUNS.items():
        found = srsly.read_json(Path("metrics") / f"{file}.json")["before"]["entities"]
        old, new = found["known"]["micro"], found["new"]["micro"]
        table.add_row(name, *(f"{each['f1']:.3f}" for each in (old["before"], old["after"], new["after"])))
    Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(main)
