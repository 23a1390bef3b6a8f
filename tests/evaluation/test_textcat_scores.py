"""Scores of doc.cats, against spaCy's where they must agree, scikit-learn's, and hand counts."""

import warnings

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from spacy_hone.errors import HoneError
from spacy_hone.evaluation.textcat_scores import score_textcat

NLP = spacy.blank("en")
LABELS = ("A", "B", "C")
STOCK = (
    *("cats_score", "cats_score_desc", "cats_micro_p", "cats_micro_r", "cats_micro_f", "cats_macro_p"),
    *("cats_macro_r", "cats_macro_f", "cats_macro_auc", "cats_f_per_type", "cats_auc_per_type"),
)
SINGLE = [
    ({"A": 0.7, "B": 0.2, "C": 0.1}, {"A": 1, "B": 0, "C": 0}),
    ({"A": 0.5, "B": 0.3, "C": 0.2}, {"B": 1}),
    ({"A": 0.1, "B": 0.6, "C": 0.3}, {"A": 0, "B": 1, "C": 0}),
    ({"A": 0.4, "B": 0.3, "C": 0.3}, {"A": 1, "B": 0, "C": 0}),
]
MULTI = [
    ({"A": 0.9, "B": 0.4, "C": 0.1}, {"A": 1, "B": 1, "C": 0}),
    ({"A": 0.8, "B": 0.1, "C": 0.2}, {"A": 0, "B": 0}),
    ({"A": 0.3, "B": 0.6, "C": 0.1}, {"A": 0, "B": 1, "C": 0}),
    ({"A": 0.7, "B": 0.2, "C": 0.3}, {"A": 1, "C": 0}),
]


def examples(rows) -> list[Example]:
    made = []
    for predicted, gold in rows:
        eg = Example(*(Doc(NLP.vocab, words=["w"]) for _ in range(2)))
        eg.predicted.cats, eg.reference.cats = dict(predicted), dict(gold)
        made.append(eg)
    return made


def score(rows, **options):
    return score_textcat(examples(rows), labels=LABELS, **options)


@pytest.mark.parametrize("rows, multi_label", [(SINGLE, False), (MULTI, True)])
def test_agrees_with_stock_at_its_decisions(rows, multi_label):
    scores = score(rows, multi_label=multi_label, temperature=1.0, counts=[1, 2])
    expected = Scorer.score_cats(examples(rows), "cats", labels=LABELS, multi_label=multi_label)
    assert {key: scores[key] for key in STOCK} == expected


def test_agrees_with_stock_on_one_positive_of_two():
    rows = [({"A": p, "B": 1 - p}, {"A": y, "B": 1 - y}) for p, y in [(0.9, 1), (0.6, 0), (0.2, 1)]]
    options = {"labels": ["A", "B"], "multi_label": False, "positive_label": "A"}
    scores = score_textcat(examples(rows), **options)
    expected = Scorer.score_cats(examples(rows), "cats", **options)
    assert {key: scores[key] for key in STOCK} == expected
    assert scores["cats_score_desc"] == "F (A)"


def test_exclusive_labels_by_hand():
    """Decided A A B A; gold A B B A. C holds nowhere."""
    metrics = pytest.importorskip("sklearn.metrics")
    scores = score(SINGLE, multi_label=False)
    assert scores["cats_accuracy"] == 3 / 4
    assert scores["cats_balanced_accuracy"] == (1 + 1 / 2) / 2
    assert scores["cats_balanced_accuracy"] == metrics.balanced_accuracy_score([0, 1, 1, 0], [0, 0, 1, 0])
    # Ranked by A: A (1/1), not, A (2/3); by B: B (1/1), then two tied at 0.3, of which one is B (2/3).
    assert scores["cats_pr_auc_per_type"] == pytest.approx({"A": 5 / 6, "B": 5 / 6, "C": None})
    assert_allclose(scores["cats_pr_auc"], 5 / 6)


def test_independent_labels_by_hand():
    """Decided A, A, B, A."""
    scores = score(MULTI)
    assert scores["cats_accuracy"] == 2 / 4
    assert_allclose(scores["cats_balanced_accuracy"], ((1 + 1 / 2) / 2 + (1 / 2 + 1) / 2) / 2)
    # Ranked by A: A, not, A, not.
    assert scores["cats_pr_auc_per_type"] == pytest.approx({"A": (1 + 2 / 3) / 2, "B": 1.0, "C": None})


def test_random_scores_against_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    p, gold = rng.random((60, 3)).round(1), rng.integers(2, size=(60, 3))
    rows = [(dict(zip(LABELS, each)), dict(zip(LABELS, y))) for each, y in zip(p.tolist(), gold.tolist())]
    scores = score(rows, thresholds=[["A", 0.2], ["B", 0.7]])
    holds = p >= [0.2, 0.7, 0.5]
    assert_allclose(scores["cats_macro_f"], metrics.f1_score(gold, holds, average="macro"))
    assert_allclose(scores["cats_micro_p"], metrics.precision_score(gold, holds, average="micro"))
    assert_allclose(scores["cats_accuracy"], metrics.accuracy_score(gold, holds))
    assert_allclose(scores["cats_pr_auc"], metrics.average_precision_score(gold, p))
    assert_allclose(scores["cats_macro_auc"], metrics.roc_auc_score(gold, p))
    balanced = [metrics.balanced_accuracy_score(gold[:, i], holds[:, i]) for i in range(3)]
    assert_allclose(scores["cats_balanced_accuracy"], np.mean(balanced))


