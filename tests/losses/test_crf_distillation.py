"""Distillation into a CRF, held against all paths one by one."""

from itertools import pairwise, product

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spacy_hone.losses.crf_distillation import crf_divergence

RNG = np.random.default_rng(0)
LENGTHS = [3, 0, 1, 2]
Z, SOFT = RNG.normal(size=(2, 6, 3)) * 2
A = RNG.normal(size=(3, 3))
LEGAL = np.array([[1, 1, 0], [1, 1, 1], [1, 1, 1]], dtype=bool)  # O, B, I
POSSIBLE = np.ones((6, 3), dtype=bool)
POSSIBLE[4, 1:] = False
ALL = np.ones(6, dtype=bool)


def divergence(
    *, z=Z, a=A, soft=SOFT, taught=ALL, temperature=2.0, only_known=True, legal=LEGAL, possible=POSSIBLE
):
    return crf_divergence(
        z,
        LENGTHS,
        a,
        soft,
        taught,
        temperature=temperature,
        only_known=only_known,
        legal=legal,
        possible=possible,
    )


def by_hand(z, a, soft, temperature, only_known):
    """Of each sequence, T² KL over its legal paths."""
    values, start = [], 0
    for length in LENGTHS:
        rows = range(start, start + length)
        start += length
        paths = [
            path
            for path in product(range(3), repeat=length)
            if all(LEGAL[i, j] for i, j in pairwise((0, *path, 0)))
            and all(POSSIBLE[row, tag] for row, tag in zip(rows, path))
        ]
        if not length:
            continue
        log_p = np.array(
            [sum(z[r, t] for r, t in zip(rows, p)) + sum(a[i, j] for i, j in pairwise(p)) for p in paths]
        )
        log_q = np.array([sum(soft[r, t] for r, t in zip(rows, p)) for p in paths])
        log_p, log_q = log_p / temperature, log_q / temperature
        if only_known:
            log_p = np.where(np.isfinite(log_q), log_p, -np.inf)
        p, q = (np.exp(each - np.logaddexp.reduce(each)) for each in (log_p, log_q))
        values.append((q[q > 0] * np.log(q[q > 0] / p[q > 0])).sum())
    return temperature**2 * sum(values) / 6


@pytest.mark.parametrize("only_known", [True, False])
@pytest.mark.parametrize("temperature", [1.0, 3.0])
@pytest.mark.parametrize("unknown", [False, True])
def test_value_and_gradients(temperature, only_known, unknown):
    soft = np.where([False, False, unknown], -np.inf, SOFT)
    settings = {"soft": soft, "temperature": temperature, "only_known": only_known}
    d_z, d_a, value = divergence(**settings)
    assert value == pytest.approx(by_hand(Z, A, soft, temperature, only_known))
    for found, at, name in ((d_z, Z, "z"), (d_a, A, "a")):
        expected = np.zeros_like(at)
        for i in np.ndindex(*at.shape):
            step = np.zeros_like(at)
            step[i] = 1e-5
            up, down = (divergence(**settings, **{name: at + sign * step})[2] for sign in (1, -1))
            expected[i] = (up - down) / 2e-5
        assert_allclose(found, expected, atol=1e-7)


def test_a_student_that_says_the_same_learns_nothing():
    d_z, d_a, value = divergence(z=SOFT, a=A * 0)
    assert value == pytest.approx(0, abs=1e-12)
    assert_allclose(d_z, 0, atol=1e-12)
    assert_allclose(d_a, 0, atol=1e-12)


def test_of_single_tokens_it_is_the_divergence_of_token_classifiers():
    from spacy_hone.losses.distillation import divergence as of_tokens

    d_z, d_a, value = crf_divergence(Z, [1] * 6, A, SOFT, ALL, temperature=2.0, only_known=True)
    d_rows, values = of_tokens("softmax", Z, SOFT, 2.0, "teacher")
    assert value == pytest.approx(values.mean())
    assert_allclose(d_z, d_rows / 6)
    assert not d_a.any()


def test_what_is_not_taught():
    """A sequence of which nothing is said is left out; within others an untaught token is as the student has it."""
    taught = np.array([1, 0, 1, 0, 1, 1], dtype=bool)
    soft = np.where(taught[:, None], SOFT, np.nan)
    d_z, d_a, value = divergence(soft=np.where(taught[:, None], SOFT, -np.inf), taught=taught)
    assert not d_z[3].any() and d_z[:3].any() and np.isfinite(value) and np.isfinite(d_a).all()
    filled = np.where(taught[:, None], soft, Z)
    expected = divergence(soft=filled)
    assert_allclose(d_z[[0, 1, 2, 4, 5]] * 4, expected[0][[0, 1, 2, 4, 5]] * 6, atol=1e-12)
    nothing = divergence(soft=np.full((6, 3), -np.inf), taught=np.zeros(6, dtype=bool))
    assert nothing[2] == 0 and not nothing[0].any() and not nothing[1].any()


def test_float32_stays():
    d_z, d_a, _ = divergence(z=Z.astype("float32"), a=A.astype("float32"))
    assert d_z.dtype == d_a.dtype == np.float32
