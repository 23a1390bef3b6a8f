"""An untrained hone_textcat_multilabel says how frequent each label is; other heads know nothing yet."""

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.language import Language
from spacy.training import Example

CATS = [{"A": int(i < 30), "B": int(i < 2)} for i in range(38)]


def untrained(factory: str, **config) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, name="pipe", config=config)
    examples = [Example.from_dict(nlp.make_doc("the same text"), {"cats": cats}) for cats in CATS]
    nlp.initialize(lambda: examples)
    return nlp


def bias(nlp: Language) -> np.ndarray:
    return nlp.get_pipe("pipe").model.get_ref("output").get_param("b")  # type: ignore[attr-defined]


def test_independent_labels_begin_with_their_frequencies():
    nlp = untrained("hone_textcat_multilabel")
    assert_allclose(bias(nlp), np.log([31 / 9, 3 / 37]), rtol=1e-6)
    assert list(nlp("").cats.values()) == pytest.approx([31 / 40, 3 / 40])


def test_balanced_labels_and_dice_begin_in_the_middle():
    loss = {"@losses": "hone.CrossEntropy.v1", "link": "sigmoid", "weights": "balanced", "max_weight": 50}
    assert abs(bias(untrained("hone_textcat_multilabel", loss=loss))).max() < 0.1
    loss = {"@losses": "hone.Dice.v1", "link": "sigmoid"}
    assert not bias(untrained("hone_textcat_multilabel", loss=loss)).any()


def test_a_component_that_is_continued_keeps_what_it_has_learned(tmp_path):
    old = untrained("hone_textcat_multilabel")
    bias(old)[:] = [5, 6]
    old.to_disk(tmp_path)
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("hone_textcat_multilabel", name="pipe")
    cats = [{**each, "C": int(i < 4)} for i, each in enumerate(CATS)]
    examples = [Example.from_dict(nlp.make_doc("the same text"), {"cats": each}) for each in cats]
    pipe.initialize(lambda: examples, nlp=nlp, init_from=tmp_path)  # type: ignore[attr-defined]
    assert_allclose(bias(nlp), [5, 6, np.log(5 / 35)], rtol=1e-6)
