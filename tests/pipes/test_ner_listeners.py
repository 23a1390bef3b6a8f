"""hone_ner below a shared encoder: its gradient arrives, whatever is annotated and whatever the order."""

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed

LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "tok2vec"}
NER = {"model": {"@architectures": "hone.TokenClassifier.v1", "tok2vec": LISTENER, "dropout": 0.0}}
TAGGER = {"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}}
TEXT = "Anna met Bob"


def pipeline(*order: str) -> Language:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    for name in order:
        nlp.add_pipe(name, config=NER if name == "hone_ner" else TAGGER)
    nlp.initialize(lambda: [example(nlp, tags=True, entities=True)])
    rng = np.random.default_rng(0)
    for name in order:  # heads that start at zero would send back zeros
        node = nlp.get_pipe(name).model.get_ref("output" if name == "hone_ner" else "output_layer")
        node.set_param("W", rng.normal(size=node.get_param("W").shape).astype("float32") / 10)
    return nlp


def example(nlp: Language, *, tags: bool, entities: bool) -> Example:
    reference = nlp.make_doc(TEXT)
    if tags:
        for token, tag in zip(reference, ["NNP", "VBD", "NNP"]):
            token.tag_ = tag
    if entities:
        reference.ents = [reference.char_span(0, 4, label="PER")]
    return Example(nlp.make_doc(TEXT), reference)


def shared_gradient(nlp: Language, **annotation: bool) -> float:
    losses = nlp.update([example(nlp, **annotation)], sgd=False, drop=0.0)
    assert (losses["hone_ner"] > 0) is annotation["entities"]
    gradients = nlp.get_pipe("tok2vec").model.get_gradients()
    return sum(float(np.abs(gradient).sum()) for _, gradient in gradients.values())


@pytest.mark.parametrize("order", [("hone_ner",), ("hone_ner", "tagger"), ("tagger", "hone_ner")])
def test_the_encoder_learns_from_entities(order):
    assert shared_gradient(pipeline(*order), tags=True, entities=True) > 0
    assert shared_gradient(pipeline(*order), tags=False, entities=True) > 0


def test_the_encoder_learns_from_others_where_entities_are_missing():
    first = shared_gradient(pipeline("hone_ner", "tagger"), tags=True, entities=False)
    last = shared_gradient(pipeline("tagger", "hone_ner"), tags=True, entities=False)
    assert first > 0 and last > 0


def test_the_listener_is_found_and_frozen_with_its_component():
    nlp = pipeline("tagger", "hone_ner")
    assert nlp.get_pipe("tok2vec").listening_components == ["tagger", "hone_ner"]
    before = nlp.get_pipe("hone_ner").model.to_bytes()
    sgd = nlp.resume_training()
    nlp.update([example(nlp, tags=True, entities=True)], sgd=sgd, exclude=["hone_ner"])
    assert nlp.get_pipe("hone_ner").model.to_bytes() == before


def test_listeners_can_be_replaced():
    nlp = pipeline("hone_ner")
    expected = [ent._.confidence for ent in nlp(TEXT).ents]
    nlp.replace_listeners("tok2vec", "hone_ner", ["model.tok2vec"])
    assert [ent._.confidence for ent in nlp(TEXT).ents] == pytest.approx(expected)
