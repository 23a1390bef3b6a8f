"""Repeated measurements as median and quartiles."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Spread(NamedTuple):
    """The quartiles; `median` is the one to quote."""

    low: float
    median: float
    high: float

    def format(self, style: str) -> tuple[str, str]:
        """The median, and "low–high". style: of each number, as for `format`."""
        return format(self.median, style), f"{self.low:{style}}–{self.high:{style}}"

    def to_json(self) -> dict[str, float]:
        return {"median": self.median, "low": self.low, "high": self.high}


def spread(values: Sequence[float]) -> Spread:
    """Quartiles of at least one number, interpolated."""
    return Spread(*map(float, np.percentile(values, [25, 50, 75])))


def spread_ratios(base: Sequence[float], values: Sequence[float]) -> Spread:
    """Quartiles of base / value, taken pair by pair: both of the same work, one soon after the other."""
    return spread([a / b for a, b in zip(base, values, strict=True)])
