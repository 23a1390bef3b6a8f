"""What a pipeline scores on a corpus, by spaCy's own scorers."""

from collections.abc import Iterable, Mapping, Sequence

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import combine_score_weights

from ..optimize.scores import make_inputs


def score(nlp: Language, golds: Sequence[Doc], batch_size: int) -> dict[str, float]:
    """The scores of `spacy evaluate` that the corpus has annotation for; of raw text, unless its spaces are unknown."""
    examples = [Example(doc, gold) for doc, gold in zip(make_inputs(nlp, golds), golds)]
    found = nlp.evaluate(examples, batch_size=batch_size)
    return {name: value for name, value in found.items() if isinstance(value, float) and name != "speed"}


def name_scores(nlp: Language, scores: Mapping[str, float]) -> list[str]:
    """The scores that its training, or else its components, would choose a pipeline by."""
    trained = nlp.config["training"].get("score_weights", {})
    metas = [nlp.get_pipe_meta(name).default_score_weights or {} for name in nlp.pipe_names]
    weights: Mapping[str, float | None] = trained or combine_score_weights(metas)
    return [name for name, weight in weights.items() if weight and name in scores]


def join_names(names: Iterable[Sequence[str]]) -> list[str]:
    """All names, each once."""
    return list(dict.fromkeys(name for each in names for name in each))
