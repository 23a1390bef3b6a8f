"""What is focal loss's own: the formula by hand, gamma in training, and small gammas."""

import numpy as np
import pytest
from thinc.api import constant_then

from spacy_hone.errors import HoneError
from spacy_hone.losses.cross_entropy import make_cross_entropy
from spacy_hone.losses.focal import make_focal

Z = np.log(4)  # a probability of 0.8


def test_by_hand():
    logits, target = np.array([[Z, 0.0]]), np.array([[1.0, 0.0]])
    assert make_focal(gamma=2.0)(logits, target)[1] == pytest.approx(-(0.2**2) * np.log(0.8))
    assert make_focal("sigmoid", gamma=2.0)(logits, target)[1] == pytest.approx(
        -(0.2**2) * np.log(0.8) - 0.5**2 * np.log(0.5)
    )


def test_presence_and_absence_are_two_exclusive_labels():
    exclusive = make_focal(gamma=1.5)(np.array([[Z, 0.0]]), np.array([[0.3, 0.7]]))
    independent = make_focal("sigmoid", gamma=1.5)(np.array([[Z]]), np.array([[0.3]]))
    assert exclusive[1] == pytest.approx(independent[1])
    assert exclusive[0][0, 0] == pytest.approx(independent[0][0, 0])


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
@pytest.mark.parametrize("gamma", [0.01, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gammas_up_to_one_are_still_where_all_is_right(link, gamma, dtype):
    """The derivative of (1 - p)^γ has no bound at p = 1; that of the loss has."""
    scales = np.array([5, 15, 30, 80, 400], dtype=dtype)[:, None]
    targets = np.eye(3, dtype=dtype)[[0] * 5]
    d_logits, _ = make_focal(link, gamma=gamma)((2 * targets - 1) * scales, targets)
    assert np.isfinite(d_logits).all()
    assert (np.diff(np.abs(d_logits[:, 0])) <= 0).all()
    assert np.abs(d_logits[-1]).max() < 1e-12


def test_gamma_follows_a_schedule():
    logits, target = np.array([[Z, 0.0]]), np.array([[1.0, 0.0]])
    loss = make_focal(gamma=constant_then(0.0, 10, [1.0, 2.0]))
    expected = {0: 0, 9: 0, 10: 1, 11: 2, 1000: 2, 5: 0}
    for step, gamma in expected.items():
        assert loss(logits, target, step=step)[1] == make_focal(gamma=gamma)(logits, target)[1]
    assert loss(logits, target)[1] == pytest.approx(make_cross_entropy()(logits, target)[1])


@pytest.mark.parametrize("gamma", [-1.0, float("nan"), float("inf"), "2", None, [], [-0.5], [[1.0]]])
def test_bad_gamma(gamma):
    with pytest.raises(HoneError, match=r"H405.*gamma"):
        make_focal(gamma=gamma)


def test_a_schedule_that_goes_wrong_says_so_when_it_does():
    loss = make_focal(gamma=[1.0, 0.0, -1.0])
    logits, target = np.array([[Z, 0.0]]), np.array([[1.0, 0.0]])
    loss(logits, target, step=1)
    with pytest.raises(HoneError, match=r"H405.*gamma.*-1"):
        loss(logits, target, step=2)
