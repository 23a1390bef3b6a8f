"""How well do scores put the right documents first? One walk down the ranking answers all questions here."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Ranking(NamedTuple):
    """What holds if everything from a score on is taken, for each distinct score, highest first.

    scores: the distinct scores. taken: how many have at least that score. hits: how many of them are gold.
    All of shape (distinct scores,). total: how many are gold in all.
    """

    scores: NDArray[np.float64]
    taken: NDArray[np.int64]
    hits: NDArray[np.int64]
    total: int


class Cut(NamedTuple):
    """recall: the fraction of the gold ones that are found; score: the least score that is taken, None if no
    score will do."""

    recall: float
    score: float | None


def rank(scores: NDArray, gold: NDArray) -> Ranking:
    """Walk down the ranking.

    scores: shape (n,). gold: bool, shape (n,).
    """
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last = np.flatnonzero(np.append(np.diff(ordered) != 0, [True])) if len(ordered) else np.zeros(0, int)
    return Ranking(ordered[last], last + 1, np.cumsum(gold[order])[last], int(gold.sum()))


def recall_at_precision(ranking: Ranking, precision: float) -> Cut:
    """The highest recall with at least this precision: what the best threshold *for these documents* finds."""
    enough = np.flatnonzero((ranking.hits > 0) & (ranking.hits >= precision * ranking.taken - 1e-9))
    if not len(enough):
        return Cut(0.0, None)
    best = enough[ranking.hits[enough].argmax()]
    return Cut(float(ranking.hits[best] / ranking.total), float(ranking.scores[best]))


def best_threshold(ranking: Ranking) -> float:
    """The threshold with the highest F1 = 2 hits / (taken + gold): half-way between the least score taken and
    the next one below it (0 if there is none), rounded as far as it stays between them; of equally good ones that
    next to 0.5, then the higher.

    At least one must be gold.
    """
    f1 = 2 * ranking.hits / (ranking.taken + ranking.total)
    below = np.append(ranking.scores[1:], [0.0])
    thresholds = (ranking.scores + below) / 2
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    chosen = best[np.abs(thresholds[best] - 0.5).argmin()]
    return _round(float(thresholds[chosen]), float(below[chosen]), float(ranking.scores[chosen]))


def _round(value: float, low: float, high: float) -> float:
    """With as few decimals as keep it above `low` and below `high`: files may hold no more than ten."""
    rounded = (round(value, decimals) for decimals in range(4, 10))
    return next((number for number in rounded if low < number < high), value)
