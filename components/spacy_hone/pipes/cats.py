"""What the categories of a document teach."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from ..errors import Errors, HoneError


class CatsGold(NamedTuple):
    """What documents teach: 1 where a label holds, shape (docs, labels); and 1 where that is known: shape (docs,) for
    exclusive labels, (docs, labels) for independent ones."""

    targets: NDArray[np.float32]
    known: NDArray[np.bool_]


def read_cats(
    docs: Iterable[Doc], labels: Sequence[str] | None, multi_label: bool, where: str
) -> list[dict[str, float]]:
    """Read `doc.cats`, and refuse what cannot be trained on or scored.

    docs (Iterable[Doc]): the gold documents.
    labels (Sequence[str] | None): the labels to read; others may belong to another component. None: all.
    multi_label (bool): whether several labels may hold for one document.
    where (str): what the documents are, for error messages.
    RETURNS (list[dict[str, float]]): for each document 1 or 0 by label.
    """
    wanted = None if labels is None else set(labels)
    return [_read(doc, number, wanted, multi_label, where) for number, doc in enumerate(docs, 1)]


def encode_cats(cats: Sequence[Mapping[str, float]], labels: Sequence[str], multi_label: bool) -> CatsGold:
    """Arrays of categories. What is not annotated is unknown; but where an exclusive label holds, the others do
    not, and where none holds, the whole document is unknown."""
    values = np.array([[each.get(label, np.nan) for label in labels] for each in cats], dtype="float32")
    values = values.reshape(len(cats), len(labels))
    targets = np.nan_to_num(values)
    return CatsGold(targets, ~np.isnan(values) if multi_label else targets.any(axis=1))


def _read(doc: Doc, number: int, labels: set[str] | None, multi_label: bool, where: str) -> dict[str, float]:
    cats = {label: value for label, value in doc.cats.items() if labels is None or label in labels}
    place = f"document {number} of {where} ({doc.text[:50]!r})"
    for label, value in cats.items():
        if value not in (0, 1):
            raise HoneError(Errors.H316.format(place=place, label=label, value=value))
    positives = [label for label, value in cats.items() if value]
    if len(positives) > 1 and not multi_label:
        raise HoneError(Errors.H317.format(place=place, labels=", ".join(positives)))
    return cats
