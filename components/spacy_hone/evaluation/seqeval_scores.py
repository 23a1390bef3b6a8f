"""The same predictions scored by seqeval (Nakayama 2018), strictly and in its default mode.

Both see well-formed IOB2 tags made from spans. The default mode differs from the strict one on ill-formed
sequences only (it takes `I-X I-X` for an entity), and spans have none: a higher number that was published for
raw tags may come from there.
Types go in under code names, since seqeval strips hyphens from the ends of labels.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from .scores import Score

Tags = Sequence[Sequence[str]]


def is_installed() -> bool:
    """seqeval comes with the extra `train`."""
    return find_spec("seqeval") is not None


def score_strict(gold: Tags, pred: Tags) -> tuple[Score, Score]:
    """Micro and macro scores with `mode="strict"`, `scheme=IOB2`.

    gold, pred: IOB2 tags by document, of the same lengths.
    """
    from seqeval.metrics.v1 import precision_recall_fscore_support
    from seqeval.scheme import IOB2

    return _score(precision_recall_fscore_support, gold, pred, scheme=IOB2)


def score_lenient(gold: Tags, pred: Tags) -> tuple[Score, Score]:
    """Micro and macro scores in seqeval's default mode."""
    from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

    return _score(precision_recall_fscore_support, gold, pred)


def _score(function: Callable[..., Any], gold: Tags, pred: Tags, **kwargs: Any) -> tuple[Score, Score]:
    labels = sorted({tag[2:] for tags in (*gold, *pred) for tag in tags if tag != "O"})
    if not labels:  # seqeval's macro average over no types is NaN
        return Score(0.0, 0.0, 0.0), Score(0.0, 0.0, 0.0)
    codes = {label: f"T{i}" for i, label in enumerate(labels)}
    y_true, y_pred = _encode(gold, codes), _encode(pred, codes)
    micro, macro = (
        function(y_true, y_pred, average=average, zero_division=0, **kwargs) for average in ("micro", "macro")
    )
    return Score(*map(float, micro[:3])), Score(*map(float, macro[:3]))


def _encode(documents: Tags, codes: dict[str, str]) -> list[list[str]]:
    return [[tag if tag == "O" else tag[:2] + codes[tag[2:]] for tag in tags] for tags in documents]
