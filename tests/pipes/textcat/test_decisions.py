"""hone_textcat and hone_textcat_multilabel: thresholds, temperature, `doc._.labels`; and bad input."""

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.tokens import Doc

from spacy_hone.errors import HoneError

from .conftest import (
    BY_FACTORY,
    LABELS,
    MULTI,
    SINGLE,
    each_factory,
    examples,
    gold,
    initialized,
    pipeline,
)

# Decisions


def test_thresholds_of_independent_labels(trained):
    nlp = trained("hone_textcat_multilabel")
    text = MULTI[0][0]
    p = nlp(text).cats
    assert nlp(text)._.labels == ["food", "sport"]
    nlp.get_pipe("textcat").set_thresholds([["food", 1.0], ["money", p["money"]]])
    assert nlp(text)._.labels == ["money", "sport"]
    nlp.get_pipe("textcat").set_thresholds([])
    assert nlp(text)._.labels == ["food", "sport"]


def test_threshold_of_the_positive_label(trained):
    nlp = trained(positive_label="food")
    textcat = nlp.get_pipe("textcat")
    bread, loan = "the bread of today", "the loan of today"
    assert [nlp(text)._.labels for text in (bread, loan)] == [["food"], ["money"]]
    textcat.set_thresholds([["food", 1.0]])
    assert nlp(bread)._.labels in (["money"], ["sport"])
    textcat.set_thresholds([("food", nlp(loan).cats["food"])])
    assert nlp(loan)._.labels == ["food"]
    scores = nlp.evaluate(examples(nlp, SINGLE))
    assert scores["cats_score_desc"] == "F (food)"
    assert scores["cats_score"] == scores["cats_f_per_type"]["food"]["f"] < 1.0


@each_factory
def test_the_scorer_decides_as_the_component(factory, trained):
    """Every document that the threshold turns is wrong, for the component and for the scorer."""
    nlp, rows = trained(factory, positive_label="food"), BY_FACTORY[factory]
    p_food = sorted(nlp(text).cats["food"] for text, _ in rows)
    nlp.get_pipe("textcat").set_thresholds([["food", p_food[3]]])
    right = [nlp(text)._.labels == gold(cats) for text, cats in rows]
    assert 0 < np.mean(right) < 1
    assert_allclose(nlp.evaluate(examples(nlp, rows))["cats_accuracy"], np.mean(right))


@each_factory
def test_temperature_divides_the_logits(factory, trained):
    nlp = trained(factory)
    textcat, docs = nlp.get_pipe("textcat"), [nlp.make_doc("the bread of today")]
    z = textcat.logits(docs)
    textcat.calibrate(2.5)
    expected = 1 / (1 + np.exp(-z / 2.5))
    if factory == "hone_textcat":
        expected = np.exp(z / 2.5) / np.exp(z / 2.5).sum()
    assert_allclose(textcat.logits(docs), z)
    assert_allclose(textcat.predict(docs), expected, rtol=1e-5)
    assert_allclose(list(nlp(docs[0]).cats.values()), expected[0], rtol=1e-5)


def test_two_components_share_the_document(trained):
    nlp = trained()
    tone = nlp.add_pipe("hone_textcat_multilabel", name="tone")
    tone.initialize(lambda: examples(nlp, [("a b", {"loud": 1, "rude": 0})]), nlp=nlp)
    tone.set_thresholds([["loud", 0.0], ["rude", 1.0]])
    doc = nlp(nlp("the bread of today"))
    assert set(doc.cats) == {*LABELS, "loud", "rude"}
    assert doc._.labels == ["food", "loud"]


def test_documents_decide_for_nothing_before():
    doc = Doc(spacy.blank("en").vocab, words=["a"])
    assert doc._.labels == []


# Bad input

TWO = {"food": 1, "sport": 1}
BAD_EXAMPLES = {
    "two positives": ("hone_textcat", [SINGLE[0], ("much bread", TWO)], "H317", "document 2 .*'much bread'.*food, sport"),
    "soft category": ("hone_textcat", [("a b", {"food": 0.5, "sport": 0.5})], "H316", "document 1 .*'food' is 0.5"),
    "soft multi": ("hone_textcat_multilabel", [SINGLE[0], ("a b", {"food": 2})], "H316", "document 2 .* is 2"),
    "one label": ("hone_textcat", [("a b", {"legal": 1}), ("c", {"legal": 0})], "H318", r"\(legal\)"),
    "not annotated": ("hone_textcat", [("a b", {}), ("c", {})], "H324", "of 2 documents"),
    "none holds": ("hone_textcat", [("a b", {"food": 0, "sport": 0})], "H324", "which label holds"),
    "not annotated multi": ("hone_textcat_multilabel", [("a b", {})], "H324", "of 1 documents"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_EXAMPLES)
def test_bad_examples_are_refused_before_training(case):
    factory, rows, code, match = BAD_EXAMPLES[case]
    nlp = pipeline(factory)
    with pytest.raises(HoneError, match=rf"\[{code}\](.|\n)*{match}"):
        nlp.initialize(lambda: examples(nlp, rows))


@pytest.mark.parametrize("cats, code", [(TWO, "H317"), ({"food": 0.3}, "H316")])
def test_bad_examples_are_refused_in_training(cats, code):
    nlp = initialized()
    with pytest.raises(HoneError, match=rf"\[{code}\] In document 2 of the batch \('a loan'\)"):
        nlp.update(examples(nlp, [SINGLE[0], ("a loan", cats)]))


def test_unknown_positive_label():
    with pytest.raises(HoneError, match=r"\[H319\].*'fodo'.*Did you mean food"):
        initialized(positive_label="fodo")


@pytest.mark.parametrize(
    "factory, link", [("hone_textcat", "sigmoid"), ("hone_textcat_multilabel", "softmax")]
)
def test_a_loss_of_the_wrong_link(factory, link):
    with pytest.raises(HoneError, match=rf"\[H315\] Component 'textcat'.*'{link}'"):
        pipeline(factory, loss={"@losses": "hone.CrossEntropy.v1", "link": link})


@pytest.mark.parametrize(
    "factory, pairs, code",
    [
        ("hone_textcat_multilabel", [["fod", 0.5]], r"\[H320\].*'fod'.*Did you mean food"),
        ("hone_textcat_multilabel", [["zzz", 0.5]], r"\[H320\].*food, money, sport"),
        ("hone_textcat_multilabel", [["food", 1.5]], r"\[H321\].*'food' is 1.5"),
        ("hone_textcat_multilabel", [["food", "0.5"]], r"\[H321\].*'0.5'"),
        ("hone_textcat_multilabel", [["food", float("nan")]], r"\[H321\].*nan"),
        ("hone_textcat", [["food", 0.5]], r"\[H322\].*'food'.*positive_label is None"),
    ],
)
def test_bad_thresholds_change_nothing(factory, pairs, code):
    textcat = initialized(factory).get_pipe("textcat")
    with pytest.raises(HoneError, match=code):
        textcat.set_thresholds([["sport", 0.5], *pairs] if factory == "hone_textcat_multilabel" else pairs)
    assert textcat.cfg["thresholds"] == []


@pytest.mark.parametrize("temperature", [0, -1.0, float("inf"), float("nan")])
def test_bad_temperature(temperature):
    with pytest.raises(HoneError, match=r"\[H323\]"):
        initialized().get_pipe("textcat").calibrate(temperature)
