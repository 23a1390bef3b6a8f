"""Scores as they stand in JSON: fractions from 0 to 1, unrounded."""

from collections.abc import Iterable, Sequence
from typing import Any

from numpy.typing import NDArray

from .intervals import Interval
from .peers import Peer, difference
from .scores import EntityScores, prf, to_score


def counted(counts: NDArray, interval: Interval | None = None) -> dict[str, Any]:
    """Scores, counts, and the interval if there is one. counts: TP, FP, FN."""
    tp, fp, fn = map(int, counts)
    row = {**to_score(prf(counts))._asdict(), "support": tp + fn, "tp": tp, "fp": fp, "fn": fn}
    return row if interval is None else {**row, "interval": list(interval)}


def per_label(scores: EntityScores, intervals: Sequence[Interval] | None) -> dict[str, dict[str, Any]]:
    """`counted` for each label."""
    totals = scores.counts.sum(0)
    return {
        label: counted(totals[i], intervals[i] if intervals else None)
        for i, label in enumerate(scores.labels)
    }


def scorers(peers: Iterable[Peer], scores: EntityScores) -> dict[str, Any]:
    """What other scorers say."""
    return {
        peer.name: {
            "micro": peer.micro._asdict(),
            "macro": peer.macro._asdict(),
            "same_definition": peer.expected,
            "difference": difference(peer, scores),
        }
        for peer in peers
    }
