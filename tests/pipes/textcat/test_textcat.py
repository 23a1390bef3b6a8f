"""hone_textcat and hone_textcat_multilabel: training, masks, growth, serialisation."""

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.language import Language
from spacy.tokens import Doc

from .conftest import (
    BY_FACTORY,
    LABELS,
    MULTI,
    SINGLE,
    TOK2VEC,
    each_factory,
    examples,
    gold,
    initialized,
    pipeline,
    train,
)

# Training


@each_factory
def test_learns_and_is_scored(factory, trained):
    nlp, rows = trained(factory), BY_FACTORY[factory]
    docs = [nlp(text) for text, _ in rows]
    assert [doc._.labels for doc in docs] == [gold(cats) for _, cats in rows]
    assert all(tuple(doc.cats) == LABELS for doc in docs)
    scores = nlp.evaluate(examples(nlp, rows))
    for key in ("cats_score", "cats_macro_f", "cats_pr_auc", "cats_balanced_accuracy", "cats_accuracy"):
        assert scores[key] == pytest.approx(1.0), key


def test_exclusive_probabilities_sum_to_one(trained):
    assert_allclose(sum(trained()("the bread and the bank").cats.values()), 1.0, rtol=1e-6)


@pytest.mark.parametrize("pooling", ["max", "first", "attention"])
def test_learns_with_every_pooling(pooling):
    rows = [(text.removeprefix("the "), cats) for text, cats in SINGLE]
    nlp = train(pipeline(pooling=pooling), rows)
    assert [nlp(text)._.labels for text, _ in rows] == [gold(cats) for _, cats in rows]


def test_the_reported_loss_is_the_mean_objective():
    nlp = initialized()
    losses = nlp.update(examples(nlp, SINGLE), sgd=False, drop=0.0)
    p = nlp.get_pipe("textcat").predict([nlp.make_doc(text) for text, _ in SINGLE])
    y = [list(cats.values()).index(1) for _, cats in SINGLE]
    assert_allclose(losses["textcat"], -np.log(p[range(len(y)), y]).mean(), rtol=1e-5)


def test_labels_are_found_sorted_and_counted():
    cfg = initialized().get_pipe("textcat").cfg
    assert (cfg["labels"], cfg["counts"], cfg["total"]) == (["food", "money", "sport"], [6, 6, 6], 18)
    rows = [*MULTI, ("nothing known", {}), ("partly", {"food": 1})]
    cfg = initialized("hone_textcat_multilabel", rows).get_pipe("textcat").cfg
    assert (cfg["counts"], cfg["total"]) == ([13, 12, 12], [20, 19, 19])


def test_given_labels_leave_other_categories_to_others():
    nlp = pipeline()
    rows = [("a b", {"food": 1, "money": 0, "urgent": 1, "loud": 1}), ("c d", {"money": 1, "urgent": 0})]
    textcat = nlp.get_pipe("textcat")
    textcat.initialize(lambda: examples(nlp, rows), nlp=nlp, labels=["money", "food"])
    assert textcat.labels == textcat.label_data == ("money", "food")
    assert textcat.cfg["counts"] == [1, 1]
    nlp.update(examples(nlp, rows))


def test_weights_are_by_label():
    loss = {"@losses": "hone.CrossEntropy.v1", "link": "sigmoid", "weights": [["food", 3.0]]}
    nlp = initialized("hone_textcat_multilabel", loss=loss)
    textcat = nlp.get_pipe("textcat")
    assert textcat.cfg["weights"] == [["food", 3.0], ["money", 1.0], ["sport", 1.0]]
    batch, logits = examples(nlp, MULTI[:1]), np.zeros((1, 3), dtype="float32")
    assert_allclose(textcat.get_loss(batch, logits)[1], [[-1.5, 0.5, -0.5]])


# Missing annotation


@pytest.mark.parametrize(
    "factory, cats, is_known",
    [
        ("hone_textcat", {}, [0, 0, 0]),
        ("hone_textcat", {"food": 1}, [1, 1, 1]),
        ("hone_textcat", {"food": 0}, [0, 0, 0]),
        ("hone_textcat", {"other": 1}, [0, 0, 0]),
        ("hone_textcat_multilabel", {}, [0, 0, 0]),
        ("hone_textcat_multilabel", {"food": 1}, [1, 0, 0]),
        ("hone_textcat_multilabel", {"food": 0, "sport": 1}, [1, 0, 1]),
    ],
)
def test_what_is_not_annotated_has_no_gradient(factory, cats, is_known):
    nlp = initialized(factory)
    batch = examples(nlp, [("the bread of today", BY_FACTORY[factory][0][1]), ("a loan", cats)])
    textcat = nlp.get_pipe("textcat")
    value, d_logits = textcat.get_loss(batch, textcat.logits([eg.predicted for eg in batch]))
    assert value > 0 and d_logits[0].all()
    assert_allclose(d_logits[1] != 0, is_known)
    alone = textcat.get_loss(batch[:1], textcat.logits([batch[0].predicted]))
    if not any(is_known):
        assert_allclose(value, alone[0], rtol=1e-5)
        assert_allclose(d_logits[0], alone[1][0], rtol=1e-5)


