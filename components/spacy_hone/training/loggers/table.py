"""The console's table: a row for each evaluation, and at the end the labels. Wide (CJK) characters align."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from .evaluation import Evaluation

LONGEST_LABEL = 40  # terminal cells


class Column(NamedTuple):
    """width: in terminal cells, at least. text: what stands in the row of an evaluation."""

    name: str
    width: int
    text: Callable[[Evaluation], str]


def make_columns(components: Iterable[str], scores: Iterable[str]) -> list[Column]:
    """components: those with a loss. scores: names of the scores to show."""
    return [
        Column("epoch", 5, lambda e: str(e.epoch)),
        Column("step", 6, lambda e: str(e.step)),
        *(Column(f"loss {name}", 8, partial(_loss, name)) for name in components),
        Column("learn rate", 8, lambda e: f"{e.learn_rate:.2e}"),
        *(Column(name, 6, partial(_score, name)) for name in scores),
        Column("score", 6, lambda e: fraction(e.score)),
        Column("words/s", 7, lambda e: "" if e.words_per_second is None else f"{e.words_per_second:,.0f}"),
        Column("", 1, lambda e: "*" if e.best else ""),
    ]


def head(columns: Sequence[Column]) -> list[str]:
    """The names of the columns, and a line below them."""
    widths = [max(column.width, cell_len(column.name)) for column in columns]
    return [row(columns, [column.name for column in columns]), "  ".join("-" * w for w in widths[:-1])]


def row(columns: Sequence[Column], texts: Iterable[str]) -> str:
    cells = [right(text, max(column.width, cell_len(column.name))) for column, text in zip(columns, texts)]
    return "  ".join(cells).rstrip()


def label_lines(kind: str, labels: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A line for each label with its metrics, below a line with their names.

    labels: label -> metric -> value, not empty.
    """
    metrics = list(dict.fromkeys(name for values in labels.values() for name in values))
    width = min(max(map(cell_len, (kind, *labels))), LONGEST_LABEL)
    yield "  ".join([set_cell_size(kind, width), *(right(name, 6) for name in metrics)])
    for label, values in labels.items():
        yield "  ".join(
            [set_cell_size(label, width), *(right(fraction(values.get(name)), 6) for name in metrics)]
        )


def right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def fraction(value: float | None) -> str:
    """A score: four decimals, - where there is none."""
    return "-" if value is None else f"{value:.4f}"


def number(value: float | None) -> str:
    """A loss: four significant digits without an exponent, - where there is none."""
    if value is None or not math.isfinite(value) or value == 0:
        return "-" if value is None else str(value)
    return f"{value:.{min(max(3 - math.floor(math.log10(abs(value))), 0), 7)}f}"


def _loss(name: str, evaluation: Evaluation) -> str:
    return number(evaluation.loss.get(name))


def _score(name: str, evaluation: Evaluation) -> str:
    return fraction(evaluation.scores.get(name))
