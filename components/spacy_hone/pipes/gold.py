"""What an example teaches a token classifier: spans over the predicted tokens, and which tokens are known."""

from typing import NamedTuple

import numpy as np
from spacy.tokens import Doc, Span
from spacy.training import Example

from ..errors import Errors, HoneError


class Gold(NamedTuple):
    """Spans that do not overlap, in order, as (start, end, label) in tokens of `example.predicted`; and a
    boolean array over these tokens, false where annotation is missing, cannot be aligned or is on whitespace.
    """

    spans: list[tuple[int, int, str]]
    known: np.ndarray


def read_gold(example: Example, spans_key: str | None) -> Gold:
    """Read the annotation of an example.

    example (Example): predicted and reference may differ in tokens.
    spans_key (str | None): the span group to read; None: `doc.ents`.
    """
    doc = example.predicted
    spans, known = _aligned(example, spans_key)
    spaces = doc.to_array("IS_SPACE").astype(bool)
    gold: list[tuple[int, int, str]] = []
    for span in sorted(spans, key=lambda span: span.start):
        words = span.start + np.flatnonzero(~spaces[span.start : span.end])
        if not span.label or len(words) == 0 or spaces[words[0] : words[-1]].any():
            known[span.start : span.end] = False  # without a label, or no tags can say it
            continue
        start, end = int(words[0]), int(words[-1]) + 1
        if gold and start < gold[-1][1]:
            first = doc[gold[-1][0] : gold[-1][1]].text
            raise HoneError(
                Errors.H308.format(first=first, second=span.text, key=spans_key, text=doc.text[:100])
            )
        gold.append((start, end, span.label_))
    return Gold(gold, known & ~spaces)


def _aligned(example: Example, spans_key: str | None) -> tuple[list[Span], np.ndarray]:
    """Spans and known tokens of the reference, carried over to the predicted tokens."""
    doc = example.predicted
    spans, known = _annotation(example.reference, spans_key)
    if np.array_equal(doc.to_array("ORTH"), example.reference.to_array("ORTH")):
        return spans, known
    not_outside = ~known
    for span in spans:
        not_outside[span.start : span.end] = True
    align = example.alignment.x2y
    lengths = np.asarray(align.lengths)
    tokens = np.repeat(np.arange(len(doc)), lengths)
    n_not_outside = np.bincount(tokens, weights=not_outside[align.data], minlength=len(doc))
    known = (lengths > 0) & (n_not_outside == 0)
    spans = example.get_aligned_spans_y2x(spans, allow_overlap=True)
    for span in spans:
        known[span.start : span.end] = True
    return spans, known


def _annotation(doc: Doc, spans_key: str | None) -> tuple[list[Span], np.ndarray]:
    """The spans of a document, and for each token whether its annotation is there."""
    if spans_key is None:
        return list(doc.ents), doc.to_array("ENT_IOB") != 0
    annotated = spans_key in doc.spans
    return list(doc.spans[spans_key]) if annotated else [], np.full(len(doc), annotated)
