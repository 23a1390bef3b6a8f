"""How sure is a score, and is one system better than another?

Percentile intervals by the bootstrap over documents (Efron & Tibshirani 1993, "An Introduction to the
Bootstrap", ch. 13), and the paired bootstrap for two systems on the same documents (Koehn 2004, "Statistical
Significance Tests for Machine Translation Evaluation").

Documents are drawn, not entities, because the entities of one document are not independent.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .scores import EntityScores, prf

BATCH = 64


class Interval(NamedTuple):
    """Lower and upper end of a 95 % interval."""

    low: float
    high: float


class Comparison(NamedTuple):
    """Second system minus first: difference of F1, its 95 % interval, two-sided p-value of no difference."""

    difference: float
    interval: Interval
    p_value: float


class ScoreIntervals(NamedTuple):
    """95 % intervals of F1: micro, macro, and of each type in the order of the scores' labels."""

    micro: Interval
    macro: Interval
    per_type: tuple[Interval, ...]


def resample(counts: NDArray, n_samples: int, seed: int) -> NDArray[np.float64]:
    """Sums over documents drawn with replacement: (documents, ...) -> (n_samples, ...).

    The same seed draws the same documents, whatever is counted.
    """
    rng = np.random.default_rng(seed)
    n_docs = len(counts)
    flat = np.asarray(counts, dtype="float64").reshape(n_docs, -1)
    sums = np.empty((n_samples, flat.shape[1]))
    for start in range(0, n_samples, BATCH):
        draws = rng.integers(n_docs, size=(min(BATCH, n_samples - start), n_docs))
        weights = np.stack([np.bincount(draw, minlength=n_docs) for draw in draws])
        sums[start : start + len(draws)] = weights @ flat
    return sums.reshape(n_samples, *counts.shape[1:])


def score_intervals(scores: EntityScores, n_samples: int = 1000, seed: int = 0) -> ScoreIntervals:
    """Intervals of micro, macro and per-type F1; a type is left out of resamples in which it does not occur.

    n_samples: how many times the documents are drawn, at least 1. There must be a document.
    """
    sums = resample(scores.counts, n_samples, seed)
    f1 = np.where(sums.any(-1), prf(sums)[..., 2], np.nan)
    seen = ~np.isnan(f1)
    macro = np.where(seen, f1, 0.0).sum(1) / np.maximum(seen.sum(1), 1)
    per_type = tuple(_percentiles(f1[seen[:, i], i]) for i in range(len(scores.labels)))
    return ScoreIntervals(_percentiles(prf(sums.sum(1))[:, 2]), _percentiles(macro), per_type)


def ratio_interval(counts: NDArray, n_samples: int = 1000, seed: int = 0) -> Interval:
    """Interval of a share such as accuracy.

    counts: numerator and denominator by document, (documents, 2); there must be a document.
    """
    part, whole = resample(counts, n_samples, seed).T
    return _percentiles(part[whole > 0] / whole[whole > 0])


def paired_bootstrap(first: NDArray, second: NDArray, n_samples: int = 1000, seed: int = 0) -> Comparison:
    """Compare the F1 of two systems on the same documents.

    first, second: TP, FP, FN by document, (documents, 3): `scores.counts.sum(1)` for micro-F1,
        `scores.counts[:, i]` for one type. Or (documents, types, 3), for macro-F1: of resamples a type is left out
        where it occurs in neither system.
    """
    counts = np.stack([first, second], axis=1)
    score = _macro if counts.ndim > 3 else lambda sums: prf(sums)[..., 2]
    before, after = score(counts.sum(0))
    f1 = score(resample(counts, n_samples, seed))
    differences = f1[:, 1] - f1[:, 0]
    tail = min(np.sum(differences <= 0), np.sum(differences >= 0))
    p_value = min(1.0, 2 * (float(tail) + 1) / (n_samples + 1))
    return Comparison(float(after - before), _percentiles(differences), p_value)


def _macro(sums: NDArray) -> NDArray[np.float64]:
    """Mean F1 of two systems over the types that either has: (..., 2, types, 3) -> (..., 2)."""
    seen = np.asarray(sums.any(axis=(-3, -1)))[..., None, :]
    return np.where(seen, prf(sums)[..., 2], 0.0).sum(-1) / np.maximum(seen.sum(-1), 1)


def _percentiles(values: NDArray) -> Interval:
    if not len(values):
        return Interval(0.0, 0.0)
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(low), float(high))
