"""Categories of gold documents that no component predicts."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from spacy.training import Example


class Strangers(NamedTuple):
    """labels: those that hold in gold documents and nothing predicts. missed: those among them that a component of
    exclusive labels should have had. n_missed: how many documents are of these. Labels are sorted."""

    labels: list[str]
    missed: list[str]
    n_missed: int


def find_strangers(examples: Iterable[Example], labels: Sequence[str], multi_label: bool) -> Strangers:
    """Look at a component's labels, which other components know nothing of.

    An unknown label belongs with exclusive ones if it holds in a document where all of these are said not to, unless
    it holds beside another label anywhere.
    """
    predicted, held, asked = set(labels), [], []
    for eg in examples:
        predicted.update(eg.predicted.cats)
        held.append({label for label, value in eg.reference.cats.items() if value})
        asked.append(not multi_label and not eg.reference.cats.keys().isdisjoint(labels))
    unknown = set().union(*held) - predicted
    beside = set().union(*(each for each in held if len(each) > 1))
    missed = {label for each, is_asked in zip(held, asked) if is_asked for label in each} & unknown - beside
    n_missed = sum(not each.isdisjoint(missed) for each in held)
    return Strangers(sorted(unknown), sorted(missed), n_missed)
