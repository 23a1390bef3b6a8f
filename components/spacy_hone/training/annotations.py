"""What each trainable component reads from a gold Doc: one table of factories, one of annotations."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spacy.tokens import Doc, Span


@dataclass(frozen=True, slots=True)
class Annotation:
    """A kind of annotation: whether a Doc has it, the labels in it, each as often as it occurs, and, where labels are
    those of spans, the spans."""

    name: str
    is_in: Callable[[Doc], bool]
    labels: Callable[[Doc], Iterator[str]]
    spans: Callable[[Doc], Iterator[Span]] | None = None


def _spans(name: str, is_in: Callable[[Doc], bool], spans: Callable[[Doc], Iterator[Span]]) -> Annotation:
    return Annotation(name, is_in, lambda doc: (span.label_ for span in spans(doc)), spans)


def span_group(key: str) -> Annotation:
    return _spans(
        f"doc.spans['{key}']", lambda doc: key in doc.spans, lambda doc: iter(doc.spans.get(key, ()))
    )


ENTITIES = _spans("doc.ents", lambda doc: doc.has_annotation("ENT_IOB"), lambda doc: iter(doc.ents))
TAGS = Annotation(
    "token.tag_",
    lambda doc: doc.has_annotation("TAG"),
    lambda doc: (token.tag_ for token in doc if token.tag),
)
POS = Annotation(
    "token.pos_",
    lambda doc: doc.has_annotation("POS"),
    lambda doc: (token.pos_ for token in doc if token.pos),
)
CATEGORIES = Annotation(
    "doc.cats",
    lambda doc: bool(doc.cats),
    lambda doc: (label for label, value in doc.cats.items() if value > 0),
)

FACTORIES = {
    "ner": ENTITIES,
    "beam_ner": ENTITIES,
    "hone_ner": ENTITIES,
    "hone_transition_ner": ENTITIES,
    "tagger": TAGS,
    "hone_tagger": TAGS,
    "textcat": CATEGORIES,
    "textcat_multilabel": CATEGORIES,
    "hone_textcat": CATEGORIES,
    "hone_textcat_multilabel": CATEGORIES,
}
SPAN_FACTORIES = {"hone_ner", "spancat", "spancat_singlelabel"}


def needed_annotations(config: Mapping[str, Any]) -> dict[str, Annotation]:
    """The annotation that each component of a spaCy config trains on, by the component's name.

    Frozen and sourced components and factories that are not in the tables need none.
    """
    frozen = config.get("training", {}).get("frozen_components", [])
    needed = {
        name: _annotation(settings) for name, settings in config["components"].items() if name not in frozen
    }
    return {name: annotation for name, annotation in needed.items() if annotation}


def _annotation(settings: Mapping[str, Any]) -> Annotation | None:
    factory = settings.get("factory")
    if factory in SPAN_FACTORIES and settings.get("spans_key"):
        return span_group(settings["spans_key"])
    if factory == "hone_tagger" and settings.get("attr") == "pos":
        return POS
    return FACTORIES.get(factory) if factory else None
