"""Training speed: words/s, optimiser included, of spaCy pipelines, a bare Hugging Face loop and a Trainer.

    OMP_WAIT_POLICY=passive python benchmarks/train_speed.py run
    python benchmarks/train_speed.py table

All systems live in one process and take turns, block by block, on the same batches of 16 recipes, so that a
busy machine slows them all. A block is a line of benchmarks/results/train_speed.jsonl.
"""

import os
from pathlib import Path
from typing import Annotated

import typer
from harness.machines import by_machine
from harness.results import FOLDER, append, environment, read
from harness.speed_tables import speed_table
from harness.turns import choose

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false")

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

Out = Annotated[Path, typer.Option("--out", help="result file")]
OUT = FOLDER / "train_speed.jsonl"


@app.command()
def run(
    *,
    blocks: Annotated[int, typer.Option(help="measured blocks of each system")] = 12,
    updates: Annotated[int, typer.Option(help="updates in a block")] = 4,
    systems: Annotated[str, typer.Option(help="names, with semicolons; all by default")] = "",
    joined: Annotated[int, typer.Option(help="recipes joined into one document, for long documents")] = 1,
    out: Out = OUT,
) -> None:
    """Measure; a first block of each system is for warming up and is not written down."""
    from peers.speed import SPEED_SYSTEMS, make_batches, time_turn

    names = choose(systems, list(SPEED_SYSTEMS), mark=";")
    docs, batches = make_batches(joined)
    turns = {name: SPEED_SYSTEMS[name](docs, (blocks + 1) * updates) for name in names}
    for block in range(blocks + 1):
        block_docs = [batches[(block * updates + i) % len(batches)] for i in range(updates)]
        for name in names if block % 2 else reversed(names):
            words, seconds = time_turn(turns[name], block_docs)
            if block:
                record = {
                    "system": name,
                    "joined": joined,
                    "block": block,
                    "words": words,
                    "seconds": seconds,
                }
                append(out, record | environment())
        print(f"block {block} of {blocks}", flush=True)


@app.command()
def table(out: Out = OUT) -> None:
    """Print the Markdown table of medians, and how often as fast as stock spaCy each system is."""
    print(by_machine(read(out), speed_table))


if __name__ == "__main__":
    app()
