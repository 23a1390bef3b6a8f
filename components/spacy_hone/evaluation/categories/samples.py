"""What the gold standard says of documents and what a pipeline says of them, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from ...pipes.cats import encode_cats, read_cats
from ...pipes.thresholds import decide
from .groups import Group, labels_of

Bools = NDArray[np.bool_]  # (documents, labels)


@dataclass(frozen=True, slots=True)
class Samples:
    """Documents with something known of a group's categories.

    group: whose categories. labels: the columns: those of the group, and after them those that gold documents
        have and the group cannot predict.
    numbers: the documents' places in the corpus. golds, preds: the documents.
    gold: what holds. known: what is annotated; of exclusive labels all. decided: what the pipeline decided for.
        All of shape (documents, labels).
    probabilities: `doc.cats`, 0 where a label is not in it; the same shape.
    """

    group: Group
    labels: tuple[str, ...]
    numbers: Sequence[int]
    golds: Sequence[Doc]
    preds: Sequence[Doc]
    gold: Bools
    known: Bools
    decided: Bools
    probabilities: NDArray[np.float64]


def make_samples(group: Group, extra: Sequence[str], golds: Sequence[Doc], preds: Sequence[Doc]) -> Samples:
    """Arrays of the documents that have annotation for the group.

    extra: labels that are the group's too, though it cannot predict them.
    golds, preds: all documents of the corpus, in the same order; those without annotation need no prediction.

    Raises HoneError: a category is not 0 or 1, or two exclusive ones hold (H316, H317).
    """
    labels = (*group.labels, *extra)
    cats = read_cats(golds, labels, group.multi_label, "the corpus")
    targets, known = encode_cats(cats, labels, group.multi_label)
    known = known if group.multi_label else np.repeat(known[:, None], len(labels), axis=1)
    kept = np.flatnonzero(known.any(axis=1)).tolist()
    predicted = [preds[i] for i in kept]
    probabilities = np.array([[doc.cats.get(label, 0.0) for label in labels] for doc in predicted], "float64")
    probabilities = probabilities.reshape(len(kept), len(labels))
    if group.decides:
        decided = np.array([[label in labels_of(doc) for label in labels] for doc in predicted], dtype=bool)
        decided = decided.reshape(probabilities.shape)
    else:
        decided = decide(probabilities, labels, multi_label=group.multi_label, thresholds=group.thresholds)
    return Samples(
        group,
        labels,
        kept,
        [golds[i] for i in kept],
        predicted,
        targets[kept] > 0,
        known[kept],
        decided,
        probabilities,
    )
