"""What is cross-entropy's own: label smoothing."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spacy_hone.errors import HoneError
from spacy_hone.losses.cross_entropy import make_cross_entropy

LOGITS = np.random.default_rng(0).normal(size=(5, 4)) * 3
HARD = np.eye(4)[[0, 3, 1, 1, 2]]


def test_label_smoothing_agrees_with_torch():
    torch = pytest.importorskip("torch")
    z = torch.tensor(LOGITS, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(z, torch.tensor(HARD), label_smoothing=0.2)
    expected.backward()
    d_logits, value = make_cross_entropy(label_smoothing=0.2)(LOGITS, HARD)
    assert value == pytest.approx(expected.item())
    assert_allclose(d_logits, z.grad.numpy(), atol=1e-12)


def test_smoothing_independent_labels_draws_them_to_one_half():
    smoothed, plain = make_cross_entropy("sigmoid", 0.2), make_cross_entropy("sigmoid")
    ours, theirs = smoothed(LOGITS, HARD), plain(LOGITS, 0.8 * HARD + 0.1)
    assert ours[1] == pytest.approx(theirs[1])
    assert_allclose(ours[0], theirs[0])


def test_smoothing_leaves_the_weight_of_a_row_alone():
    settings = {"weights": [["b", 5.0]]}
    plain, weighted = (make_cross_entropy(label_smoothing=0.2, **given) for given in ({}, settings))
    weighted.bind(["a", "b"], [1, 1])
    logits, targets = LOGITS[:1, :2], np.array([[0.0, 1.0]])
    assert weighted(logits, targets)[1] == pytest.approx(5 * plain(logits, targets)[1])


@pytest.mark.parametrize("value", [1.0, -0.1])
def test_bad_smoothing(value):
    with pytest.raises(HoneError, match="H402"):
        make_cross_entropy(label_smoothing=value)
