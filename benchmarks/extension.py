"""What does a pipeline forget when it learns new labels, and what does it learn? Class-incremental entities.

    python benchmarks/extension.py run --data tasteset --seeds 0,1,2
    python benchmarks/extension.py run --data wnut17 --variants "plain;hard, distilled" --seeds 0
    python benchmarks/extension.py table

A pipeline is trained on one half of the training documents, where only the old labels are annotated; then each
variant teaches it the new labels on the other half, where only those are. Tested on all labels. Every run is a line of
benchmarks/results/extension.jsonl; what is there already is not run again.
"""

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from harness.extension import DATA, extension_table, halves
from harness.results import FOLDER, append, environment, find, read
from harness.turns import choose

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false")

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

OUT = FOLDER / "extension.jsonl"
Data = Annotated[str, typer.Option("--data", help=" or ".join(DATA))]


@app.command()
def run(
    *,
    data: Data = "tasteset",
    variants: Annotated[
        str, typer.Option("--variants", help="names in peers/extension.py, with semicolons; or all")
    ] = "all",
    seeds: Annotated[str, typer.Option("--seeds", help="with commas")] = "0,1,2",
    updates: Annotated[
        int | None, typer.Option("--updates", min=1, help="of each training, if not the table's")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="result file")] = OUT,
) -> None:
    """Train the old pipeline once a seed, and extend it in each way."""
    from peers.extension import VARIANTS, Case, extend_by, train_old

    names = list(VARIANTS) if variants == "all" else choose(variants, list(VARIANTS), mark=";")
    setting = replace(DATA[data], updates=updates) if updates else DATA[data]
    parts = halves(data, setting)
    for seed in map(int, seeds.split(",")):
        keys = [{"data": data, "variant": name, "seed": seed, **setting.key} for name in ("old", *names)]
        if all(find(out, key) for key in keys):
            continue
        with tempfile.TemporaryDirectory() as folder:
            case = Case(data, setting, parts, seed, Path(folder))
            train_old(case)
            for key in keys:
                if not find(out, key):
                    record = extend_by(key["variant"], case)
                    append(out, key | record | environment())
                    print(f"{data}, {key['variant']}, seed {seed}: {record['micro'][2]:.4f}", flush=True)


@app.command()
def table(out: Annotated[Path, typer.Option("--out", help="result file")] = OUT) -> None:
    """Print the Markdown table of all variants."""
    print(extension_table(read(out)))


if __name__ == "__main__":
    app()
