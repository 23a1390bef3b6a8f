"""Cross-entropy: value and gradient against finite differences and torch, with masks and soft targets."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spacy.util import registry

from spacy_hone.errors import HoneError
from spacy_hone.losses.base import RowLoss
from spacy_hone.losses.cross_entropy import make_cross_entropy

LINKS = ["softmax", "sigmoid"]
RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(5, 4)) * 3
HARD = np.eye(4)[[0, 3, 1, 1, 2]]
SOFT = RNG.dirichlet(np.ones(4), size=5)
MASK = np.array([1, 0, 1, 1, 0])


def finite_differences(loss, logits, *args, **kwargs):
    epsilon = 1e-5
    gradient = np.zeros_like(logits)
    for i in np.ndindex(*logits.shape):
        step = np.zeros_like(logits)
        step[i] = epsilon
        up, down = (loss(logits + sign * step, *args, **kwargs)[1] for sign in (1, -1))
        gradient[i] = (up - down) / (2 * epsilon)
    return gradient


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("targets", [HARD, SOFT], ids=["hard", "soft"])
@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "masked"])
def test_gradient_is_that_of_the_value(link, smoothing, targets, mask):
    loss = make_cross_entropy(link, smoothing)
    d_logits, _ = loss(LOGITS, targets, mask)
    assert d_logits.dtype == np.float64
    assert_allclose(d_logits, finite_differences(loss, LOGITS, targets, mask), atol=1e-9)


@pytest.mark.parametrize("link", LINKS)
def test_soft_targets_stand_in_for_hard_ones_and_count(link):
    loss = make_cross_entropy(link)
    soft_mask = np.array([0, 1, 1, 0, 0])
    expected = np.where(soft_mask[:, None], SOFT, HARD)
    found = loss(LOGITS, HARD, MASK, soft=SOFT, soft_mask=soft_mask)
    assert_allclose(found[0], loss(LOGITS, expected, MASK | soft_mask)[0])
    assert found[1] == pytest.approx(loss(LOGITS, expected, MASK | soft_mask)[1])
    assert_allclose(
        found[0], finite_differences(loss, LOGITS, HARD, MASK, soft=SOFT, soft_mask=soft_mask), atol=1e-9
    )


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("scale", [1, 40, 80])
def test_agrees_with_torch(link, scale):
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    logits = np.clip(LOGITS, -1, 1) * scale
    logits[0] = [scale, -scale, 0, -scale]
    z = torch.tensor(logits, requires_grad=True)
    if link == "softmax":
        rows = F.cross_entropy(z, torch.tensor(SOFT), reduction="none")
    else:
        rows = F.binary_cross_entropy_with_logits(z, torch.tensor(SOFT), reduction="none").sum(dim=1)
    value = rows[torch.tensor(MASK) > 0].mean()
    value.backward()
    d_logits, ours = make_cross_entropy(link)(logits, SOFT, MASK)
    assert ours == pytest.approx(value.item(), abs=1e-9)
    assert_allclose(d_logits, z.grad.numpy(), atol=1e-12)


def test_label_smoothing_agrees_with_torch():
    torch = pytest.importorskip("torch")
    expected = torch.nn.functional.cross_entropy(
        torch.tensor(LOGITS), torch.tensor(HARD), label_smoothing=0.2
    )
    assert make_cross_entropy(label_smoothing=0.2)(LOGITS, HARD)[1] == pytest.approx(expected.item())


@pytest.mark.parametrize("link", LINKS)
def test_one_row_zero_rows_and_nothing_unmasked(link):
    loss = make_cross_entropy(link)
    d_logits, value = loss(LOGITS[:1], HARD[:1])
    assert d_logits.shape == (1, 4) and value > 0
    d_logits, value = loss(LOGITS[:0], HARD[:0])
    assert d_logits.shape == (0, 4) and value == 0.0
    d_logits, value = loss(LOGITS, HARD, np.zeros(5))
    assert not d_logits.any() and value == 0.0


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("extreme", [80, 1e4])
def test_float32_stays_finite_at_extreme_logits(link, extreme):
    logits = np.array([[extreme, -extreme, 0], [-extreme, extreme, 0]], dtype="float32")
    d_logits, value = make_cross_entropy(link)(logits, np.eye(3, dtype="float32")[[0, 0]])
    assert d_logits.dtype == np.float32
    assert np.isfinite(d_logits).all() and np.isfinite(value)
    assert value >= extreme / 2


@pytest.mark.parametrize("link", LINKS)
def test_masked_rows_get_nothing_and_move_nothing(link):
    loss = make_cross_entropy(link)
    d_logits, value = loss(LOGITS, HARD, MASK)
    padded = np.vstack([LOGITS, np.full((3, 4), np.nan)]), np.vstack([HARD, np.ones((3, 4))])
    d_padded, padded_value = loss(*padded, np.append(MASK, [0, 0, 0]))
    assert padded_value == pytest.approx(value)
    assert_allclose(d_padded[:5], d_logits)
    assert not d_padded[5:].any() and not d_logits[MASK == 0].any()


def test_the_mean_of_parts_is_the_mean_of_the_batch():
    loss = make_cross_entropy()
    parts = [
        (loss(LOGITS[part], HARD[part], MASK[part])[1], MASK[part].sum()) for part in (slice(2), slice(2, 5))
    ]
    assert loss(LOGITS, HARD, MASK)[1] == pytest.approx(sum(v * n for v, n in parts) / MASK.sum())


def test_thinc_interface_delegates():
    loss = make_cross_entropy()
    d_logits, value = loss(LOGITS, HARD)
    assert_allclose(loss.get_grad(LOGITS, HARD), d_logits)
    assert loss.get_loss(LOGITS, HARD) == value


def test_registered_name_builds_and_runs():
    loss = registry.resolve({"loss": {"@losses": "hone.CrossEntropy.v1", "link": "sigmoid"}})["loss"]
    assert loss(LOGITS, HARD)[1] > 0


def test_a_loss_of_ones_own_needs_rows_only():
    class Squared(RowLoss):
        def rows(self, logits, targets, step):
            return 2 * (logits - targets), ((logits - targets) ** 2).sum(axis=1)

    loss = Squared()
    loss.bind(["O", "B-PER"], [3, 1])
    assert_allclose(loss(LOGITS, SOFT, MASK)[0], finite_differences(loss, LOGITS, SOFT, MASK), atol=1e-8)


@pytest.mark.parametrize(
    "settings, code",
    [({"link": "probit"}, "H401"), ({"label_smoothing": 1.0}, "H402"), ({"label_smoothing": -0.1}, "H402")],
)
def test_bad_settings(settings, code):
    with pytest.raises(HoneError, match=code):
        make_cross_entropy(**settings)
