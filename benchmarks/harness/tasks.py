"""What there is to be found in a document, by task, and how tags of tokens say it.

ents: `doc.ents`. chunks: `doc.spans["chunks"]`. pos: `token.pos_`. cats, multi_cats: `doc.cats`, where one label
holds, or any number.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from spacy.tokens import Doc, Span

Item = tuple[int, int, str]
"""(first token, last token + 1, label); of a label of the whole document (0, 0, label)"""
Items = dict[Item, float | None]
"""What was found, with the confidence in it, if there is one."""


def read_ents(doc: Doc) -> Items:
    return {(ent.start, ent.end, ent.label_): _confidence(ent) for ent in doc.ents}


def read_chunks(doc: Doc) -> Items:
    return {(span.start, span.end, span.label_): _confidence(span) for span in doc.spans["chunks"]}


def read_pos(doc: Doc) -> Items:
    return {(token.i, token.i + 1, token.pos_): None for token in doc if token.pos}


def read_cat(doc: Doc) -> Items:
    label = max(doc.cats, key=doc.cats.__getitem__)
    return {(0, 0, label): doc.cats[label]}


def read_cats(doc: Doc) -> Items:
    return {(0, 0, label): p for label, p in doc.cats.items() if p >= 0.5}


READERS: dict[str, Callable[[Doc], Items]] = {
    "ents": read_ents,
    "chunks": read_chunks,
    "pos": read_pos,
    "cats": read_cat,
    "multi_cats": read_cats,
}


class Tagging(NamedTuple):
    """read: the tag of each token. write: the tags, of the tokens that are named, into a document. tags: the
    tags that documents need, the commonest case first."""

    read: Callable[[Doc], list[str]]
    write: Callable[[Doc, Sequence[int], Sequence[str]], None]
    tags: Callable[[Iterable[Doc]], list[str]]


def make_span_tagging(
    read_items: Callable[[Doc], Items], put: Callable[[Doc, list[Span]], object]
) -> Tagging:
    """IOB2 tags of spans. They are read strictly: a span begins with B- and goes on while the tag of the next
    token is I- of the same label."""

    def read(doc: Doc) -> list[str]:
        tags = ["O"] * len(doc)
        for start, end, label in read_items(doc):
            tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
        return tags

    def write(doc: Doc, words: Sequence[int], tags: Sequence[str]) -> None:
        spans: list[Item] = []
        open_label = None
        for i, tag in zip(words, tags):
            prefix, _, label = tag.partition("-")
            if prefix == "I" and label == open_label:
                spans[-1] = (spans[-1][0], i + 1, label)
            else:
                open_label = label if prefix == "B" else None
                spans += [(i, i + 1, label)] * (prefix == "B")
        put(doc, [Span(doc, *span) for span in spans])

    def tags(docs: Iterable[Doc]) -> list[str]:
        labels = sorted({label for doc in docs for *_, label in read_items(doc)})
        return ["O", *(f"{prefix}-{label}" for label in labels for prefix in "BI")]

    return Tagging(read, write, tags)


def write_pos(doc: Doc, words: Sequence[int], tags: Sequence[str]) -> None:
    for i, tag in zip(words, tags):
        doc[i].pos_ = tag


TAGGINGS = {
    "ents": make_span_tagging(read_ents, lambda doc, spans: doc.set_ents(spans)),
    "chunks": make_span_tagging(read_chunks, lambda doc, spans: doc.spans.update({"chunks": spans})),
    "pos": Tagging(
        lambda doc: [token.pos_ for token in doc],
        write_pos,
        lambda docs: sorted({token.pos_ for doc in docs for token in doc}),
    ),
}


def _confidence(span: Span) -> float | None:
    return span._.confidence if Span.has_extension("confidence") else None
