import numpy as np
import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_hone.evaluation.samples import make_samples
from spacy_hone.evaluation.scores import prf, score_entities, score_tokens


def test_counts_by_document_and_type(doc_of):
    golds = [doc_of("a b c", (0, 2, "X"), (2, 3, "Y")), doc_of("a b", (0, 1, "X"))]
    preds = [doc_of("a b c", (0, 1, "X"), (2, 3, "Y")), doc_of("a b", (0, 1, "Z"))]
    scores = score_entities(make_samples(golds, preds))
    assert scores.labels == ("X", "Y", "Z")
    assert scores.counts.tolist() == [
        [[0, 1, 1], [1, 0, 0], [0, 0, 0]],
        [[0, 0, 1], [0, 0, 0], [0, 1, 0]],
    ]
    assert scores.micro == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert scores.macro == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_right_boundaries_with_the_wrong_label_are_wrong_twice(doc_of):
    scores = score_entities(make_samples([doc_of("a", (0, 1, "X"))], [doc_of("a", (0, 1, "Y"))]))
    assert scores.counts.sum((0, 1)).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((0, 0, 0), (0, 0, 0)), ((0, 3, 0), (0, 0, 0)), ((0, 0, 3), (0, 0, 0)), ((2, 0, 2), (1, 0.5, 2 / 3))],
)
def test_zero_denominators_are_zero(counts, expected):
    assert prf(np.array(counts)) == pytest.approx(expected)


def test_nothing_to_score(doc_of):
    scores = score_entities(make_samples([doc_of("a b")], [doc_of("a b")]))
    assert scores.labels == () and scores.micro == scores.macro == (0, 0, 0)


def test_token_accuracy_leaves_out_whitespace_and_missing(doc_of):
    gold = doc_of("a \n b c d", (0, 1, "X"))
    gold.set_ents([gold.ents[0]], missing=[gold[4:5]])
    pred = doc_of("a \n b c d", (1, 3, "X"), (4, 5, "X"))
    assert score_tokens(make_samples([gold], [pred])) == pytest.approx((1 / 3, 2 / 3, 3))


def test_token_accuracy_of_nothing():
    gold = Doc(Vocab(), words=["a"])
    assert score_tokens(make_samples([gold], [gold])) == (0, 0, 0)
