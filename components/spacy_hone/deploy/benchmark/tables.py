"""The figures for people: Markdown tables."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from ...evaluation.predict import describe
from ...evaluation.tables import format_number, make_table, print_line
from .contender import Contender
from .report import MIB, PERCENTILES, Benchmark, latency_ms, summarise_starts

VERSUS = ("times as fast as the first", "quartiles")


def print_benchmark(found: Benchmark, console: Console) -> None:
    """Write facts, tables and warnings to a console."""
    facts = found.facts
    features = ", ".join(facts["features"]) or "no features for 8 bits known"
    lines = {
        "corpus": f"{facts['corpus']} ({facts['documents']:,} documents, {facts['words']:,} words)",
        "device": f"{facts['device']}; {facts['processor']}, {facts['cores']} cores, {features}",
        **{str(i): f"{one.model} ({describe(one.nlp)})" for i, one in enumerate(found.contenders, 1)},
    }
    for name, text in lines.items():
        print_line(console, f"{name:<6}  {text}")
    one = found.contenders[0]
    scores = ", and scores on the corpus" if found.score_names else ""
    for title, table in {
        f"Speed: nlp.pipe on raw text, medians of {facts['repeats']} passes in turn": speed_table(found),
        f"Latency: one text at a time, {len(one.latencies)} texts": latency_table(found),
        f"Start-up and memory: medians of {len(one.starts)} fresh processes{scores}": cost_table(found),
    }.items():
        print_line(console, f"\n{title}")
        console.print(table)
    for warning in found.warnings:
        print_line(console, f"Warning: {warning}")


def speed_table(found: Benchmark) -> Table:
    """Words and documents per second, by batch size."""
    rows = [
        (
            name,
            f"{size:,}",
            *found.rates(one, size).format(",.0f"),
            f"{found.rates(one, size, 'documents').median:,.1f}",
            *found.speedup(one, size).format(".2f"),
        )
        for size in found.batch_sizes
        for name, one in zip(found.names(), found.contenders)
    ]
    return make_table(("pipeline", "batch size", "words/s", "quartiles", "documents/s", *VERSUS), rows)


def latency_table(found: Benchmark) -> Table:
    """Milliseconds of single texts."""
    rows = [
        (name, *(f"{ms:,.1f}" for ms in latency_ms(one)), *found.quickness(one).format(".2f"))
        for name, one in zip(found.names(), found.contenders)
    ]
    return make_table(("pipeline", *(f"p{q}, ms" for q in PERCENTILES), *VERSUS), rows)


def cost_table(found: Benchmark) -> Table:
    """Start-up, memory, size on disk, and the main scores."""
    return make_table(
        (
            "pipeline",
            "load, s",
            "first answer, s",
            "then resident, MiB",
            "at most, MiB",
            "on disk, MiB",
            *found.score_names,
        ),
        (
            (name, *_costs(one), *(format_number(one.scores.get(key)) for key in found.score_names))
            for name, one in zip(found.names(), found.contenders)
        ),
    )


def _costs(one: Contender) -> Iterator[str]:
    start = summarise_starts(one)
    yield from (f"{start[key].median:.2f}" for key in ("load_seconds", "seconds"))
    yield from (f"{size / MIB:,.0f}" for size in (start["loaded_bytes"].median, start["peak_bytes"].median))
    yield f"{one.size / MIB:,.1f}"