STOCK = {
    "model": {
        "@architectures": "spacy.TextCatReduce.v1",
        "exclusive_classes": True,
        "tok2vec": TOK2VEC,
        "use_reduce_first": False,
        "use_reduce_last": False,
        "use_reduce_max": False,
        "use_reduce_mean": True,
    }
}


def accuracy_after_updates_without_annotation(nlp: Language) -> float:
    sgd = nlp.resume_training()
    sgd.learn_rate = 0.02
    for _ in range(20):
        nlp.update(examples(nlp, [(text, {}) for text, _ in SINGLE]), sgd=sgd)
    docs = [nlp(text) for text, _ in SINGLE]
    return float(np.mean([doc.cats[gold(cats)[0]] for doc, (_, cats) in zip(docs, SINGLE)]))


def test_unlabelled_documents_take_nothing_away(trained):
    assert accuracy_after_updates_without_annotation(trained()) > 0.9


def test_stock_textcat_collapses_on_unlabelled_documents():
    """Why ours masks them: this is what the test above would show without."""
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat", config=STOCK)
    assert accuracy_after_updates_without_annotation(train(nlp, SINGLE)) < 0.6


# Documents without tokens, whitespace


@each_factory
def test_empty_documents(factory, trained):
    nlp = trained(factory)
    alone, joined = nlp("").cats, [*nlp.pipe(["the bread", "", " "])]
    assert list(alone.values()) == pytest.approx(list(joined[1].cats.values()))
    assert joined[2]._.labels is not None and len(joined[2].cats) == 3
    textcat = nlp.get_pipe("textcat")
    assert textcat.logits([]).shape == textcat.predict([]).shape == (0, 3)
    textcat.set_annotations([], textcat.predict([]))
    assert list(nlp.pipe([])) == []
    rows = BY_FACTORY[factory]
    nlp.update(examples(nlp, [("", rows[0][1]), rows[1]]), sgd=nlp.resume_training())
    nlp.update(examples(nlp, [("", rows[0][1])]), sgd=nlp.resume_training())


# Growth


@each_factory
def test_labels_can_be_added_to_a_trained_component(factory, trained):
    nlp = trained(factory)
    textcat, docs = nlp.get_pipe("textcat"), [nlp.make_doc("the bread of today")]
    before = textcat.logits(docs)
    assert (textcat.add_label("weather"), textcat.add_label("food")) == (1, 0)
    assert_allclose(textcat.logits(docs)[:, :3], before, rtol=1e-6)
    assert textcat.cfg["counts"][3] == 0
    cats = dict.fromkeys(LABELS, 0) | {"weather": 1}
    more = [(f"{word} tomorrow", cats) for word in ("rain", "snow", "sun")]
    sgd = nlp.resume_training()
    sgd.learn_rate = 0.02
    for _ in range(30):
        nlp.update(examples(nlp, BY_FACTORY[factory] + more), sgd=sgd)
    assert nlp("rain tomorrow")._.labels == ["weather"]
    assert "food" in nlp(BY_FACTORY[factory][0][0])._.labels


def test_labels_without_examples():
    nlp = pipeline()
    for label in ("a", "b"):
        nlp.get_pipe("textcat").add_label(label)
    nlp.initialize()
    assert set(nlp("x").cats) == {"a", "b"}


def test_training_anew_gives_thresholds_and_temperature_up(trained):
    nlp = trained("hone_textcat_multilabel", thresholds=[["food", 0.9]], temperature=3.0)
    nlp.initialize(lambda: examples(nlp, MULTI))
    cfg = nlp.get_pipe("textcat").cfg
    assert (cfg["thresholds"], cfg["temperature"]) == ([], 1.0)


# Serialisation


@each_factory
def test_disk_keeps_everything(factory, trained, tmp_path):
    nlp = trained(factory, positive_label="food")
    textcat = nlp.get_pipe("textcat")
    textcat.calibrate(1.5)
    textcat.set_thresholds([["food", 0.99]])
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert again.get_pipe("textcat").cfg == textcat.cfg
    for text, _ in BY_FACTORY[factory]:
        assert again(text).cats == nlp(text).cats
        assert again(text)._.labels == nlp(text)._.labels
    again.get_pipe("textcat").add_label("more")


def test_documents_and_processes_keep_decisions(trained):
    nlp = trained()
    texts = [text for text, _ in SINGLE[:4]]
    expected = [nlp(text) for text in texts]
    found = [*nlp.pipe(texts, n_process=2, batch_size=2)]
    assert [doc._.labels for doc in found] == [doc._.labels for doc in expected]
    assert list(found[0].cats.values()) == pytest.approx(list(expected[0].cats.values()), rel=1e-5)
    assert Doc(nlp.vocab).from_bytes(expected[0].to_bytes())._.labels == ["food"]


@each_factory
def test_declares_what_it_writes(factory):
    assert pipeline(factory).get_pipe_meta("textcat").assigns == ["doc.cats", "doc._.labels"]
    weights = spacy.blank("en").get_factory_meta(factory).default_score_weights
    assert weights["cats_score"] == 1.0
