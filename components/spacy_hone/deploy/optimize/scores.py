"""How a pipeline decides on a corpus, and what its scores say in one number."""

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from ...errors import Errors, HoneError
from ...evaluation.predict import bare

Weights = Mapping[str, float | None]
WARM = 32  # documents before the clock runs


class Outcome(NamedTuple):
    """scores: as of `nlp.evaluate`. score: the weighted one. decisions: of each document. speed: words per second."""

    scores: dict[str, Any]
    score: float
    decisions: list[dict[str, Any]]
    speed: float


def run(nlp: Language, golds: Sequence[Doc], path: object) -> Outcome:
    """Predict and score documents as `spacy evaluate` does.

    path: of the corpus, for error messages. Raises H721 if nothing of what the pipeline is weighed by can be scored.
    """
    for _ in nlp.pipe(make_inputs(nlp, golds[:WARM])):
        pass
    inputs = make_inputs(nlp, golds)
    start = perf_counter()
    docs = [_lighten(doc) for doc in nlp.pipe(inputs)]
    speed = sum(map(len, docs)) / (perf_counter() - start)
    scores = Scorer(nlp).score([Example(doc, gold) for doc, gold in zip(docs, golds)])
    weights = nlp.config["training"]["score_weights"]
    return Outcome(scores, weigh(scores, weights, path), [decide(doc) for doc in docs], speed)


def make_inputs(nlp: Language, golds: Sequence[Doc]) -> list[Doc]:
    """Documents as the pipeline would cut them, or with the gold tokens where their spaces are not known."""
    return [bare(gold, nlp) if gold.has_unknown_spaces else nlp.make_doc(gold.text) for gold in golds]


def weigh(scores: Mapping[str, Any], weights: Weights, path: object = "") -> float:
    """The weighted mean of those scores that have a weight and are known. Raises H721 for none."""
    known = {name: weight for name, weight in weights.items() if weight and is_number(scores.get(name))}
    if not known:
        named = ", ".join(name for name, weight in weights.items() if weight) or "nothing"
        raise HoneError(Errors.H721.format(path=path, weights=named))
    return sum(scores[name] * weight for name, weight in known.items()) / sum(known.values())


def shown(scores: Mapping[str, Any], weights: Weights) -> dict[str, float]:
    """The scores that training shows: those that have a weight, 0 included."""
    return {name: scores[name] for name in weights if is_number(scores.get(name))}


def is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def decide(doc: Doc) -> dict[str, Any]:
    """What a pipeline decided about a document: its spans, and by token and category."""
    groups = {"ents": doc.ents, **doc.spans}
    return {
        "spans": {
            key: [(s.start_char, s.end_char, s.label_) for s in spans] for key, spans in groups.items()
        },
        "tokens": [(token.tag_, token.pos_, token.dep_, token.head.i) for token in doc],
        "category": max(doc.cats, key=doc.cats.__getitem__, default=None),
    }


def _lighten(doc: Doc) -> Doc:
    """Drop the transformer's output, which would fill the memory on a large corpus."""
    if Doc.has_extension("trf_data"):
        doc._.trf_data = None
    return doc
