"""What all losses have in common: value and gradient are one function, whatever the link, mask and weights."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from .toy_losses import (
    EVERY_LINK,
    EVERY_LOSS,
    EVERY_MASK,
    EVERY_TARGET,
    EVERY_WEIGHT,
    LABELS,
    LOGITS,
    LOSSES,
    MASKS,
    ROW_MASK,
    TARGETS,
    WEIGHTED,
    build,
    finite_differences,
)


def in_torch(name, link, logits, targets, *, mask=None, weights):
    """Gradient and value, by autograd and from log p and log(1 - p) that lose nothing."""
    torch = pytest.importorskip("torch")
    _, _, formula, of_absence_too = LOSSES[name]
    z, y = torch.tensor(logits, requires_grad=True), torch.tensor(targets)
    w = torch.tensor([weights.get(label, 1.0) for label in LABELS])
    counted = torch.tensor(np.ones(len(logits)) if mask is None else mask)
    if link == "softmax":
        others = z[:, None, :].masked_fill(torch.eye(z.shape[1], dtype=torch.bool), -np.inf).logsumexp(-1)
        whole = z.logsumexp(1, keepdim=True)
        values = formula(z - whole, others - whole, y).sum(1) * (y * w).sum(1)
        rows = counted
    else:
        log_p, log_rest = (torch.nn.functional.logsigmoid(sign * z) for sign in (1, -1))
        values = formula(log_p, log_rest, y)
        if of_absence_too:
            values = values + formula(log_rest, log_p, 1 - y)
        values = values * (y * w + (1 - y) * weights.get("absent", 1.0))
        counted = counted if counted.ndim == 2 else counted[:, None].expand(z.shape)
        rows = counted.any(1)
    value = values[counted > 0].sum() / (rows > 0).sum()
    value.backward()
    return z.grad.numpy(), value.item()


def named_weights(link, settings):
    if not settings:
        return {}
    outside = {"" if link == "softmax" else "absent": settings["outside_weight"]}
    return dict(settings["weights"]) | outside


@EVERY_LOSS
@EVERY_MASK
@EVERY_TARGET
@EVERY_WEIGHT
def test_gradient_is_that_of_the_value(name, link, mask, targets, weights):
    loss = build(name, link, weights)
    d_logits, value = loss(LOGITS, TARGETS[targets], MASKS[mask])
    assert d_logits.dtype == np.float64
    assert_allclose(d_logits, finite_differences(loss, LOGITS, TARGETS[targets], MASKS[mask]), atol=1e-8)
    expected, expected_value = in_torch(
        name, link, LOGITS, TARGETS[targets], mask=MASKS[mask], weights=named_weights(link, weights)
    )
    assert value == pytest.approx(expected_value, rel=1e-10)
    assert_allclose(d_logits, expected, atol=1e-12)


@EVERY_LOSS
@EVERY_LINK
@EVERY_TARGET
@pytest.mark.parametrize("scale", [10, 80])
def test_extreme_logits_lose_nothing(name, link, targets, scale):
    logits = np.sign(LOGITS) * scale
    logits[0] = [scale, -scale, 0, -scale]
    logits[1] = [-scale, -scale, 0, scale]
    logits[2:4] = [[-scale, scale, -scale, -scale], [scale, -scale, -scale, -scale]]
    d_logits, value = build(name, link)(logits, TARGETS[targets])
    expected, expected_value = in_torch(name, link, logits, TARGETS[targets], weights={})
    assert value == pytest.approx(expected_value, rel=1e-12)
    assert_allclose(d_logits, expected, atol=1e-13)
    d_single, single = build(name, link)(logits.astype("float32"), TARGETS[targets].astype("float32"))
    assert d_single.dtype == np.float32
    assert single == pytest.approx(value, rel=1e-5)
    assert_allclose(d_single, expected, rtol=1e-4, atol=1e-6)


@EVERY_LOSS
@EVERY_LINK
def test_float32_stays_finite_beyond_all_bounds(name, link):
    logits = np.array([[1e4, -1e4, 0, 0], [-1e4, 1e4, 0, 0], [0, 0, 0, 0]], dtype="float32")
    with np.errstate(all="raise", under="ignore"):
        d_logits, value = build(name, link)(logits, np.eye(4, dtype="float32")[[0, 0, 0]])
    assert np.isfinite(d_logits).all() and np.isfinite(value)


@pytest.mark.parametrize("name", ["cross-entropy", "focal-0.5", "dice-0"])
def test_a_single_exclusive_label_has_nothing_to_learn(name):
    d_logits, value = build(name, "softmax")(LOGITS[:, :1], np.ones((5, 1)))
    assert not d_logits.any() and value == 0.0


@EVERY_LOSS
@EVERY_MASK
def test_soft_targets_stand_in_for_hard_ones_and_count(name, link, mask):
    loss = build(name, link, WEIGHTED)
    soft_mask = np.array([0, 1, 1, 0, 0])
    targets = np.where(soft_mask[:, None], TARGETS["soft"], TARGETS["hard"])
    expected_mask = soft_mask | ROW_MASK if mask != "labels" else soft_mask[:, None] | MASKS[mask]
    found = loss(
        LOGITS,
        TARGETS["hard"],
        ROW_MASK if mask != "labels" else MASKS[mask],
        soft=TARGETS["soft"],
        soft_mask=soft_mask,
    )
    expected = loss(LOGITS, targets, expected_mask)
    assert_allclose(found[0], expected[0])
    assert found[1] == pytest.approx(expected[1])


@EVERY_LOSS
@EVERY_LINK
def test_one_row_zero_rows_and_nothing_unmasked(name, link):
    loss, hard = build(name, link, WEIGHTED), TARGETS["hard"]
    d_logits, value = loss(LOGITS[:1], hard[:1])
    assert d_logits.shape == (1, 4) and value > 0
    d_logits, value = loss(LOGITS[:0], hard[:0])
    assert d_logits.shape == (0, 4) and value == 0.0
    d_logits, value = loss(LOGITS, hard, np.zeros(5))
    assert not d_logits.any() and value == 0.0


@EVERY_LOSS
@EVERY_MASK
def test_masked_elements_get_nothing_and_padding_moves_nothing(name, link, mask):
    loss, hard = build(name, link, WEIGHTED), TARGETS["hard"]
    d_logits, value = loss(LOGITS, hard, MASKS[mask])
    padding = np.zeros((3, 4)) if mask == "labels" else np.zeros(3)
    padded_mask = np.concatenate([np.ones(5) if MASKS[mask] is None else MASKS[mask], padding])
    nan = np.full((3, 4), np.nan)
    d_padded, padded_value = loss(np.vstack([LOGITS, nan]), np.vstack([hard, nan]), padded_mask)
    assert padded_value == pytest.approx(value)
    assert_allclose(d_padded[:5], d_logits)
    assert not d_padded[padded_mask == 0].any()


@EVERY_LOSS
@EVERY_MASK
def test_the_mean_of_parts_is_the_mean_of_the_batch(name, link, mask):
    loss, hard = build(name, link, WEIGHTED), TARGETS["hard"]
    known = np.ones(5) if MASKS[mask] is None else MASKS[mask]
    rows = known if known.ndim == 1 else known.any(axis=1)
    parts = [
        loss(LOGITS[i], hard[i], known[i])[1] * (rows[i] > 0).sum()
        for i in (slice(2), slice(2, 3), slice(3, 5))
    ]
    assert loss(LOGITS, hard, known)[1] == pytest.approx(sum(parts) / (rows > 0).sum())


@EVERY_LINK
def test_focal_without_gamma_is_cross_entropy(link):
    for targets in TARGETS.values():
        ours, theirs = (build(name, link, WEIGHTED)(LOGITS, targets) for name in ("focal-0", "cross-entropy"))
        assert ours[1] == pytest.approx(theirs[1], abs=1e-12)
        assert_allclose(ours[0], theirs[0], atol=1e-12)
