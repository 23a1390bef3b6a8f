"""Distillation: annotation and a teacher's logits, each with its own rows, in one objective with one gradient."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spacy_hone.losses.cross_entropy import make_cross_entropy
from spacy_hone.losses.dice import make_dice
from spacy_hone.losses.distillation import make_distillation
from spacy_hone.losses.focal import make_focal

from .toy_distillation import (
    COUNTS,
    EVERY_LINK,
    EVERY_MASK,
    EVERY_SUBSET,
    EVERY_TEMPERATURE,
    LABELS,
    LOGITS,
    OTHER_ROWS,
    ROWS,
    SOFT,
    TARGETS,
    TEACHER,
    UNKNOWN,
    build,
)
from .toy_losses import finite_differences


def as_elements(mask):
    mask = np.ones(len(LOGITS)) if mask is None else np.asarray(mask)
    return np.broadcast_to(mask if mask.ndim == 2 else mask[:, None], LOGITS.shape) > 0


def torch_soft_term(link, z, t, soft_mask, *, temperature, labels):
    """T² KL by torch's own kl_div, a row after the other, over the columns that are meant."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    rows = []
    for row in np.flatnonzero(
        (as_elements(soft_mask) & (t > -np.inf).any(axis=1, keepdims=True)).any(axis=1)
    ):
        known = t[row] > -np.inf
        meant = known if labels == "teacher" else np.ones_like(known)
        student, teacher = z[row] / temperature, torch.tensor(t[row]) / temperature
        if link == "softmax":
            log_q = functional.log_softmax(student[meant], dim=0)[None]
            p = functional.softmax(teacher[meant], dim=0)[None]
            rows.append(functional.kl_div(log_q, p, reduction="batchmean"))
            continue
        meant = meant & as_elements(soft_mask)[row]
        if meant.any():
            log_q, p = (
                torch.stack([f(x[meant]), f(-x[meant])], dim=1)
                for f, x in ((functional.logsigmoid, student), (torch.sigmoid, teacher))
            )
            rows.append(functional.kl_div(log_q, p, reduction="sum"))
    return temperature**2 * sum(rows) / len(rows) if rows else 0.0 * z.sum()


def torch_objective(link, z, masks, *, soft, alpha, temperature, labels, targets=TARGETS):
    torch = pytest.importorskip("torch")
    mask, soft_mask = masks
    y, counted = torch.tensor(targets), torch.tensor(as_elements(mask))
    if link == "softmax":
        hard = -(y * z.log_softmax(1)).sum(1)[counted[:, 0]].sum()
    else:
        elements = torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none")
        hard = elements[counted].sum()
    hard = hard / max(int(counted.any(1).sum()), 1)
    return alpha * hard + (1 - alpha) * torch_soft_term(
        link, z, soft, soft_mask, temperature=temperature, labels=labels
    )


@EVERY_MASK
@EVERY_SUBSET
@EVERY_TEMPERATURE
def test_gradient_is_that_of_the_value_and_both_are_torchs(link, masks, labels, temperature):
    torch = pytest.importorskip("torch")
    loss = build(link, alpha=0.3, temperature=temperature, labels=labels)
    mask, soft_mask = masks
    d_logits, value = loss(LOGITS, TARGETS, mask, soft=SOFT, soft_mask=soft_mask)
    assert d_logits.dtype == np.float64
    assert_allclose(
        d_logits, finite_differences(loss, LOGITS, TARGETS, mask, soft=SOFT, soft_mask=soft_mask), atol=1e-8
    )
    z = torch.tensor(LOGITS, requires_grad=True)
    expected = torch_objective(link, z, masks, soft=SOFT, alpha=0.3, temperature=temperature, labels=labels)
    expected.backward()
    assert value == pytest.approx(expected.item(), rel=1e-12)
    assert_allclose(d_logits, z.grad.numpy(), atol=1e-13)


@EVERY_LINK
@EVERY_SUBSET
@EVERY_TEMPERATURE
def test_extreme_logits_lose_nothing(link, labels, temperature):
    torch = pytest.importorskip("torch")
    logits, teacher = np.sign(LOGITS) * 80, np.sign(TEACHER) * 80
    logits[0], teacher[0] = [80, -80, 0, -80], [-80, 80, 0, 80]
    soft = np.where(UNKNOWN, -np.inf, teacher)
    loss = build(link, alpha=0.0, temperature=temperature, labels=labels)
    with np.errstate(all="raise", under="ignore"):
        d_logits, value = loss(logits, TARGETS, soft=soft)
        single = loss(logits.astype("float32"), TARGETS, soft=soft.astype("float16"))
    z = torch.tensor(logits, requires_grad=True)
    expected = torch_soft_term(link, z, soft, None, temperature=temperature, labels=labels)
    expected.backward()
    assert value == pytest.approx(expected.item(), rel=1e-12)
    assert_allclose(d_logits, z.grad.numpy(), atol=1e-12)
    assert single[0].dtype == np.float32
    assert single[1] == pytest.approx(value, rel=1e-5)
    assert_allclose(single[0], d_logits, rtol=1e-4, atol=1e-5)


@EVERY_LINK
@pytest.mark.parametrize("hard", [make_cross_entropy, make_focal, make_dice])
@pytest.mark.parametrize("weights", [{}, {"weights": [["PER", 3.0]], "outside_weight": 0.25}])
def test_alpha_1_is_the_hard_loss(link, hard, weights):
    loss = build(link, hard, weights, alpha=1.0)
    plain = hard(link, **weights)
    plain.bind(LABELS, COUNTS, 100)
    d_expected, expected = plain(LOGITS, TARGETS, ROWS)
    for soft in (None, SOFT):
        d_logits, value = loss(LOGITS, TARGETS, ROWS, soft=soft)
        assert value == expected and np.array_equal(d_logits, d_expected)
    assert loss.label_weights == plain.label_weights
    assert np.array_equal(loss.column_weights(0), plain.column_weights(0))
    assert loss.weighting.is_none == plain.weighting.is_none and loss.link == link


