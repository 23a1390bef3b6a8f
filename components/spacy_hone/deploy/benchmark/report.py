"""What was measured, as figures, and all of them for machines (JSON)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...evaluation.predict import describe
from .contender import Contender
from .scores import join_names
from .spread import Spread, spread, spread_ratios

MIB = 2**20
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Benchmark:
    """facts: corpus, documents, words, device and the like. contenders: the first is what the others are held against.
    warnings: coded lines for people."""

    facts: Mapping[str, Any]
    contenders: Sequence[Contender]
    warnings: Sequence[str] = ()

    @property
    def batch_sizes(self) -> list[int]:
        return list(self.contenders[0].seconds)

    @property
    def score_names(self) -> list[str]:
        """The main scores of all pipelines."""
        return join_names(one.main_scores for one in self.contenders)

    def names(self) -> list[str]:
        """Short names, numbered: the last parts of the paths, as many as it takes to tell them apart, if
        that can be."""
        paths = [Path(one.model).parts for one in self.contenders]
        depths = range(1, max(map(len, paths)) + 1)
        tails = [["/".join(parts[-depth:]) for parts in paths] for depth in depths]
        short = next((names for names in tails if len(set(names)) == len(names)), tails[0])
        return [f"{i} {name}" for i, name in enumerate(short, 1)]

    def rates(self, one: Contender, batch_size: int, unit: str = "words") -> Spread:
        """Words (or documents) per second."""
        return spread([self.facts[unit] / seconds for seconds in one.seconds[batch_size]])

    def speedup(self, one: Contender, batch_size: int) -> Spread:
        """How often as fast as the first pipeline, in passes of the same round."""
        return spread_ratios(self.contenders[0].seconds[batch_size], one.seconds[batch_size])

    def quickness(self, one: Contender) -> Spread:
        """How often as fast as the first pipeline, with the same single texts."""
        return spread_ratios(self.contenders[0].latencies, one.latencies)


def latency_ms(one: Contender) -> list[float]:
    """Milliseconds of a single text at each of `PERCENTILES`."""
    return [1e3 * float(value) for value in np.percentile(one.latencies, PERCENTILES)]


def summarise_starts(one: Contender) -> dict[str, Spread]:
    """Seconds until the first answer, resident bytes then, and the most that were resident."""
    return {
        "seconds": spread([start.seconds for start in one.starts]),
        **{
            name: spread([getattr(start, name) for start in one.starts])
            for name in ("import_seconds", "load_seconds", "first_seconds", "loaded_bytes", "peak_bytes")
        },
    }


def to_json(found: Benchmark) -> dict[str, Any]:
    """All numbers, unrounded: seconds, milliseconds for latencies, bytes, fractions from 0 to 1."""
    return {**found.facts, "pipelines": [_one_to_json(found, one) for one in found.contenders]} | {
        "warnings": list(found.warnings)
    }


def _one_to_json(found: Benchmark, one: Contender) -> dict[str, Any]:
    speed = [
        {
            "batch_size": size,
            "words_per_second": found.rates(one, size).to_json(),
            "documents_per_second": found.rates(one, size, "documents").to_json(),
            "times_the_first": found.speedup(one, size).to_json(),
            "seconds": seconds,
        }
        for size, seconds in one.seconds.items()
    ]
    latency = dict(zip((f"p{q}" for q in PERCENTILES), latency_ms(one)))
    return {
        "model": one.model,
        "pipeline": describe(one.nlp),
        "speed": speed,
        "latency_ms": {
            **latency,
            "texts": len(one.latencies),
            "times_the_first": found.quickness(one).to_json(),
        },
        "start": {name: value.to_json() for name, value in summarise_starts(one).items()},
        "disk_bytes": one.size,
        "main_scores": one.main_scores,
        "scores": one.scores,
    }
