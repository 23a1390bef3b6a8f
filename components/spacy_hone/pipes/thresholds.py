"""From probabilities to labels."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import Errors, HoneError
from ..errors.near import near_names

Pairs = Iterable[tuple[str, float]]


def decide(
    probabilities: NDArray[np.float64],
    labels: Sequence[str],
    *,
    multi_label: bool,
    positive_label: str | None = None,
    thresholds: Pairs = (),
) -> NDArray[np.bool_]:
    """Which labels hold. Independent labels hold from their threshold on, 0.5 if they have none. Of exclusive ones
    the likeliest holds; but if the positive label has a threshold, it holds from there on, else the likeliest of
    the others.

    probabilities (ndarray): shape (docs, labels).
    labels (Sequence[str]): the names of the columns.
    multi_label (bool): whether the labels are independent.
    positive_label (str | None): the positive one of exclusive labels.
    thresholds (Iterable[Sequence]): [label, probability] pairs.
    RETURNS (ndarray): the same shape.
    """
    least = dict(thresholds)
    if multi_label:
        return probabilities >= np.array([least.get(label, 0.5) for label in labels], dtype="float64")
    ranks = probabilities
    if positive_label in least:
        is_positive = np.array([label == positive_label for label in labels])
        chosen = np.where(probabilities >= least[positive_label], np.inf, -np.inf)
        ranks = np.where(is_positive, chosen, probabilities)
    return np.eye(len(labels), dtype=bool)[ranks.argmax(axis=1)]


def check_thresholds(
    name: str, pairs: Pairs, labels: Sequence[str], multi_label: bool, positive_label: str | None
) -> list[list]:
    """The pairs as lists, or an error: a label that does not exist, or cannot have a threshold, or no probability.

    name (str): the name of the component.
    RETURNS (list[list]): [label, value] pairs, one a label.
    """
    least = dict(pairs)
    for label, value in least.items():
        if label not in labels:
            raise HoneError(Errors.H320.format(name=name, label=label, near=near(label, labels)))
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise HoneError(Errors.H321.format(name=name, label=label, value=value))
        if not multi_label and label != positive_label:
            raise HoneError(Errors.H322.format(name=name, label=label, positive_label=positive_label))
    return [[label, float(value)] for label, value in least.items()]


def near(label: object, labels: Sequence[str]) -> str:
    """The labels to name to somebody who wrote one that does not exist."""
    close = near_names(label, labels)
    return f"Did you mean {' or '.join(close)}?" if close else f"Labels: {', '.join(labels[:20])}."
