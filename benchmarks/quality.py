"""Losses side by side, and hone's heads beside their peers: entities, chunks, parts of speech, categories.

    python benchmarks/quality.py run --data wnut17 --system losses --seeds 0,1,2
    python benchmarks/quality.py run --data banking77 --system hone,hf --seeds 0,1,2
    python benchmarks/quality.py table
    python benchmarks/quality.py compare --data banking77 --system hone --with hf

Every run is a line of benchmarks/results/quality-<data>.jsonl; what is there already is not run again.
"""

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from harness.data import dev_part, split_part
from harness.data_sets import DATA_SETS
from harness.judging import judge, with_questions
from harness.quality_tables import compare, contrast_table, positive_table, quality_table
from harness.results import FOLDER, Record, read
from peers.grid import make_grid

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false")

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

Data = Annotated[str, typer.Option("--data", help=" or ".join(DATA_SETS))]
System = Annotated[str, typer.Option("--system", help="names in peers/registry.py, with commas, or: losses")]
Updates = Annotated[str, typer.Option("--updates", help="optimiser steps, else the data set's; with commas")]
Rate = Annotated[str | None, typer.Option("--lr", help="peak rate, else the data set's; with commas")]
Seeds = Annotated[str, typer.Option("--seeds", help="with commas")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="a change of the system's config, KEY=VALUE")
]
Folder = Annotated[Path, typer.Option("--out", help="folder of the result files")]


@app.command()
def run(
    data: Data,
    *,
    system: System = "hone",
    dev: Annotated[bool, typer.Option("--dev", help="test on dev documents, to choose")] = False,
    updates: Updates = "",
    lr: Rate = None,
    seeds: Seeds = "0,1,2",
    overrides: Overrides = None,
    out: Folder = FOLDER,
) -> None:
    """Train and test each system with each setting, seed by seed."""
    from peers.registry import LOSSES
    from peers.runs import run_once

    steps = updates or str(DATA_SETS[data].updates)
    grid = make_grid(data, steps, lr, seeds, overrides=overrides or [])
    names = list(LOSSES) if system == "losses" else system.split(",")
    part = (dev_part if dev else split_part)(data, "official")
    asked, score = with_questions(part, data), partial(judge, part=part, data=data)
    for settings in (settings for each_seed in zip(*grid) for settings in each_seed):
        for name in names:
            run_once(asked, name, settings, result_file(out, data), score)


@app.command(name="compare")
def compare_cli(
    data: Data,
    *,
    system: System = "hone",
    other: Annotated[str, typer.Option("--with", help="the system to compare with")] = "hf",
    of: Annotated[str, typer.Option("--of", help="F1: micro, macro or a label")] = "micro",
    updates: Updates = "",
    lr: Rate = None,
    overrides: Overrides = None,
    out: Folder = FOLDER,
) -> None:
    """Paired bootstrap over test documents, seeds pooled. `--set` names the runs of the first system."""
    steps = updates or str(DATA_SETS[data].updates)
    [[settings]] = make_grid(data, steps, lr, "0", overrides=overrides or [])
    key = {"part": "official", "updates": settings.updates, "learn_rate": settings.learn_rate}
    found = [record for record in read(result_file(out, data)) if key.items() <= record.items()]
    theirs = [r for r in found if r["system"] == other and not r["overrides"]]
    for name in system.split(","):
        ours = [r for r in found if r["system"] == name and r["overrides"] == settings.overrides]
        result = compare(ours, theirs, of)
        low, high = result.interval
        print(f"{data}, {of} F1, {name} - {other}: {result.difference:+.4f}, 95 % [{low:+.4f}, {high:+.4f}]")


@app.command()
def table(
    data: Annotated[str, typer.Option("--data", help="with commas; all by default")] = "",
    out: Folder = FOLDER,
) -> None:
    """Print the Markdown table of all runs, and one of the positive label where there is one."""
    records = read_all(data, out)
    print(quality_table(records))
    if any("scores" in record for record in records):
        print(f"\n{positive_table(records)}")


@app.command()
def contrasts(
    data: Data = "legal",
    *,
    system: System = "cross-entropy,focal-1,focal-2",
    out: Folder = FOLDER,
) -> None:
    """Print what systems say of sentences made to mislead them."""
    print(contrast_table(record for record in read_all(data, out) if record["system"] in system.split(",")))


def result_file(folder: Path, data: str) -> Path:
    """Where the runs of a data set are written to; series of two data sets can run at the same time."""
    return folder / f"quality-{data}.jsonl"


def read_all(data: str, folder: Path) -> list[Record]:
    """The records of some data sets, or of all."""
    return [
        record
        for name in (data.split(",") if data else DATA_SETS)
        for record in read(result_file(folder, name))
    ]


if __name__ == "__main__":
    app()
