"""Scores of `doc.cats`: spaCy's own, with thresholds honoured, and what rare labels need besides."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from ..errors import Errors, HoneError
from ..pipes.cats import encode_cats, read_cats
from ..pipes.thresholds import Pairs, decide
from .strangers import find_strangers


class Table(NamedTuple):
    """Gold and prediction of documents with annotation. All arrays have the shape (docs, labels)."""

    labels: tuple[str, ...]
    examples: list[Example]
    gold: NDArray[np.bool_]
    known: NDArray[np.bool_]
    holds: NDArray[np.bool_]  # what was decided
    probabilities: NDArray[np.float64]


def make_textcat_scorer() -> Callable[..., dict[str, Any]]:
    """Build `hone.textcat_scorer.v1`, for `hone_textcat` and `hone_textcat_multilabel`."""
    return score_textcat


def score_textcat(
    examples: Iterable[Example],
    *,
    labels: Sequence[str],
    multi_label: bool = True,
    positive_label: str | None = None,
    thresholds: Pairs = (),
    **cfg: Any,
) -> dict[str, Any]:
    """Score predicted `doc.cats` by the gold ones. Documents without annotation are left out, and so are, where
    labels are independent, the categories that a document lacks. Where all exclusive labels are said not to hold and
    another one does that no component predicts, the document counts as missed, under that label. Labels of the gold
    documents that no component predicts are named in a warning (H621), whatever becomes of them.

    examples (Iterable[Example]): predictions and gold documents.
    labels, multi_label, positive_label, thresholds: the component's settings, which `nlp.evaluate` passes.
    RETURNS (dict[str, Any]): the keys of `Scorer.score_cats`; precision, recall and F are those of the labels
        decided for (`doc._.labels`), at the component's thresholds. `cats_score` is the F score of the positive
        label if there is one, else macro F of exclusive labels and macro AUC of independent ones
        (`cats_score_desc` says which). Besides, from 0 to 1, and 0.0 where nothing can be said:
        cats_pr_auc: the mean average precision of the labels that hold for some documents and not for others,
        by label in `cats_pr_auc_per_type` (None for the rest);
        cats_balanced_accuracy: the mean recall of exclusive labels; for independent ones the mean, over the same
        labels, of (recall of the label + recall of its absence) / 2;
        cats_accuracy: the share of documents where all known categories are right.
    """
    table = _tabulate(list(examples), labels, multi_label, positive_label, thresholds)
    scores = _score_spacy(table, multi_label)
    if positive_label is not None:
        scores["cats_score"] = scores["cats_f_per_type"][positive_label]["f"]
        scores["cats_score_desc"] = f"F ({positive_label})"
    return scores | _score_sklearn(table, multi_label)


def _tabulate(
    examples: list[Example],
    labels: Sequence[str],
    multi_label: bool,
    positive_label: str | None,
    thresholds: Pairs,
) -> Table:
    strangers = find_strangers(examples, labels, multi_label)
    if strangers.labels:
        listed = ", ".join(strangers.labels)
        warnings.warn(Errors.H621.format(labels=listed, n=strangers.n_missed), stacklevel=3)
    labels = (*labels, *strangers.missed)
    cats = read_cats((eg.reference for eg in examples), labels, multi_label, "the examples to score")
    gold, known = encode_cats(cats, labels, multi_label)
    known = known if multi_label else np.repeat(known[:, None], len(labels), axis=1)
    predicted = [[eg.predicted.cats.get(label, 0.0) for label in labels] for eg in examples]
    probabilities = np.array(predicted, dtype="float64").reshape(gold.shape)
    holds = decide(
        probabilities, labels, multi_label=multi_label, positive_label=positive_label, thresholds=thresholds
    )
    rows = np.flatnonzero(known.any(axis=1))
    kept = [examples[row] for row in rows]
    return Table(labels, kept, gold[rows] > 0, known[rows], holds[rows], probabilities[rows])


def _score_spacy(table: Table, multi_label: bool) -> dict[str, Any]:
    """Stock scores: those over all thresholds from the probabilities, the others from what was decided."""
    decided = {
        id(eg.predicted): dict(zip(table.labels, row))
        for eg, row in zip(table.examples, table.holds.tolist())
    }

    def get_decided(doc: Doc, attr: str) -> dict[str, float]:
        return decided.get(id(doc), doc.cats)

    def score(getter: Callable[[Doc, str], Any]) -> dict[str, Any]:
        return Scorer.score_cats(
            table.examples, "cats", getter=getter, labels=table.labels, multi_label=multi_label
        )

    ranked = score(getattr)
    return score(get_decided) | {
        key: ranked[key]
        for key in ("cats_macro_auc", "cats_auc_per_type", *(["cats_score"] if multi_label else []))
    }


def _score_sklearn(table: Table, multi_label: bool) -> dict[str, Any]:
    try:
        from sklearn.metrics import average_precision_score, recall_score
    except ImportError as error:
        raise HoneError(Errors.H611) from error

    precisions: dict[str, float | None] = dict.fromkeys(table.labels)
    recalls = []
    for column, label in enumerate(table.labels):
        gold, holds, probabilities = (
            array[table.known[:, column], column] for array in (table.gold, table.holds, table.probabilities)
        )
        if gold.any() and not gold.all():
            precisions[label] = float(average_precision_score(gold, probabilities))
            recalls.append(recall_score(gold, holds, average="macro"))
    if not multi_label and len(table.gold):
        right, guessed = table.gold.argmax(axis=1), table.holds.argmax(axis=1)
        recalls = [recall_score(right, guessed, labels=np.unique(right), average="macro")]
    return {
        "cats_pr_auc": _mean([value for value in precisions.values() if value is not None]),
        "cats_pr_auc_per_type": precisions,
        "cats_balanced_accuracy": _mean(recalls),
        "cats_accuracy": _mean(((table.gold == table.holds) | ~table.known).all(axis=1)),
    }


def _mean(values: Sequence[float] | NDArray) -> float:
    return float(np.mean(values)) if len(values) else 0.0
