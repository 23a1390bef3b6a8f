"""Vectors of the student against those of the teacher."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spacy_hone.errors import HoneError
from spacy_hone.losses.vectors import vector_loss

RNG = np.random.default_rng(0)
STUDENT, TEACHER, PROJECTION = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 4)), RNG.normal(size=(3, 4))
MASK = np.array([1, 0, 1, 1, 0])
EVERY_KIND = pytest.mark.parametrize("kind", ["cosine", "mse"])
EVERY_MASK = pytest.mark.parametrize("mask", [None, MASK])


def arguments(projected):
    return (STUDENT, TEACHER, PROJECTION) if projected else (STUDENT, TEACHER[:, :3], None)


@EVERY_KIND
@EVERY_MASK
@pytest.mark.parametrize("projected", [True, False])
def test_value_and_gradients_are_torchs(kind, mask, projected):
    torch = pytest.importorskip("torch")
    student, teacher, projection = arguments(projected)
    value, d_student, d_projection = vector_loss(student, teacher, projection, kind, mask)
    s = torch.tensor(student, requires_grad=True)
    w = torch.tensor(projection if projected else np.eye(3), requires_grad=True)
    u, v = s @ w, torch.tensor(teacher)
    if kind == "cosine":
        values = 1 - torch.nn.functional.cosine_similarity(u, v)
    else:
        values = torch.nn.functional.mse_loss(u, v, reduction="none").mean(1)
    expected = values[torch.tensor(np.ones(5) if mask is None else mask) > 0].mean()
    expected.backward()
    assert value == pytest.approx(expected.item(), rel=1e-12)
    assert_allclose(d_student, s.grad.numpy(), atol=1e-13)
    if projected:
        assert_allclose(d_projection, w.grad.numpy(), atol=1e-13)
    else:
        assert d_projection is None


@EVERY_KIND
@pytest.mark.parametrize("which", [0, 2])
def test_gradients_are_those_of_the_value(kind, which):
    given = [STUDENT, TEACHER, PROJECTION]
    gradient = vector_loss(*given, kind, MASK)[1 if which == 0 else 2]
    for i in np.ndindex(*given[which].shape):
        values = []
        for sign in (1, -1):
            moved = [array.copy() for array in given]
            moved[which][i] += sign * 1e-6
            values.append(vector_loss(*moved, kind, MASK)[0])
        assert gradient[i] == pytest.approx((values[0] - values[1]) / 2e-6, abs=1e-8)


@EVERY_KIND
def test_masked_rows_and_padding_move_nothing(kind):
    nan = np.full((2, 4), np.nan)
    found = vector_loss(
        np.vstack([STUDENT, nan[:, :3]]), np.vstack([TEACHER, nan]), PROJECTION, kind, np.append(MASK, [0, 0])
    )
    expected = vector_loss(STUDENT, TEACHER, PROJECTION, kind, MASK)
    assert found[0] == pytest.approx(expected[0])
    assert_allclose(found[1][:5], expected[1])
    assert not found[1][np.append(MASK, [0, 0]) == 0].any()
    assert_allclose(found[2], expected[2])


@EVERY_KIND
def test_nothing_to_learn(kind):
    value, d_student, d_projection = vector_loss(STUDENT, TEACHER, PROJECTION, kind, np.zeros(5))
    assert value == 0.0 and not d_student.any() and not d_projection.any()
    value, d_student, d_projection = vector_loss(STUDENT[:0], TEACHER[:0], PROJECTION, kind)
    assert value == 0.0 and d_student.shape == (0, 3) and not d_projection.any()
    value, d_student, _ = vector_loss(STUDENT, STUDENT, kind=kind)
    assert value == pytest.approx(0, abs=1e-15)
    assert_allclose(d_student, 0, atol=1e-15)


def test_only_the_direction_matters_to_the_cosine():
    assert vector_loss(5 * STUDENT, 0.1 * STUDENT)[0] == pytest.approx(0, abs=1e-15)


@EVERY_KIND
def test_vectors_of_zeros_and_float32(kind):
    student = STUDENT.astype("float32")
    student[0] = 0
    teacher = TEACHER[:, :3].astype("float16")
    teacher[1] = 0
    with np.errstate(all="raise", under="ignore"):
        value, d_student, _ = vector_loss(student, teacher, kind=kind)
    assert np.isfinite(value) and np.isfinite(d_student).all() and d_student.dtype == np.float32
    if kind == "cosine":
        assert not d_student[:2].any()


@pytest.mark.parametrize(
    "args, message",
    [
        ((STUDENT, TEACHER), "H411.*vectors"),
        ((STUDENT, TEACHER[:4], PROJECTION), "H411.*vectors"),
        ((STUDENT, TEACHER, PROJECTION.T), "H411.*projection"),
        ((STUDENT, TEACHER, PROJECTION, "mse", np.ones(4)), "H411.*mask"),
        ((STUDENT, TEACHER, PROJECTION, "euclid"), "H405.*'cosine', 'mse'"),
    ],
)
def test_bad_input(args, message):
    with pytest.raises(HoneError, match=message):
        vector_loss(*args)
