"""Gold and predicted tags of the gold tokens."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from spacy.tokens import Doc

Attr = Literal["tag", "pos"]


class Sample(NamedTuple):
    """One document.

    number: its place in the corpus, from 0. doc: the gold document.
    gold_tags, pred_tags: of its tokens; "" where there is none, on whitespace, and where the pipeline has no such
        token.
    same_tokens: whether the pipeline's tokens are the gold ones.
    """

    number: int
    doc: Doc
    gold_tags: Sequence[str]
    pred_tags: Sequence[str]
    same_tokens: bool

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Gold and predicted tag of each token that is compared."""
        return [(gold, pred) for gold, pred in zip(self.gold_tags, self.pred_tags) if gold]


def make_samples(attr: Attr, golds: Sequence[Doc], preds: Sequence[Doc]) -> list[Sample]:
    """Pair the documents of a corpus that have tags with their predictions."""
    return [
        _make_sample(number, attr, gold, pred)
        for number, (gold, pred) in enumerate(zip(golds, preds))
        if is_tagged(gold, attr)
    ]


def is_tagged(doc: Doc, attr: Attr) -> bool:
    """Whether a token that is no whitespace has a tag."""
    return doc.has_annotation(attr.upper()) and any(get_tags(doc, attr))


def get_tags(doc: Doc, attr: Attr) -> list[str]:
    """The tags of the tokens, "" where there is none and on whitespace."""
    return ["" if token.text.isspace() else getattr(token, f"{attr}_") for token in doc]


def _make_sample(number: int, attr: Attr, gold: Doc, pred: Doc) -> Sample:
    found = dict(zip(_offsets(pred), get_tags(pred, attr)))
    offsets = list(_offsets(gold))
    return Sample(
        number,
        gold,
        get_tags(gold, attr),
        [found.get(offset, "") for offset in offsets],
        offsets == list(found),
    )


def _offsets(doc: Doc) -> Iterable[tuple[int, int]]:
    return ((token.idx, token.idx + len(token)) for token in doc)
