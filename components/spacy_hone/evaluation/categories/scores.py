"""Scores of text categories: of the labels decided for, and of the probabilities behind them.

A label that was not annotated for a document is neither right nor wrong there.
"""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import Errors, HoneError
from ..calibration import expected_calibration_error
from ..intervals import Interval, ScoreIntervals, ratio_interval, score_intervals
from ..ranking import Cut, rank, recall_at_precision
from ..scores import EntityScores
from .samples import Samples

PRECISION = 0.95
TINY = np.finfo("float64").tiny


class LabelRanking(NamedTuple):
    """average_precision: the area under the precision-recall curve, None if the label holds everywhere or nowhere.
    cut: the recall at a precision of 0.95, with the probability from which on the label would have to hold."""

    average_precision: float | None
    cut: Cut | None


@dataclass(frozen=True, slots=True)
class CategoryScores:
    """scores: counts by document and label, of the labels that occur in gold or decisions.
    intervals, accuracy_interval: None if no resample was asked for.
    accuracy: the share of documents with all known labels right.
    balanced_accuracy: the mean recall of exclusive labels; for independent ones the mean of (recall of the label +
        recall of its absence) / 2, over those with both; None if there is none.
    pr_auc: the mean average precision of the labels that have one; None if there is none.
    rankings: by label, of all labels.
    calibration_error: see `calibration_pairs`. loss: mean over documents, see `losses`.
    confusions: (gold label, decided label), largest first; "" for nothing.
    """

    scores: EntityScores
    intervals: ScoreIntervals | None
    accuracy: float
    accuracy_interval: Interval | None
    balanced_accuracy: float | None
    pr_auc: float | None
    rankings: dict[str, LabelRanking]
    calibration_error: float | None
    loss: float
    confusions: list[tuple[tuple[str, str], int]]


def score_categories(samples: Samples, bootstrap: int = 1000, seed: int = 0) -> CategoryScores:
    """Score the samples, of which there must be one. bootstrap: resamples for the intervals; 0 for none."""
    scores = count(samples)
    right = np.stack([is_right(samples), np.ones(len(samples.golds))], axis=1)
    rankings = {label: _rank(samples, i) for i, label in enumerate(samples.labels)}
    return CategoryScores(
        scores=scores,
        intervals=score_intervals(scores, bootstrap, seed) if bootstrap else None,
        accuracy=float(right[:, 0].mean()),
        accuracy_interval=ratio_interval(right, bootstrap, seed) if bootstrap else None,
        balanced_accuracy=balanced_accuracy(samples),
        pr_auc=_mean([ranking.average_precision for ranking in rankings.values()]),
        rankings=rankings,
        calibration_error=expected_calibration_error(*calibration_pairs(samples)),
        loss=float(losses(samples).mean()),
        confusions=confusions(samples),
    )


def count(samples: Samples) -> EntityScores:
    """Count right and wrong decisions by document and label; labels that do not occur are left out."""
    gold, decided, known = samples.gold, samples.decided, samples.known
    cells = np.stack([gold & decided, ~gold & decided, gold & ~decided], axis=-1) & known[..., None]
    seen = np.flatnonzero(cells.any(axis=(0, 2)))
    return EntityScores(tuple(samples.labels[i] for i in seen), cells[:, seen].astype("int64"))


def is_right(samples: Samples) -> NDArray[np.bool_]:
    """Whether all known labels of a document are right, shape (documents,)."""
    return ((samples.gold == samples.decided) | ~samples.known).all(axis=1)


def balanced_accuracy(samples: Samples) -> float | None:
    """See `CategoryScores`."""
    gold, decided, known = samples.gold, samples.decided, samples.known
    holds, lacks = (gold & known).sum(0), (~gold & known).sum(0)
    recall = (gold & decided & known).sum(0) / np.maximum(holds, 1)
    specificity = (~gold & ~decided & known).sum(0) / np.maximum(lacks, 1)
    if samples.group.multi_label:
        values = ((recall + specificity) / 2)[(holds > 0) & (lacks > 0)]
    else:
        values = recall[holds > 0]
    return float(values.mean()) if len(values) else None


def calibration_pairs(samples: Samples) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidences and whether they are justified, both of shape (n,): for exclusive labels the highest probability of
    each document, right if that label holds; for independent ones the probability of each known label in each
    document, right if it holds."""
    if samples.group.multi_label:
        return samples.probabilities[samples.known], samples.gold[samples.known]
    best = samples.probabilities.argmax(axis=1)[:, None]
    top = np.take_along_axis(samples.probabilities, best, axis=1)
    return top[:, 0], np.take_along_axis(samples.gold, best, axis=1)[:, 0]


def losses(samples: Samples) -> NDArray[np.float64]:
    """Negative log-likelihood of what is known of each document, in nats, shape (documents,): -log p of the gold one
    of exclusive labels; for independent ones the mean of -log p (it holds) or -log(1 - p) over known labels."""
    p = samples.probabilities
    if not samples.group.multi_label:
        return -np.log(np.maximum((p * samples.gold).sum(1), TINY))
    values = -np.log(np.maximum(np.where(samples.gold, p, 1 - p), TINY))
    return (values * samples.known).sum(1) / samples.known.sum(1)


def confusions(samples: Samples) -> list[tuple[tuple[str, str], int]]:
    """How often a missed label met a wrong one in one document, largest first, then by name; "" stands for none."""
    found: Counter[tuple[str, str]] = Counter()
    labels = np.array(samples.labels)
    for gold, decided, known in zip(samples.gold, samples.decided, samples.known):
        missed, wrong = labels[gold & ~decided & known], labels[decided & ~gold & known]
        if len(missed) or len(wrong):
            found.update((str(g), str(d)) for g in (*missed,) or ("",) for d in (*wrong,) or ("",))
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def _rank(samples: Samples, column: int) -> LabelRanking:
    known = samples.known[:, column]
    gold, p = samples.gold[known, column], samples.probabilities[known, column]
    cut = recall_at_precision(rank(p, gold), PRECISION) if gold.any() else None
    return LabelRanking(_average_precision(gold, p) if gold.any() and not gold.all() else None, cut)


def _average_precision(gold: NDArray, scores: NDArray) -> float:
    try:
        from sklearn.metrics import average_precision_score
    except ImportError as error:
        raise HoneError(Errors.H612.format(what="PR-AUC")) from error
    return float(average_precision_score(gold, scores))


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
