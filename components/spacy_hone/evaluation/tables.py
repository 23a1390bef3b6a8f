"""Markdown tables and lines that read the same in a terminal, a file and a mail."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from .intervals import Interval
from .peers import Peer, difference
from .scores import EntityScores, Score, prf, to_score

WIDTH = 110


def make_console(**kwargs: Any) -> Console:
    """A console whose output reads the same in a terminal, a file and a mail: no colour, no cut columns."""
    console = Console(highlight=False, markup=False, emoji=False, no_color=True, **kwargs)
    console.width = max(console.width, WIDTH)
    return console


def print_line(console: Console, text: str) -> None:
    """Print a line that is not broken, however long."""
    console.print(text, soft_wrap=True)


def make_table(columns: Iterable[str], rows: Iterable[Iterable[str]], left: tuple[int, ...] = (0,)) -> Table:
    """A Markdown table. left: the columns of words; all others hold numbers, and keep to the right."""
    table = Table(box=box.MARKDOWN, header_style="")
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i in left else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def overall_table(
    title: str, unit: str, scores: EntityScores, micro: Interval | None, macro: Interval | None
) -> Table:
    """Micro and macro scores with their intervals. unit: what the labels are, in the plural."""
    rows = {"micro": (scores.micro, micro), f"macro ({len(scores.labels)} {unit})": (scores.macro, macro)}
    return make_table(
        (title, "P", "R", "F1", "95 % interval"),
        ((name, *format_score(score), format_interval(interval)) for name, (score, interval) in rows.items()),
    )


def per_label_table(title: str, scores: EntityScores, intervals: Sequence[Interval] | None) -> Table:
    """Counts, scores and the interval of F1 of each label."""
    rows = []
    for i, (label, counts) in enumerate(zip(scores.labels, scores.counts.sum(0))):
        tp, fp, fn = map(int, counts)
        interval = format_interval(intervals[i] if intervals else None)
        rows.append((label, *map(str, (tp + fn, tp, fp, fn)), *format_score(to_score(prf(counts))), interval))
    return make_table((title, "support", "TP", "FP", "FN", "P", "R", "F1", "95 % interval"), rows)


def scorers_table(ours: str, scores: EntityScores, peers: Iterable[Peer]) -> Table:
    """Other scorers' verdicts under ours."""
    rows = [(ours, *format_score(scores.micro), *format_score(scores.macro)[2:], "")]
    for peer in peers:
        verdict = f"difference {difference(peer, scores):.1e}" if peer.expected else peer.reason
        rows.append((peer.name, *format_score(peer.micro), *format_score(peer.macro)[2:], verdict))
    return make_table(("scorer", "P", "R", "F1", "macro F1", "from ours"), rows, left=(0, 5))


def format_score(score: Score) -> tuple[str, str, str]:
    precision, recall, f1 = (f"{value:.4f}" for value in score)
    return precision, recall, f1


def format_number(value: float | None) -> str:
    """Four decimals; a dash for what cannot be known."""
    return "-" if value is None else f"{value:.4f}"


def format_interval(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.low:.4f}-{interval.high:.4f}"
