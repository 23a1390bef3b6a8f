"""What is dice loss's own: the formula by hand, its turning point, and where it cannot teach."""

import numpy as np
import pytest

from spacy_hone.errors import HoneError
from spacy_hone.losses.dice import make_dice

PRESENT, ABSENT = np.array([[1.0]]), np.array([[0.0]])


def logit(p):
    return np.array([[np.log(p / (1 - p))]])


@pytest.mark.parametrize("gamma, q", [(0.0, 0.8), (1.0, 0.16), (2.0, 0.032)])
@pytest.mark.parametrize("smooth", [1.0, 1e-4, 0.0])
def test_by_hand(gamma, q, smooth):
    loss = make_dice("sigmoid", gamma=gamma, smooth=smooth)
    assert loss(logit(0.8), PRESENT)[1] == pytest.approx(1 - (2 * q + smooth) / (q + 1 + smooth))
    assert loss(logit(0.8), ABSENT)[1] == pytest.approx(1 - smooth / (q + smooth))


def test_exclusive_labels_are_summed():
    p = np.array([[0.5, 0.3, 0.2]])
    of_each = make_dice(gamma=0.0)(np.log(p), np.array([[0.0, 1.0, 0.0]]))[1]
    assert of_each == pytest.approx(0.5 / 1.5 + (1 - 1.6 / 2.3) + 0.2 / 1.2)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_a_label_is_pushed_back_beyond_its_turning_point(gamma):
    """q = (1 - p)^γ p peaks at p = 1 / (1 + γ), not at 1."""
    loss, turn = make_dice("sigmoid", gamma=gamma), 1 / (1 + gamma)
    before, at, beyond = (loss(logit(turn + shift), PRESENT)[0].item() for shift in (-0.1, 0, 0.1))
    assert before < 0 < beyond
    assert at == pytest.approx(0, abs=1e-12)


def test_plain_dice_has_no_turning_point():
    loss = make_dice("sigmoid", gamma=0.0)
    assert all(loss(logit(p), PRESENT)[0].item() < 0 for p in (0.01, 0.5, 0.99, 1 - 1e-9))
    assert all(loss(logit(p), ABSENT)[0].item() > 0 for p in (0.01, 0.5, 0.99, 1 - 1e-9))


@pytest.mark.parametrize("gamma, n_labels", [(1.0, 2), (1.5, 2), (2.0, 3)])
def test_too_large_a_gamma_for_so_few_exclusive_labels(gamma, n_labels):
    logits, targets = np.zeros((1, n_labels)), np.eye(n_labels)[:1]
    with pytest.raises(HoneError, match=rf"H413.*gamma = {gamma:g}.*below {n_labels - 1}"):
        make_dice(gamma=gamma)(logits, targets)
    assert make_dice(gamma=0.9 * (n_labels - 1))(logits, targets)[0][0, 0] < 0


def test_gamma_follows_a_schedule():
    loss = make_dice("sigmoid", gamma=[0.0, 1.0])
    values = [loss(logit(0.8), PRESENT, step=step)[1] for step in (0, 1, 2)]
    assert values == [make_dice("sigmoid", gamma=gamma)(logit(0.8), PRESENT)[1] for gamma in (0.0, 1.0, 1.0)]


@pytest.mark.parametrize("settings", [{"smooth": -1.0}, {"smooth": float("nan")}, {"gamma": -0.1}])
def test_bad_settings(settings):
    with pytest.raises(HoneError, match=f"H405.*{next(iter(settings))}"):
        make_dice(**settings)
