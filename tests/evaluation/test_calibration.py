import numpy as np
import pytest

from spacy_hone.evaluation.calibration import expected_calibration_error
from spacy_hone.evaluation.summary import summarise


def test_by_hand():
    confidence = [0.9, 0.92, 0.3, 0.31]  # two bins: gaps |1 - 1.82|, |1 - 0.61| of 4
    assert expected_calibration_error(confidence, [1, 0, 1, 0]) == pytest.approx((0.82 + 0.39) / 4)


def test_bins_are_open_below_and_closed_above():
    third = 5 / 15
    assert expected_calibration_error([third, third - 1e-9], [1, 0]) == pytest.approx(abs(1 - 2 * third) / 2)
    assert expected_calibration_error([third, third + 1e-9], [1, 0]) == pytest.approx(0.5)
    assert expected_calibration_error([0.0, 1.0], [0, 1]) == 0.0


def test_nothing_to_judge():
    assert expected_calibration_error([], []) is None


def test_perfect_calibration_has_almost_no_error():
    rng = np.random.default_rng(0)
    p = rng.random(200_000)
    right = rng.random(200_000) < p
    assert expected_calibration_error(p, right) < 0.01
    assert expected_calibration_error(np.sqrt(p), right) > 0.1


def test_entities_with_confidence(doc_of):
    golds = [doc_of("a b c", (0, 1, "X"), (1, 2, "X"))]
    preds = [doc_of("a b c", (0, 1, "X"), (1, 2, "Y"), (2, 3, "X"))]
    assert summarise(golds, preds).calibration_error is None
    for ent, confidence in zip(preds[0].ents, (0.9, 0.5, 0.52)):
        ent._.confidence = confidence
    assert summarise(golds, preds).calibration_error == pytest.approx((0.1 + 0.5 + 0.52) / 3)
