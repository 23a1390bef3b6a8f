"""What the bias of an output layer begins with: of independent labels, their frequencies."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spacy_hone.losses.cross_entropy import make_cross_entropy
from spacy_hone.losses.dice import make_dice
from spacy_hone.losses.distillation import make_distillation
from spacy_hone.losses.focal import make_focal

COUNTS, TOTAL = [900, 10, 0], 1000


def test_by_hand():
    loss = make_cross_entropy("sigmoid")
    loss.bind(["A", "B", "C"], COUNTS, TOTAL)
    assert_allclose(loss.prior(COUNTS, TOTAL), np.log([901 / 101, 11 / 991, 1 / 1001]))
    assert_allclose(loss.prior(COUNTS, [1000, 20, 0]), np.log([901 / 101, 11 / 11, 1]))


@pytest.mark.parametrize(
    "settings", [{}, {"weights": "balanced"}, {"weights": [["B", 5.0]], "outside_weight": 0.5}]
)
def test_there_the_bias_has_nothing_to_learn(settings):
    loss = make_cross_entropy("sigmoid", **settings)
    loss.bind(["A", "B", "C"], COUNTS, TOTAL)
    targets = np.arange(TOTAL)[:, None] < np.array(COUNTS)
    prior = loss.prior(COUNTS, TOTAL)
    d_logits, _ = loss(np.tile(prior, (TOTAL, 1)), targets.astype(float))
    assert abs(d_logits.sum(axis=0)).max() < 10 / TOTAL
    assert abs(loss(np.zeros((TOTAL, 3)), targets.astype(float))[0].sum(axis=0)).max() > 0.2


def test_weights_that_come_later_are_not_in_it():
    loss = make_focal("sigmoid", weights="balanced", weight_ramp=[0.0, 1.0])
    loss.bind(["A", "B", "C"], COUNTS, TOTAL)
    assert_allclose(loss.prior(COUNTS, TOTAL), np.log([901 / 101, 11 / 991, 1 / 1001]))


@pytest.mark.parametrize(
    "loss, has_prior",
    [
        (make_cross_entropy(), False),
        (make_focal("sigmoid"), True),
        (make_dice("sigmoid"), False),  # its gradient vanishes where a label is unlikely
        (make_distillation(make_focal("sigmoid")), True),
        (make_distillation(), False),
    ],
    ids=["exclusive", "focal", "dice", "distilled", "distilled, exclusive"],
)
def test_which_losses_have_one(loss, has_prior):
    loss.bind(["A", "B", "C"], COUNTS, TOTAL)
    assert (loss.prior(COUNTS, TOTAL) is not None) == has_prior
