"""The components of a spaCy pipeline that can teach: by their factories, what they give and how."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDS
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model

from .base import Kind, Task

Array = NDArray[np.floating]
LEAST = 1e-7  # the smallest probability that float32 scores are read as
ANNOTATED = ("TAG", "POS", "MORPH", "LEMMA", "DEP", "HEAD", "ENT_IOB", "ENT_TYPE", "SENT_START")
READ = {*ANNOTATED, *(IDS[name] for name in ANNOTATED)}  # features may be named or numbered


class Head(NamedTuple):
    """kind, exclusive: see `Task`.
    columns: the names of a component's columns, and their scheme.
    logits: of documents that all have tokens, from the component, and the smoothing of what only decides: of each,
        shape (tokens, columns), or (1, columns) for categories.
    """

    kind: Kind
    exclusive: bool
    columns: Callable[[Any], tuple[list[str], str | None]]
    logits: Callable[[Any, list[Doc], float], Iterable[Array]]

    def task(self, component: Any) -> Task:
        """What the logits of a component are about."""
        return Task(self.kind, self.exclusive, *self.columns(component))


def _own_tags(component: Any) -> tuple[list[str], str]:
    return list(component.tags.names), component.cfg["scheme"]


def _decision_tags(component: Any) -> tuple[list[str], str | None]:
    tags = [f"{letter}-{label}" for label in component.labels for letter in "BILU"]
    return ["O", *tags] if tags else [], "BILUO"


def _labels(component: Any) -> tuple[list[str], None]:
    return list(component.labels), None


def _token_logits(component: Any, docs: list[Doc], smoothing: float) -> Sequence[Array]:
    """Under a CRF the log-probabilities of the tags, given the whole text."""
    all_rows = component.model.predict(docs) if component.crf is None else component.log_marginals(docs)
    return [component.model.ops.to_numpy(rows) for rows in all_rows]


def _category_logits(component: Any, docs: list[Doc], smoothing: float) -> Array:
    return component.model.ops.to_numpy(component.logits(docs))[:, None]


def _decisions(component: Any, docs: list[Doc], smoothing: float) -> Sequence[Array]:
    """Log-probabilities of BILUO tags: the decided tag's is 1 - smoothing, the others share the rest."""
    component.set_annotations(docs, component.predict(docs))
    rows = {tag: row for row, tag in enumerate(_decision_tags(component)[0])}
    found = []
    for doc in docs:
        logits = np.full((len(doc), len(rows)), np.log(smoothing / (len(rows) - 1)))
        tags = np.zeros(len(doc), dtype="int64")
        for ent in doc.ents:
            first = rows[f"B-{ent.label_}"]  # and then I, L, U
            tags[ent.start : ent.end] = first + 1
            tags[ent.end - 1] = first + 2
            tags[ent.start] = first if len(ent) > 1 else first + 3
        logits[np.arange(len(doc)), tags] = np.log(1 - smoothing)
        found.append(logits)
    return found


def _tagger_scores(component: Any, docs: list[Doc], smoothing: float) -> Sequence[Array]:
    """A stock tagger leaves the softmax out, or not, as its output layer says."""
    scores = [component.model.ops.to_numpy(rows) for rows in component.model.predict(docs)]
    is_normalised = any(node.attrs.get("softmax_normalize") for node in component.model.walk())
    return [np.log(np.maximum(rows, LEAST)) for rows in scores] if is_normalised else scores


def _exclusive_scores(component: Any, docs: list[Doc], smoothing: float) -> Array:
    scores = component.model.ops.to_numpy(component.predict(docs))
    return np.log(np.maximum(scores, LEAST))[:, None]


def _independent_scores(component: Any, docs: list[Doc], smoothing: float) -> Array:
    scores = np.clip(component.model.ops.to_numpy(component.predict(docs)), LEAST, 1 - LEAST)
    return (np.log(scores) - np.log1p(-scores))[:, None]


HEADS = {
    "hone_ner": Head("tags", True, _own_tags, _token_logits),
    "hone_tagger": Head("tags", True, _labels, _token_logits),
    "hone_textcat": Head("categories", True, _labels, _category_logits),
    "hone_textcat_multilabel": Head("categories", False, _labels, _category_logits),
    "hone_transition_ner": Head("tags", True, _decision_tags, _decisions),
    "ner": Head("tags", True, _decision_tags, _decisions),
    "beam_ner": Head("tags", True, _decision_tags, _decisions),
    "tagger": Head("tags", True, _labels, _tagger_scores),
    "morphologizer": Head("tags", True, _labels, _tagger_scores),
    "textcat": Head("categories", True, _labels, _exclusive_scores),
    "textcat_multilabel": Head("categories", False, _labels, _independent_scores),
}


def upstream(nlp: Language, name: str) -> list[str]:
    """The components that one needs to run before it: those that it listens to, those that they listen to, and all
    where its features are annotations of others."""
    needed, all_before = {name}, False
    earlier = nlp.pipe_names[: nlp.pipe_names.index(name)]
    for user, other in zip((name, *reversed(earlier)), reversed(earlier)):
        all_before = all_before or (user in needed and _reads_annotation(nlp.get_pipe(user)))
        if all_before or needed.intersection(getattr(nlp.get_pipe(other), "listening_components", ())):
            needed.add(other)
    return [other for other in earlier if other in needed]


def _reads_annotation(component: Any) -> bool:
    """Whether the features of a component are made of what other components write."""
    model = getattr(component, "model", None)
    nodes = model.walk() if isinstance(model, Model) else ()
    return any(READ.intersection(node.attrs["columns"]) for node in nodes if node.name == "extract_features")


def token_vectors(component: Any, docs: list[Doc]) -> list[Array] | None:
    """What a component computes its logits from, one array of shape (tokens, width) for each document: the output
    of its tok2vec, or of its listener pooled to tokens. None if it has none."""
    layer = component.model.maybe_get_ref("tok2vec")
    if layer is None:
        return None
    vectors = layer.predict(docs)
    if not isinstance(vectors, list):  # in a transition parser a projection follows
        vectors = layer.layers[0].predict(docs)
    return [component.model.ops.to_numpy(rows) for rows in vectors]
