"""Settings from the text of the command line."""

from collections.abc import Iterator, Sequence
from itertools import product

from harness.data_sets import DATA_SETS

from peers.outcome import Settings

Grid = list[list[Settings]]
"""One list for each way to train, in it one entry a seed."""


def make_grid(
    data: str,
    updates: str,
    rates: str | None,
    seeds: str,
    *,
    overrides: Sequence[str],
    trials: Sequence[str] = (),
) -> Grid:
    """All combinations.

    updates, rates, seeds: numbers with commas; no rates: the data set's own. overrides: KEY=VALUE, for all.
    trials: alternatives, each of them overrides with blanks between.
    """
    steps = [int(n) for n in updates.split(",")]
    peaks = [float(rate) for rate in rates.split(",")] if rates else [DATA_SETS[data].learn_rate]
    alternatives = [dict(_pairs([*overrides, *trial.split()])) for trial in trials or [""]]
    return [
        [Settings(data, n, peak, int(seed), changes) for seed in seeds.split(",")]
        for n, peak, changes in product(steps, peaks, alternatives)
    ]


def _pairs(overrides: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in overrides:
        name, _, value = text.partition("=")
        yield name, value
