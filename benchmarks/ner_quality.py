"""How well does `hone_ner` find entities, beside a Hugging Face head and stock spaCy trained for as long?

    python benchmarks/ner_quality.py run --system hf --split 630/70 --updates 240 --seeds 0,1,2
    python benchmarks/ner_quality.py table

Every run is a line of benchmarks/results/ner_quality.jsonl; what is there already is not run again.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from harness.data import dev_part, fold_parts, split_part
from harness.data_sets import DATA_SETS
from harness.ner_tables import compare, quality_table
from harness.results import FOLDER, read
from peers.grid import make_grid

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false")

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

Data = Annotated[str, typer.Option("--data", help=" or ".join(DATA_SETS))]
System = Annotated[str, typer.Option("--system", help="hone, hf or spacy")]
Split = Annotated[str, typer.Option("--split", help="documents to train on / to test on; or official")]
Updates = Annotated[str, typer.Option("--updates", help="optimiser steps; choose takes several, with commas")]
Rate = Annotated[
    str | None, typer.Option("--lr", help="peak rate, else the data set's; choose takes several")
]
Seeds = Annotated[str, typer.Option("--seeds", help="with commas")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="a change of the system's config, KEY=VALUE")
]
Out = Annotated[Path, typer.Option("--out", help="result file")]
OUT = FOLDER / "ner_quality.jsonl"


@app.command()
def run(
    *,
    data: Data = "tasteset",
    system: System = "hone",
    split: Split = "630/70",
    updates: Updates = "240",
    lr: Rate = None,
    seeds: Seeds = "0,1,2",
    overrides: Overrides = None,
    out: Out = OUT,
) -> None:
    """Train on one split, once a seed."""
    from peers.runs import run_all

    for settings in make_grid(data, updates, lr, seeds, overrides=overrides or []):
        run_all([split_part(data, split)], system, settings, out)


@app.command()
def folds(
    *,
    data: Data = "tasteset",
    system: System = "hone",
    n_folds: Annotated[int, typer.Option("--folds")] = 5,
    updates: Updates = "240",
    lr: Rate = None,
    seeds: Seeds = "0,1,2",
    overrides: Overrides = None,
    out: Out = OUT,
) -> None:
    """Cross-validate, once a seed."""
    from peers.runs import run_all

    for settings in make_grid(data, updates, lr, seeds, overrides=overrides or []):
        run_all(fold_parts(data, n_folds), system, settings, out)


@app.command()
def choose(
    *,
    data: Data = "tasteset",
    system: System = "hone",
    split: Split = "630/70",
    updates: Updates = "400,800,1600",
    lr: Rate = None,
    seeds: Seeds = "0",
    test_seeds: Annotated[str, typer.Option("--test-seeds", help="of the runs that are tested")] = "0,1,2",
    overrides: Overrides = None,
    trials: Annotated[
        list[str] | None, typer.Option("--try", help="an alternative, 'KEY=VALUE KEY=VALUE'")
    ] = None,
    out: Out = OUT,
) -> None:
    """Choose on a tenth of the training documents, then train on all of them that way and test."""
    from peers import runs

    grid = make_grid(data, updates, lr, seeds, overrides=overrides or [], trials=trials or [])
    chosen = runs.choose(dev_part(data, split), system, grid, out)
    final = [replace(chosen[0], seed=int(seed)) for seed in test_seeds.split(",")]
    tested = runs.run_all([split_part(data, split)], system, final, out)
    print(f"chosen: {chosen[0].updates} updates, rate {chosen[0].learn_rate:g}, {chosen[0].overrides}")
    print(f"test F1 {runs.mean_f1(tested):.4f}, mean of {len(tested)} seeds")


@app.command(name="compare")
def compare_cli(
    *,
    data: Data = "tasteset",
    system: System = "hone",
    other: Annotated[str, typer.Option("--with", help="the system to compare with")] = "hf",
    part: Annotated[
        str, typer.Option("--part", help="how the parts' names begin: fold, 630/70, official")
    ] = "fold",
    updates: Updates = "240",
    lr: Rate = None,
    overrides: Overrides = None,
    out: Out = OUT,
) -> None:
    """Paired bootstrap over documents, seeds pooled. `--set` names the runs of the first system."""
    [[settings]] = make_grid(data, updates, lr, "0", overrides=overrides or [])
    key = {"data": data, "updates": settings.updates, "learn_rate": settings.learn_rate}
    found = [record for record in read(out) if key.items() <= {name: record[name] for name in key}.items()]
    runs = [
        record for record in found if record["part"] == part or part == record["part"].split()[0] == "fold"
    ]
    ours = [r for r in runs if r["system"] == system and r["overrides"] == settings.overrides]
    theirs = [r for r in runs if r["system"] == other and not r["overrides"]]
    result = compare(ours, theirs)
    low, high = result.interval
    print(f"{system} - {other}, strict micro-F1: {result.difference:+.4f}, 95 % [{low:+.4f}, {high:+.4f}]")


@app.command()
def table(out: Out = OUT) -> None:
    """Print the Markdown table of all runs."""
    print(quality_table(read(out)))


if __name__ == "__main__":
    app()
