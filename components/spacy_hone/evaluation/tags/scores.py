"""Scores of token tags: a token is right if its tag is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from ..intervals import Interval, ScoreIntervals, ratio_interval, score_intervals
from ..scores import EntityScores
from .samples import Attr, Sample

DIFFERENT_TOKENS = "the pipeline's tokens differ from the gold ones"
TAGGED_SPACE = "it counts whitespace with a gold tag as missed"


@dataclass(frozen=True, slots=True)
class TagScores:
    """scores: counts by document and tag. accuracy: the share of right tags among the tokens that have a gold one.
    intervals, accuracy_interval: None if no resample was asked for. tokens: how many were compared.
    confusions: (gold, predicted) tag, largest first; "" for no tag.
    """

    scores: EntityScores
    intervals: ScoreIntervals | None
    accuracy: float
    accuracy_interval: Interval | None
    tokens: int
    confusions: list[tuple[tuple[str, str], int]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """spaCy's `tag_acc` or `pos_acc`; reason: why its definition is not ours on these documents, if it is not."""

    name: str
    accuracy: float
    reason: str


def score_tags(samples: Sequence[Sample], bootstrap: int = 1000, seed: int = 0) -> TagScores:
    """Score the samples, of which there must be one. bootstrap: resamples for the intervals; 0 for none."""
    pairs = [sample.pairs for sample in samples]
    scores = count_tags(pairs)
    right = np.array([[sum(gold == pred for gold, pred in each), len(each)] for each in pairs])
    wrong = Counter((gold, pred) for each in pairs for gold, pred in each if gold != pred)
    tokens = int(right[:, 1].sum())
    return TagScores(
        scores=scores,
        intervals=score_intervals(scores, bootstrap, seed) if bootstrap else None,
        accuracy=float(right[:, 0].sum() / tokens),
        accuracy_interval=ratio_interval(right, bootstrap, seed) if bootstrap else None,
        tokens=tokens,
        confusions=sorted(wrong.items(), key=lambda item: (-item[1], item[0])),
    )


def score_peer(samples: Sequence[Sample], preds: Sequence[Doc], attr: Attr) -> Verdict:
    """spaCy's accuracy of the same predictions. preds: of the samples, in their order."""
    examples = [Example(pred, sample.doc) for pred, sample in zip(preds, samples, strict=True)]
    accuracy = Scorer.score_token_attr(examples, attr)[f"{attr}_acc"]
    spaces = (getattr(token, attr) for sample in samples for token in sample.doc if token.text.isspace())
    reason = (
        DIFFERENT_TOKENS if not all(s.same_tokens for s in samples) else TAGGED_SPACE if any(spaces) else ""
    )
    return Verdict(f"{attr}_acc", float(accuracy or 0.0), reason)


def count_tags(documents: Sequence[Sequence[tuple[str, str]]]) -> EntityScores:
    """TP, FP and FN by document and tag, from (gold, predicted) tags; "" for no prediction."""
    labels = tuple(sorted({tag for pairs in documents for pair in pairs for tag in pair} - {""}))
    row = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(documents), len(labels), 3), dtype="int64")
    for i, pairs in enumerate(documents):
        for (gold, pred), n in Counter(pairs).items():
            if gold == pred:
                counts[i, row[gold], 0] += n
                continue
            counts[i, row[gold], 2] += n
            if pred:
                counts[i, row[pred], 1] += n
    return EntityScores(labels, counts)
