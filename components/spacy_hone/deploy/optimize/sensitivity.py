"""Which parts of an encoder suffer most from 8 bits, found by measurement, and as many of them left in float32 as it takes."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ...models.onnx.graph import Network


class Trial(NamedTuple):
    """A network that was scored. kept: the parts in float32. size: bytes."""

    kept: tuple[str, ...]
    score: float
    size: int


class Search(NamedTuple):
    """What a search came to. network: None if no trial was good enough. errors: of the vectors, with each part alone in
    float32 (empty where the first trial was good enough). trials: in their order."""

    network: Network | None
    errors: dict[str, float]
    trials: list[Trial]


def search(
    parts: Mapping[str, Sequence[str]],
    build: Callable[[Sequence[str]], Network],
    error: Callable[[Network], float],
    score: Callable[[Network], float],
    least: float,
) -> Search:
    """Quantise as many parts as the score allows.

    All are quantised first. If that is not good enough, each part is left in float32 alone, to see how much of the
    vectors' error it takes away, and parts stay in float32, the most sensitive first, until the score holds.

    parts: nodes of each part. build: a network with these nodes in float32. error: of its vectors. score: of the
    pipeline with it. least: the score that is good enough.
    """
    trials: list[Trial] = []

    def attempt(kept: Sequence[str]) -> Network | None:
        network = build([node for part in kept for node in parts[part]])
        trials.append(Trial(tuple(kept), score(network), network.size))
        return network if trials[-1].score >= least else None

    if (network := attempt(())) is not None:
        return Search(network, {}, trials)
    errors = {part: error(build(parts[part])) for part in parts}
    ranked = sorted(parts, key=errors.__getitem__)
    for n in range(1, len(parts)):  # with all of them there would be nothing left to quantise
        if (network := attempt(ranked[:n])) is not None:
            return Search(network, errors, trials)
    return Search(None, errors, trials)
