"""`hone benchmark`: how fast, how large and how good are pipelines, one beside the other?"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from spacy.tokens import Doc
from spacy.vocab import Vocab
from tqdm import tqdm

from ..deploy.benchmark.contender import Contender
from ..deploy.benchmark.corpus import count_words, read_items, to_texts
from ..deploy.benchmark.figure import check_plot, write_image
from ..deploy.benchmark.machine import describe_machine
from ..deploy.benchmark.plot import draw
from ..deploy.benchmark.report import Benchmark, to_json
from ..deploy.benchmark.rounds import Rounds, Step, plan_passes, plan_starts
from ..deploy.benchmark.tables import print_benchmark
from ..errors import Errors, HoneError
from ..evaluation.files import check_writable, write_files
from ..evaluation.predict import load_pipeline
from ..evaluation.tables import make_console
from ..models.devices import use_device

Progress = Callable[[Sequence[Step]], Iterable[Step]]


def benchmark_cli(
    models: Annotated[list[str], typer.Argument(help="Pipelines, paths or names of installed ones")],
    *,
    corpus: Annotated[
        Path,
        typer.Option(
            help="A .spacy file (or a folder of them), which is scored too; .jsonl with a text a line; plain lines"
        ),
    ],
    batch_size: Annotated[str, typer.Option(help="Documents at a time; several with commas")] = "32,256",
    repeats: Annotated[int, typer.Option(min=1, help="Timed passes with each batch size")] = 5,
    singles: Annotated[int, typer.Option(min=1, help="Texts that are timed alone, for the latency")] = 200,
    starts: Annotated[int, typer.Option(min=1, help="Fresh processes, for start-up and memory")] = 3,
    limit: Annotated[int | None, typer.Option(min=1, help="Take the first documents only")] = None,
    score: Annotated[bool, typer.Option("--score/--no-score", help="Score the pipelines on CORPUS")] = True,
    json_file: Annotated[Path | None, typer.Option("--json", help="All numbers, as JSON")] = None,
    plot: Annotated[Path | None, typer.Option(help="The same as a plot: .png, .svg or .pdf")] = None,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="Number of the GPU; -1 for the CPU")] = -1,
) -> None:
    """Measure pipelines side by side: words/s, latency, start-up, memory, size on disk, scores.

    They take turns in one process, so that what slows the machine slows all of them; what they reach of the first
    one's speed is the median of the ratios within a turn. Start-up and memory are those of fresh processes. Name a
    pipeline twice to see what differs by chance alone.
    """
    console = make_console()
    options = {"repeats": repeats, "singles": singles, "starts": starts, "limit": limit, "score": score}
    bar = partial(tqdm, desc="benchmark", unit=" steps", leave=False, disable=None)
    try:
        found = benchmark(
            models,
            corpus,
            batch_sizes=parse_batch_sizes(batch_size),
            json_file=json_file,
            plot=plot,
            gpu_id=gpu_id,
            progress=bar,
            **options,  # type: ignore[arg-type]
        )
    except HoneError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    print_benchmark(found, console)


def benchmark(
    models: Sequence[str],
    corpus: Path,
    *,
    batch_sizes: Sequence[int] = (32, 256),
    repeats: int = 5,
    singles: int = 200,
    starts: int = 3,
    limit: int | None = None,
    score: bool = True,
    json_file: Path | None = None,
    plot: Path | None = None,
    gpu_id: int = -1,
    progress: Progress = iter,
) -> Benchmark:
    """Measure pipelines on a corpus and write what was asked for.

    progress: wraps the steps of the work, as `tqdm` does. The others: see `benchmark_cli`.

    Raises HoneError: H750 to H753; H601 and H602 for a pipeline, H603 and those of `read_texts` for the corpus, H607
    for an output, H610 for the GPU.
    """
    if not batch_sizes or min(batch_sizes) < 1:
        raise HoneError(Errors.H750.format(text=",".join(map(str, batch_sizes))))
    check_writable([path for path in (json_file, plot) if path])
    if plot:
        check_plot(plot)
    items = read_items(corpus, Vocab(), limit)
    device = use_device(gpu_id)
    contenders = [Contender(model, load_pipeline(model)) for model in models]
    texts, rounds = to_texts(items), Rounds(batch_sizes, repeats, singles, starts)
    steps = [*plan_starts(contenders, texts, rounds, gpu_id), *plan_passes(contenders, texts, rounds)]
    if score and any(isinstance(item, Doc) for item in items):
        steps += [partial(one.compare, corpus, limit, max(batch_sizes)) for one in contenders]
    for step in progress(steps):
        step()
    facts = {
        "corpus": str(corpus),
        "documents": len(texts),
        "words": count_words(items, contenders[0].nlp),
        "device": device,
        "repeats": repeats,
        **describe_machine(),
    }
    return _write(Benchmark(facts, contenders), json_file, plot)


def parse_batch_sizes(text: str) -> list[int]:
    """Numbers with commas between them, each once. Raises H750."""
    try:
        return list(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError as error:
        raise HoneError(Errors.H750.format(text=text)) from error


def _write(found: Benchmark, json_file: Path | None, plot: Path | None) -> Benchmark:
    """Draw the plot and write the files. RETURNS: the benchmark, with the plot's warnings."""
    if plot:
        image, warnings = draw(found, plot)
        found = replace(found, warnings=[*found.warnings, *warnings])
        write_image(plot, image)
    if json_file:
        write_files({json_file: [json.dumps(to_json(found), indent=2, ensure_ascii=False)]})
    return found
