"""What prediction costs: optimised pipelines beside the stock one, Hugging Face's, and bare loops.

    python benchmarks/speed.py prepare training/speed
    python benchmarks/speed.py run training/speed
    python benchmarks/speed.py run training/speed --length 2000
    python benchmarks/speed.py latency training/speed
    python benchmarks/speed.py latency training/speed --lines
    python benchmarks/speed.py start training/speed
    python benchmarks/speed.py start training/speed --systems hone-int8 --label "no torch" --python path/to/python
    python benchmarks/speed.py weigh training/speed
    python benchmarks/speed.py grow training/speed
    python benchmarks/speed.py table
    python benchmarks/speed.py plot benchmarks/results/growth.png

All systems have the same encoder, live in one process and take turns, block by block, on the same texts. A
measurement is a line of benchmarks/results/speed.jsonl.
"""

import os
import sys
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from harness.inference_tables import tables
from harness.machines import by_machine
from harness.results import FOLDER, append, read
from harness.turns import choose, in_turn

from spacy_hone.deploy.benchmark.machine import describe_machine

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

Folder = Annotated[Path, typer.Argument(help="what `prepare` has made")]
Systems = Annotated[str, typer.Option("--systems", help="names, with commas; all by default")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="of every system")]
Out = Annotated[Path, typer.Option("--out", help="result file")]
OUT = FOLDER / "speed.jsonl"
CORES = os.cpu_count() or 1
LENGTHS = (10, 30, 100, 300, 1000, 3000, 10_000)
BATCHES = (1, 4, 16, 64, 256, 512)


@app.command()
def prepare(folder: Folder, *, updates: Annotated[int, typer.Option(help="of each pipeline")] = 240) -> None:
    """Train the stock pipeline and ours on TASTEset, optimise both, and give an encoder a Hugging Face head."""
    from peers import prepare as preparing

    preparing.prepare(folder, updates)


@app.command()
def run(
    folder: Folder,
    *,
    systems: Systems = "",
    length: Annotated[int, typer.Option(help="words of a document; 0: recipes as they are")] = 0,
    blocks: Annotated[int, typer.Option(help="measured blocks of each system")] = 8,
    words: Annotated[int, typer.Option(help="of a block, at least")] = 20_000,
    threads: Threads = CORES,
    out: Out = OUT,
) -> None:
    """Words/s; a first block of each system is for warming up and is not written down."""
    from harness.texts import batch_of, cut, load_recipes, make_blocks
    from peers.inference import build_all, time_run

    runs = build_all(folder, systems, threads)
    texts = list(islice(make_blocks(cut(load_recipes(), length), words), blocks + 1))
    facts = {"measure": "speed", "length": length, "threads": threads} | describe_machine()
    for block, system in in_turn(list(runs), blocks):
        seconds = time_run(runs[system], texts[block].texts, batch_of(length))
        if block:
            found = {"system": system, "block": block, "words": texts[block].words, "seconds": seconds}
            append(out, found | facts)


@app.command()
def latency(
    folder: Folder,
    *,
    systems: Systems = "",
    blocks: Annotated[int, typer.Option(help="measured blocks of each system")] = 10,
    texts: Annotated[int, typer.Option(help="texts in a block")] = 30,
    lines: Annotated[bool, typer.Option("--lines", help="lines of recipes, an ingredient each")] = False,
    threads: Threads = CORES,
    out: Out = OUT,
) -> None:
    """Seconds of each text, one at a time."""
    from harness.texts import load_recipes, make_block, split_lines
    from peers.inference import build_all, time_run

    runs = build_all(folder, systems, threads)
    recipes = make_block(load_recipes(), (blocks + 1) * texts).texts
    chosen = split_lines(recipes) if lines else recipes
    facts = {"measure": "latency", "texts": "lines" if lines else "recipes", "threads": threads}
    facts |= describe_machine()
    for block, system in in_turn(list(runs), blocks):
        seconds = [time_run(runs[system], [text], 1) for text in chosen[block * texts :][:texts]]
        if block:
            append(out, {"system": system, "block": block, "seconds": seconds} | facts)


@app.command()
def start(
    folder: Folder,
    *,
    systems: Systems = "",
    python: Annotated[str, typer.Option(help="the interpreter to measure")] = sys.executable,
    label: Annotated[str, typer.Option(help="what the table calls its environment")] = "all extras",
    times: Annotated[int, typer.Option(help="measured processes of each pipeline")] = 5,
    out: Out = OUT,
) -> None:
    """Seconds to the first answer, and memory, of fresh processes; the first of each fills the system's caches."""
    from harness.texts import BATCH, load_recipes, make_block
    from peers import footprint

    texts = make_block(load_recipes(), 2 * BATCH).texts
    facts = {"measure": "start", "environment": label} | describe_machine()
    for i, system in in_turn(choose(systems, list(footprint.PIPELINES)), times):
        found = footprint.start(folder, system, texts, python)
        if i:
            append(out, {"system": system} | found | facts)


@app.command()
def weigh(folder: Folder, *, systems: Systems = "", out: Out = OUT) -> None:
    """Sizes of folders and wheels, and strict scores on the test part."""
    from peers import footprint

    for system in choose(systems, list(footprint.PIPELINES)):
        found = footprint.weigh(folder, system) | footprint.test(folder, system)
        append(out, {"measure": "weight", "system": system} | found | describe_machine())


@app.command()
def grow(
    folder: Folder,
    *,
    systems: Systems = "spacy,hone-fp32,hone-int8,hone_ner-int8",
    threads: Annotated[str, typer.Option(help="numbers, with commas")] = "1,2",
    repeats: Annotated[int, typer.Option(help="measured runs of each system at each point")] = 3,
    words: Annotated[int, typer.Option(help="of a run, at least")] = 3000,
    out: Out = OUT,
) -> None:
    """Words/s by length of the documents and by batch size."""
    from harness.texts import make_points
    from peers.inference import build_all, time_run

    points = make_points(LENGTHS, BATCHES, words)
    for count in map(int, threads.split(",")):
        runs = build_all(folder, systems, count)
        for axis, at, block, batch_size in points:
            facts = {"measure": "growth", "axis": axis, "at": at, "threads": count} | describe_machine()
            for repeat, system in in_turn(list(runs), repeats, what=f"{axis} {at}, threads {count}"):
                seconds = time_run(runs[system], block.texts, batch_size)
                if repeat:
                    append(out, {"system": system, "words": block.words, "seconds": seconds} | facts)


@app.command()
def table(out: Out = OUT) -> None:
    """Print the Markdown tables."""
    print(by_machine(read(out), tables))


@app.command()
def plot(path: Annotated[Path, typer.Argument(help=".png, .svg or .pdf")], *, out: Out = OUT) -> None:
    """Draw how words/s change with length and batch size."""
    from harness.growth_plot import draw_growth

    from spacy_hone.deploy.benchmark.figure import check_plot, write_image

    check_plot(path)
    write_image(path, draw_growth([record for record in read(out) if record["measure"] == "growth"], path))


if __name__ == "__main__":
    app()
