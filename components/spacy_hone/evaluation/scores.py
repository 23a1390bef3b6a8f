"""Strict scores: an entity is right if its boundaries and its label are.

Everything follows from one array of counts (documents, types, 3), so that sums over documents, over types or
over a bootstrap's resamples are the same arithmetic.

A quotient whose denominator is zero is 0.0, as in seqeval with `zero_division=0`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .samples import MISSING, Sample

Counts = NDArray[np.int64]
"""(..., 3): true positives, false positives, false negatives"""


class Score(NamedTuple):
    """Fractions, 0 to 1."""

    precision: float
    recall: float
    f1: float


class TokenAccuracy(NamedTuple):
    """Share of right IOB2 tags among the gold tokens that are annotated and are not whitespace.

    accuracy, always_o: fractions; `always_o` is what a system that finds nothing would reach.
    tokens: how many tokens were compared.
    """

    accuracy: float
    always_o: float
    tokens: int


@dataclass(frozen=True, slots=True)
class EntityScores:
    """labels: the types that occur in the gold standard or in the predictions, sorted.
    counts: TP, FP, FN by document and type, (documents, types, 3)."""

    labels: tuple[str, ...]
    counts: Counts

    @property
    def micro(self) -> Score:
        """All entities in one pot."""
        return to_score(prf(self.counts.sum((0, 1))))

    @property
    def macro(self) -> Score:
        """Mean over the types in gold or predictions, each with the same weight (seqeval's definition)."""
        per_type = prf(self.counts.sum(0))
        return to_score(per_type.mean(0)) if self.labels else Score(0.0, 0.0, 0.0)


def prf(counts: NDArray) -> NDArray[np.float64]:
    """Precision, recall and F1 = 2 TP / (2 TP + FP + FN) along the last axis: (..., 3) -> (..., 3)."""
    tp, fp, fn = np.moveaxis(np.asarray(counts, dtype="float64"), -1, 0)
    return np.stack([_divide(tp, tp + fp), _divide(tp, tp + fn), _divide(2 * tp, 2 * tp + fp + fn)], axis=-1)


def to_score(values: NDArray) -> Score:
    """Three numbers as a `Score`."""
    return Score(*map(float, values))


def score_entities(samples: Sequence[Sample]) -> EntityScores:
    """Count exact matches by document and type."""
    labels = tuple(sorted({label for s in samples for *_, label in s.gold | s.pred}))
    row = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(samples), len(labels), 3), dtype="int64")
    for i, s in enumerate(samples):
        for column, found in enumerate((s.gold & s.pred, s.pred - s.gold, s.gold - s.pred)):
            for *_, label in found:
                counts[i, row[label], column] += 1
    return EntityScores(labels, counts)


def score_tokens(samples: Sequence[Sample]) -> TokenAccuracy:
    """Tag accuracy; a model that only says O looks good in it, so the share of O is given too."""
    pairs = [
        (gold, pred)
        for sample in samples
        for token, gold, pred in zip(sample.doc, sample.gold_tags, sample.pred_tags)
        if gold != MISSING and not token.text.isspace()
    ]
    right = sum(gold == pred for gold, pred in pairs)
    outside = sum(gold == "O" for gold, _ in pairs)
    total = max(len(pairs), 1)
    return TokenAccuracy(right / total, outside / total, len(pairs))


def _divide(numerator: NDArray, denominator: NDArray) -> NDArray:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)
