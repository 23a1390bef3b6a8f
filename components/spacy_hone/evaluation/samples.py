"""What the gold standard says of a document and what a pipeline says of it, in characters of the gold text.

Characters, not token numbers: with the gold tokenisation the two are the same thing, and on raw text an
entity is right only if its first and its last character are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from spacy.tokens import Doc, Span
from spacy.util import filter_spans

Entity = tuple[int, int, str]
"""(first character, character after the last, label)"""

MISSING = "-"
"""The tag of a token whose annotation is missing."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One document.

    doc: the gold document.
    gold: the annotated entities.
    pred: the predicted entities that can be judged.
    gold_tags, pred_tags: the same as IOB2 tags of the gold tokens; `MISSING` where gold has no annotation.
    ignored: how many predictions touch such a token: neither right nor wrong, as in spaCy's Scorer.
    same_tokens: whether the pipeline's tokens are the gold ones.
    """

    doc: Doc
    gold: frozenset[Entity]
    pred: frozenset[Entity]
    gold_tags: Sequence[str]
    pred_tags: Sequence[str]
    ignored: int
    same_tokens: bool

    @property
    def has_overlaps(self) -> bool:
        """Whether gold or predicted entities overlap, so that tags cannot say them all."""
        ordered = (sorted(entities) for entities in (self.gold, self.pred))
        return any(after[0] < before[1] for entities in ordered for before, after in pairwise(entities))


def is_annotated(doc: Doc, spans_key: str | None = None) -> bool:
    """Whether entities were annotated at all: an annotated document may well have none."""
    return doc.has_annotation("ENT_IOB") if spans_key is None else spans_key in doc.spans


def get_spans(doc: Doc, spans_key: str | None = None) -> Iterable[Span]:
    """The entities of `doc.ents`, or the spans of `doc.spans[spans_key]`."""
    return doc.ents if spans_key is None else doc.spans.get(spans_key, [])


def make_samples(golds: Iterable[Doc], preds: Iterable[Doc], spans_key: str | None = None) -> list[Sample]:
    """Pair gold documents with their predictions: the same texts in the same order.

    A document of which `is_annotated` is false has no gold entity and no prediction that can be judged.
    """
    return [_make_sample(gold, pred, spans_key) for gold, pred in zip(golds, preds, strict=True)]


def _make_sample(gold: Doc, pred: Doc, spans_key: str | None) -> Sample:
    missing = _find_missing(gold, spans_key)
    annotated, predicted = _get_entities(gold, spans_key), _get_entities(pred, spans_key)
    judged = frozenset(entity for entity in predicted if not _touches(gold, entity, missing))
    return Sample(
        doc=gold,
        gold=annotated,
        pred=judged,
        gold_tags=[MISSING if i in missing else tag for i, tag in enumerate(_tag(gold, annotated))],
        pred_tags=_tag(gold, judged),
        ignored=len(predicted - judged),
        same_tokens=[(t.idx, t.text) for t in gold] == [(t.idx, t.text) for t in pred],
    )


def _find_missing(doc: Doc, spans_key: str | None) -> set[int]:
    """Tokens without annotation; of a span group it is missing as a whole or not at all."""
    if spans_key is None:
        return {token.i for token in doc if token.ent_iob == 0}
    return set() if spans_key in doc.spans else set(range(len(doc)))


def _get_entities(doc: Doc, spans_key: str | None) -> frozenset[Entity]:
    return frozenset((span.start_char, span.end_char, span.label_) for span in get_spans(doc, spans_key))


def _project(doc: Doc, entities: Iterable[Entity]) -> list[Span]:
    """Entities as spans of whole tokens of `doc`: one that cuts a token is widened to it."""
    spans = (doc.char_span(*entity, alignment_mode="expand") for entity in sorted(entities))
    return [span for span in spans if span is not None]


def _touches(doc: Doc, entity: Entity, missing: set[int]) -> bool:
    return bool(missing) and any(
        i in missing for span in _project(doc, [entity]) for i in range(span.start, span.end)
    )


def _tag(doc: Doc, entities: Iterable[Entity]) -> list[str]:
    """IOB2 tags. Of overlapping entities the longest is kept, the first of two that are equally long."""
    tags = ["O"] * len(doc)
    for span in filter_spans(_project(doc, entities)):
        tags[span.start : span.end] = [f"B-{span.label_}"] + [f"I-{span.label_}"] * (len(span) - 1)
    return tags
