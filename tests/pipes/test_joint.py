"""Entities and categories over one encoder, annotated in part and in either order: what stock components lose, and
that ours lose nothing."""

from itertools import permutations, product

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import Model, fix_random_seed

STOCK, OURS = ("ner", "textcat"), list(product(("hone_ner", "hone_transition_ner"), ("hone_textcat",)))
TEXTS = [
    (f"{person} {verb} {place} for money", person, place, {"LEGAL": holds, "OTHER": 1 - holds})
    for person, place in zip(("Anna", "Bob", "Carla", "Dieter"), ("Paris", "Rome", "Oslo", "Bern"))
    for verb, holds in (("sues", 1), ("paints", 0))
]
TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 16,
    "depth": 1,
    "embed_size": 500,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
}
TRANSFORMER = {
    "@architectures": "hone.TransformerEncoder.v1",
    "vocab_size": 60,
    "depth": 1,
    "width": 16,
    "n_heads": 2,
    "ff_width": 16,
    "precision": "fp32",
}
LISTENERS = {
    "tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": 16},
    "transformer": {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": "reduce_first.v1"},
    },
}
PARSER = {"@architectures": "spacy.TransitionBasedParser.v2", "state_type": "ner", "hidden_width": 16}
PARSER |= {"extra_state_tokens": False, "maxout_pieces": 2, "use_upper": True}
MODELS = {
    "ner": PARSER,
    "textcat": {"@architectures": "spacy.TextCatCNN.v2", "exclusive_classes": True},
    "hone_ner": {"@architectures": "hone.TokenClassifier.v1"},
    "hone_transition_ner": PARSER,
    "hone_textcat": {"@architectures": "hone.TextClassifier.v1"},
    "hone_textcat_multilabel": {"@architectures": "hone.TextClassifier.v1"},
}


def pipeline(encoder: str, *heads: str) -> Language:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    model = nlp.add_pipe(encoder, config={"model": TOK2VEC if encoder == "tok2vec" else TRANSFORMER}).model
    if encoder == "transformer":
        from spacy_hone.models.scratch import train_tokenizer

        train_tokenizer(model, [text for text, *_ in TEXTS])
    for head in heads:
        nlp.add_pipe(head, config={"model": {**MODELS[head], "tok2vec": LISTENERS[encoder]}})
    nlp.initialize(lambda: examples(nlp))
    return nlp


def examples(nlp: Language, entities: bool = True, categories: bool = True) -> list[Example]:
    made = []
    for text, person, place, cats in TEXTS:
        reference = nlp.make_doc(text)
        if entities:
            spans = [(text.index(name), name, label) for name, label in ((person, "PER"), (place, "LOC"))]
            reference.ents = [reference.char_span(at, at + len(name), label=la) for at, name, la in spans]
        if categories:
            reference.cats = dict(cats)
        made.append(Example(nlp.make_doc(text), reference))
    return made


def train(nlp: Language, *batches: list[Example], rounds: int = 40, rate: float = 0.02) -> None:
    sgd = nlp.resume_training()
    sgd.learn_rate = rate
    for _, batch in product(range(rounds), batches):
        nlp.update(batch, sgd=sgd)


def scores(nlp: Language) -> tuple[float, float]:
    found = nlp.evaluate(examples(nlp))
    return found["ents_f"], found["cats_macro_f"]


def stir(nlp: Language) -> Language:
    """Give weights to the layers that start at zero: through them no gradient comes."""
    rng = np.random.default_rng(0)
    for name in nlp.pipe_names[1:]:
        for node in nlp.get_pipe(name).model.walk():
            if node.has_param("W") and not node.get_param("W").any():
                node.set_param("W", rng.normal(size=node.get_param("W").shape).astype("float32"))
    return nlp


def like(nlp: Language, other: Language) -> Language:
    """Give the pipeline the weights of another."""
    for name, component in nlp.components:
        component.model.from_bytes(other.get_pipe(name).model.to_bytes())
    return nlp


def encoder_gradient(nlp: Language, batch: list[Example]) -> np.ndarray:
    fix_random_seed(0)  # the parser's hidden layer has a dropout that never rests
    nlp.update(batch, sgd=False, drop=0.0)
    model: Model = nlp.get_pipe(nlp.pipe_names[0]).model
    gradients = [gradient for _, gradient in model.get_gradients().values()]
    for shim in (shim for node in model.walk() for shim in node.shims):
        gradients += [p.grad.numpy() for p in shim._model.parameters() if p.grad is not None]
    return np.concatenate([np.zeros(1), *(gradient.ravel() for gradient in gradients)])


@pytest.mark.parametrize("encoder", ["tok2vec", "transformer"])
def test_stock_the_encoder_learns_nothing_from_categories_before_an_idle_ner(encoder):
    for order, arrives in ((("ner", "textcat"), True), (("textcat", "ner"), False)):
        nlp = stir(pipeline(encoder, *order))
        assert encoder_gradient(nlp, examples(nlp, entities=False)).any() is np.bool_(arrives)


@pytest.mark.parametrize("encoder", ["tok2vec", "transformer"])
@pytest.mark.parametrize("heads", OURS)
@pytest.mark.parametrize("known", [{"entities": False}, {"categories": False}, {}], ids=str)
def test_ours_the_encoder_learns_the_same_in_either_order(encoder, heads, known):
    nlp = stir(pipeline(encoder, *heads))
    turned = like(pipeline(encoder, *heads[::-1]), nlp)
    gradient = encoder_gradient(nlp, examples(nlp, **known))
    assert gradient.any()
    np.testing.assert_allclose(
        encoder_gradient(turned, examples(turned, **known)), gradient, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("heads", [STOCK, *OURS])
def test_categories_collapse_on_documents_without_them_only_in_stock(heads):
    nlp = pipeline("tok2vec", *heads)
    train(nlp, examples(nlp))
    assert scores(nlp) == (1.0, 1.0)
    train(nlp, examples(nlp, categories=False), rounds=20, rate=0.01)
    found = scores(nlp)
    assert found == (1.0, 1.0) if heads in OURS else found[1] < 0.5


@pytest.mark.parametrize("heads", [STOCK, *OURS])
def test_categories_cannot_be_learned_beside_documents_without_them_only_in_stock(heads):
    nlp = pipeline("tok2vec", *heads)
    without = examples(nlp, categories=False)
    train(nlp, examples(nlp), *[without] * 5, rounds=15)
    found = scores(nlp)
    assert found == (1.0, 1.0) if heads in OURS else found[1] < 0.5


@pytest.mark.parametrize(
    "order",
    [
        *(order for heads in OURS for order in permutations(heads)),
        ("hone_textcat_multilabel", "hone_transition_ner"),
    ],
)
def test_ours_learn_both_where_no_document_has_both(order):
    nlp = pipeline("tok2vec", *order)
    entities, categories = examples(nlp, categories=False), examples(nlp, entities=False)
    mixed = [eg for pair in zip(entities, categories) for eg in pair]
    train(nlp, entities, categories, mixed, rounds=20)
    assert scores(nlp) == (1.0, 1.0)
