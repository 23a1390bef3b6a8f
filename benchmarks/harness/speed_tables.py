"""Medians of speed measurements."""

from collections import defaultdict
from collections.abc import Iterable
from statistics import median, quantiles

from harness.results import Record, markdown

HEADER = (
    "recipes a document",
    "system",
    "blocks",
    "words/s, median",
    "quartiles",
    "times stock spaCy",
    "quartiles",
)
BASE = "spacy, fp32"


def speed_table(records: Iterable[Record]) -> str:
    """One row a system. Ratios are taken within a block: the same batches in the same minute."""
    speeds: dict[tuple[int, str], dict[int, float]] = defaultdict(dict)
    for record in records:
        speeds[record["joined"], record["system"]][record["block"]] = record["words"] / record["seconds"]
    rows = []
    for (joined, system), blocks in sorted(speeds.items()):
        base = speeds.get((joined, BASE), {})
        ratios = [speed / base[block] for block, speed in blocks.items() if block in base]
        rows.append([joined, system, len(blocks), *_spread(blocks.values(), ",.0f"), *_spread(ratios, ".2f")])
    return markdown(HEADER, rows)


def _spread(values: Iterable[float], style: str) -> tuple[str, str]:
    numbers = list(values)
    if len(numbers) < 2:
        return ("", "") if not numbers else (format(numbers[0], style), "")
    low, _, high = quantiles(numbers, n=4)
    return format(median(numbers), style), f"{low:{style}}–{high:{style}}"