@EVERY_LINK
@EVERY_TEMPERATURE
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_student_like_its_teacher_learns_nothing_more(link, temperature, dtype):
    loss = build(link, alpha=0.0, temperature=temperature)
    logits = LOGITS.astype(dtype)
    d_logits, value = loss(logits, TARGETS, soft=np.where(UNKNOWN, -np.inf, logits))
    assert value == 0.0 and not d_logits.any()


def test_only_differences_matter_among_exclusive_labels():
    loss = build(alpha=0.0)
    shifted = loss(LOGITS, TARGETS, soft=SOFT + np.arange(6)[:, None])
    assert shifted[1] == pytest.approx(loss(LOGITS, TARGETS, soft=SOFT)[1])


def test_hot_distillation_compares_centred_logits():
    """The limit for T → ∞: half the mean squared difference of centred logits (Hinton et al. 2015, section 2.1)."""
    difference = LOGITS - TEACHER
    difference -= difference.mean(axis=1, keepdims=True)
    d_logits, value = build(alpha=0.0, temperature=1e4)(LOGITS, TARGETS, soft=TEACHER)
    assert value == pytest.approx((difference**2).mean() / 2, rel=1e-3)
    assert_allclose(d_logits, difference / difference.size, rtol=1e-2, atol=1e-5)


@EVERY_LINK
def test_without_a_teacher_the_hard_term_keeps_its_share(link):
    hard = make_cross_entropy(link)(LOGITS, TARGETS, ROWS)
    loss = build(link, alpha=0.3)
    for given in ({}, {"soft": SOFT, "soft_mask": np.zeros(6)}, {"soft": np.full((6, 4), -np.inf)}):
        d_logits, value = loss(LOGITS, TARGETS, ROWS, **given)
        assert value == pytest.approx(0.3 * hard[1])
        assert_allclose(d_logits, 0.3 * hard[0])
    d_rows, values = loss.rows(LOGITS, TARGETS, 0)
    d_expected, expected = make_cross_entropy(link).rows(LOGITS, TARGETS, 0)
    assert_allclose(d_rows, 0.3 * d_expected)
    assert_allclose(values, 0.3 * expected)


@EVERY_LINK
def test_columns_that_the_teacher_does_not_know(link):
    soft = np.where([False, True, False, False], -np.inf, TEACHER)
    without = np.delete(LOGITS, 1, axis=1), np.delete(TARGETS, 1, axis=1)
    smaller = make_distillation(make_cross_entropy(link), alpha=0.0)
    d_smaller, value_smaller = smaller(*without, np.zeros(6), soft=np.delete(TEACHER, 1, axis=1))
    d_logits, value = build(link, alpha=0.0)(LOGITS, TARGETS, soft=soft)
    assert value == pytest.approx(value_smaller)
    assert_allclose(np.delete(d_logits, 1, axis=1), d_smaller)
    assert not d_logits[:, 1].any()
    d_logits, more = build(link, alpha=0.0, labels="all")(LOGITS, TARGETS, soft=soft)
    assert more > value and (d_logits[:, 1] > 0).all()


@EVERY_MASK
def test_padding_moves_nothing(link, masks):
    loss = build(link, weights={"weights": [["PER", 3.0]]})
    mask, soft_mask = (np.ones(6) if m is None else m for m in masks)
    d_logits, value = loss(LOGITS, TARGETS, mask, soft=SOFT, soft_mask=soft_mask)
    padding, nan = np.zeros(3), np.full((3, 4), np.nan)
    padded = [np.concatenate([m, padding if m.ndim == 1 else np.zeros((3, 4))]) for m in (mask, soft_mask)]
    d_padded, padded_value = loss(
        np.vstack([LOGITS, nan]),
        np.vstack([TARGETS, nan]),
        padded[0],
        soft=np.vstack([SOFT, nan]),
        soft_mask=padded[1],
    )
    assert padded_value == pytest.approx(value)
    assert_allclose(d_padded[:6], d_logits)
    assert not d_padded[6:].any()


@EVERY_LINK
@EVERY_SUBSET
def test_each_term_is_the_mean_of_its_own_rows(link, labels):
    parts = slice(2), slice(2, 3), slice(3, 6)
    taught = OTHER_ROWS * ~UNKNOWN.all(axis=1)
    for alpha, rows in ((1.0, ROWS), (0.0, taught)):
        loss = build(link, alpha=alpha, labels=labels)
        values = [
            loss(LOGITS[i], TARGETS[i], ROWS[i], soft=SOFT[i], soft_mask=OTHER_ROWS[i])[1] * rows[i].sum()
            for i in parts
        ]
        whole = loss(LOGITS, TARGETS, ROWS, soft=SOFT, soft_mask=OTHER_ROWS)[1]
        assert whole == pytest.approx(sum(values) / rows.sum())


@EVERY_LINK
@pytest.mark.parametrize("tokens", ["all", "confident", "entity"])
def test_no_rows(link, tokens):
    d_logits, value = build(link, tokens=tokens)(LOGITS[:0], TARGETS[:0], soft=SOFT[:0])
    assert d_logits.shape == (0, 4) and value == 0.0
