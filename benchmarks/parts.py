"""Where the time of an update and of a prediction goes, and what each thing that is done about it is worth.

    OMP_WAIT_POLICY=passive python benchmarks/parts.py update
    OMP_WAIT_POLICY=passive python benchmarks/parts.py variants
    python benchmarks/parts.py prediction training/speed/int8
    python benchmarks/parts.py checkpoint
    python benchmarks/parts.py table

Batches of 16 recipes; variants live in one process and take turns. A measurement is a line of
benchmarks/results/parts.jsonl.
"""

import os
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from harness.machines import by_machine
from harness.parts_tables import tables
from harness.results import FOLDER, append, environment, read
from harness.turns import choose, in_turn

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false")

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

Blocks = Annotated[int, typer.Option(help="measured blocks of each")]
Updates = Annotated[int, typer.Option(help="updates in a block")]
Out = Annotated[Path, typer.Option("--out", help="result file")]
OUT = FOLDER / "parts.jsonl"


@app.command()
def update(*, blocks: Blocks = 40, precision: str = "auto", out: Out = OUT) -> None:
    """Seconds of each part of an update of `configs/ner_trf.cfg`; the first ten are for warming up."""
    from harness.clock import Clock
    from peers.parts import time_update, watched_in_update
    from peers.speed import CONFIG, PRECISION, make_batches, make_pipeline, step_of

    docs, batches = make_batches(1)
    nlp = make_pipeline(CONFIG, {PRECISION: precision}, docs, blocks + 10)
    step, watched = step_of(nlp, docs), watched_in_update(nlp)
    for i in range(blocks + 10):
        clock = Clock()
        with clock.watch(watched):
            time_update(clock, step, batches[i % len(batches)])
        if i >= 10:
            facts = {"measure": "update", "name": f"ner_trf.cfg, {precision}", "parts": clock.seconds}
            append(out, facts | environment())


@app.command()
def prediction(
    pipelines: Annotated[
        list[Path], typer.Argument(help="optimised pipelines, as `speed.py prepare` makes them")
    ],
    *,
    blocks: Blocks = 12,
    words: Annotated[int, typer.Option(help="of a block, at least")] = 5000,
    out: Out = OUT,
) -> None:
    """Seconds of each part of `nlp.pipe` on recipes, on one core, one after another."""
    from itertools import islice

    import spacy
    from harness.clock import Clock
    from harness.texts import BATCH, load_recipes, make_blocks
    from peers.parts import ONE_THREAD, time_prediction, watched_in_prediction

    loaded = {str(path): spacy.load(path, config=ONE_THREAD) for path in pipelines}
    texts = list(islice(make_blocks(load_recipes(), words), blocks + 1))
    for block, name in in_turn(list(loaded), blocks):
        clock, nlp = Clock(), loaded[name]
        with clock.watch(watched_in_prediction(nlp)):
            time_prediction(clock, nlp, texts[block].texts, BATCH)
        if block:
            append(out, {"measure": "prediction", "name": name, "parts": clock.seconds} | environment())


@app.command()
def variants(
    *,
    names: Annotated[str, typer.Option(help="with commas; all by default")] = "",
    blocks: Blocks = 12,
    updates: Updates = 4,
    out: Out = OUT,
) -> None:
    """Words/s with one thing done otherwise at a time."""
    from peers.speed import make_batches, time_turn
    from peers.variants import VARIANTS

    docs, batches = make_batches(1)
    chosen = choose(names, list(VARIANTS))
    built = {name: VARIANTS[name](docs, (blocks + 1) * updates) for name in chosen}
    for block, name in in_turn(chosen, blocks):
        of_block = [batches[(block * updates + i) % len(batches)] for i in range(updates)]
        words, seconds = time_turn(built[name], of_block)
        if block:
            found = {"name": name, "block": block, "words": words, "seconds": seconds}
            append(out, {"measure": "variant"} | found | environment())


@app.command()
def checkpoint(*, times: Annotated[int, typer.Option(help="of each pipeline")] = 5, out: Out = OUT) -> None:
    """Seconds of writing a pipeline at an evaluation."""
    from peers.checkpoints import write_each

    with TemporaryDirectory() as folder:
        for found in write_each(Path(folder), times):
            append(out, {"measure": "checkpoint"} | found | environment())


@app.command()
def table(out: Out = OUT) -> None:
    """Print the Markdown tables."""
    print(by_machine(read(out), partial(tables, base="as it is")))


if __name__ == "__main__":
    app()
