"""What is taken for what."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table

from .tables import make_table

Confusions = Sequence[tuple[tuple[str, str], int]]
"""(gold, predicted) and how often, largest first; "" stands for nothing"""

SHOWN = 10


def confusion_lines(confusions: Confusions) -> Iterator[Table | str]:
    """A table of the largest confusions, and how many are not in it."""
    if not confusions:
        return
    rows = ((gold or "(none)", pred or "(none)", str(n)) for (gold, pred), n in confusions[:SHOWN])
    yield make_table(("gold", "predicted", "times"), rows, left=(0, 1))
    if len(confusions) > SHOWN:
        yield f"and {len(confusions) - SHOWN:,} smaller confusions"


def confusion_json(confusions: Confusions) -> list[list[Any]]:
    """[gold, predicted, times] of all confusions; null for nothing."""
    return [[gold or None, pred or None, n] for (gold, pred), n in confusions]
