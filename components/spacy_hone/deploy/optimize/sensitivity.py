"""Which parts of an encoder suffer most from 8 bits, found by measurement, and as many of them left in float32 as it takes."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Trial(NamedTuple):
    """A graph that was scored. kept: the parts in float32. size: bytes."""

    kept: tuple[str, ...]
    score: float
    size: int


class Search(NamedTuple):
    """What a search came to. graph: None if no trial was good enough. errors: of the vectors, with each part alone in
    float32 (empty where the first trial was good enough). trials: in their order."""

    graph: bytes | None
    errors: dict[str, float]
    trials: list[Trial]


def search(
    parts: Mapping[str, Sequence[str]],
    build: Callable[[Sequence[str]], bytes],
    error: Callable[[bytes], float],
    score: Callable[[bytes], float],
    least: float,
) -> Search:
    """Quantise as many parts as the score allows.

    All are quantised first. If that is not good enough, each part is left in float32 alone, to see how much of the
    vectors' error it takes away, and parts stay in float32, the most sensitive first, until the score holds.

    parts: nodes of each part. build: a graph with these nodes in float32. error: of a graph's vectors. score: of the
    pipeline with a graph. least: the score that is good enough.
    """
    trials: list[Trial] = []

    def attempt(kept: Sequence[str]) -> bytes | None:
        graph = build([node for part in kept for node in parts[part]])
        trials.append(Trial(tuple(kept), score(graph), len(graph)))
        return graph if trials[-1].score >= least else None

    if (graph := attempt(())) is not None:
        return Search(graph, {}, trials)
    errors = {part: error(build(parts[part])) for part in parts}
    ranked = sorted(parts, key=errors.__getitem__)
    for n in range(1, len(parts)):  # with all of them there would be nothing left to quantise
        if (graph := attempt(ranked[:n])) is not None:
            return Search(graph, errors, trials)
    return Search(None, errors, trials)