def test_thresholds_are_honoured():
    assert score(MULTI)["cats_f_per_type"]["B"] == {"p": 1.0, "r": 0.5, "f": pytest.approx(2 / 3)}
    scores = score(MULTI, thresholds=[["B", 0.4], ["A", 0.85]])
    assert scores["cats_f_per_type"]["B"]["f"] == 1.0
    assert scores["cats_f_per_type"]["A"] == {"p": 1.0, "r": 0.5, "f": pytest.approx(2 / 3)}
    assert scores["cats_macro_auc"] == score(MULTI)["cats_macro_auc"]


def test_a_positive_label_and_its_threshold():
    options = {"multi_label": False, "positive_label": "B"}
    assert score(SINGLE, **options)["cats_score"] == pytest.approx(2 / 3)
    scores = score(SINGLE, thresholds=[["B", 0.25]], **options)  # decided A B B B; gold A B B A
    assert scores["cats_f_per_type"]["B"] == {"p": pytest.approx(2 / 3), "r": 1.0, "f": pytest.approx(0.8)}
    assert (scores["cats_score"], scores["cats_score_desc"]) == (pytest.approx(0.8), "F (B)")


@pytest.mark.filterwarnings("ignore:.*H621")
@pytest.mark.parametrize("rows, multi_label", [(SINGLE, False), (MULTI, True)])
def test_documents_without_annotation_are_left_out(rows, multi_label):
    more = [*rows, ({"A": 0.9, "B": 0.8, "C": 0.7}, {}), ({"A": 0.9, "B": 0.8, "C": 0.7}, {"other": 1})]
    assert score(more, multi_label=multi_label) == score(rows, multi_label=multi_label)


UNKNOWN = ({"A": 0.9, "B": 0.06, "C": 0.04}, {"A": 0, "B": 0, "C": 0, "D": 1})


def test_a_gold_label_that_no_component_knows_is_missed():
    with pytest.warns(UserWarning, match=r"\[H621\].*: D\. 2 documents"):
        scores = score([*SINGLE, UNKNOWN, (UNKNOWN[0], {"D": 1})], multi_label=False)
    assert scores["cats_accuracy"] == 3 / 6
    assert scores["cats_f_per_type"]["D"] == {"p": 0.0, "r": 0.0, "f": 0.0}
    assert scores["cats_f_per_type"]["A"]["p"] == 2 / 5
    assert scores["cats_balanced_accuracy"] == pytest.approx((1 + 1 / 2 + 0) / 3)


def test_unknown_labels_that_may_be_of_others_are_named():
    with pytest.warns(UserWarning, match=r"\[H621\].*: D\. 0 documents"):
        scores = score([*SINGLE, (UNKNOWN[0], {"D": 1})], multi_label=False)
    assert scores == score(SINGLE, multi_label=False)
    with pytest.warns(UserWarning, match=r"\[H621\].*: D\. 0 documents"):
        beside = score([UNKNOWN, (SINGLE[0][0], {"A": 1, "D": 1})], multi_label=False)
    assert beside["cats_accuracy"] == 1.0
    with pytest.warns(UserWarning, match=r"\[H621\].*: D\. 0 documents"):
        assert score([*MULTI, (UNKNOWN[0], {"D": 1})]) == score(MULTI)


def test_labels_of_another_component_are_no_strangers():
    rows = [({**predicted, "D": 0.5}, {**gold, "D": 1}) for predicted, gold in SINGLE]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = score([*rows, ({**UNKNOWN[0], "D": 0.9}, UNKNOWN[1])], multi_label=False)
    assert scores == score(SINGLE, multi_label=False)


@pytest.mark.parametrize("multi_label", [False, True])
def test_nothing_to_score(multi_label):
    scores = score([], multi_label=multi_label)
    assert scores["cats_score"] == scores["cats_pr_auc"] == scores["cats_balanced_accuracy"] == 0.0
    assert scores == score([(SINGLE[0][0], {})], multi_label=multi_label)


def test_one_class_in_the_gold_documents():
    scores = score(SINGLE[:1], multi_label=False)
    assert scores["cats_balanced_accuracy"] == scores["cats_accuracy"] == 1.0
    assert scores["cats_pr_auc_per_type"] == dict.fromkeys(LABELS)


def test_gold_categories_are_checked():
    with pytest.raises(
        HoneError, match=r"\[H316\] In document 2 of the examples to score \('w '\).*'A' is 0.5"
    ):
        score([SINGLE[0], (SINGLE[1][0], {"A": 0.5})], multi_label=False)
    with pytest.raises(HoneError, match=r"\[H317\].*A, B"):
        score([(SINGLE[1][0], {"A": 1, "B": 1})], multi_label=False)
