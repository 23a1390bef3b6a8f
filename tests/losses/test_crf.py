"""The linear-chain CRF, against enumeration of all paths, finite differences and torch."""

from itertools import pairwise, product

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spacy_hone.errors import HoneError
from spacy_hone.losses.crf import crf_loss
from spacy_hone.losses.lattice import Lattice

LENGTHS = [3, 0, 4, 1, 2]
N_TAGS = 3
N_TOKENS = sum(LENGTHS)
# Of the tags O, B, I: I stands neither after O nor at the beginning.
BIO = np.array([[1, 1, 0], [1, 1, 1], [1, 1, 1]], dtype=bool)


def batch(seed: int = 0, scale: float = 1.0):
    rng = np.random.default_rng(seed)
    return rng.normal(scale=scale, size=(N_TOKENS, N_TAGS)), rng.normal(scale=scale, size=(N_TAGS, N_TAGS))


def annotation(seed: int = 0):
    """Legal tags, two thirds of them known, and one token on which only O is possible."""
    rng = np.random.default_rng(seed)
    allowed = np.eye(N_TAGS, dtype=bool)[[1, 2, 0, 0, 1, 2, 2, 1, 0, 1]]
    allowed[rng.random(N_TOKENS) < 1 / 3] = True
    possible = np.ones((N_TOKENS, N_TAGS), dtype=bool)
    possible[3] = allowed[3] = [True, False, False]
    return allowed, possible


def slices(lengths=LENGTHS):
    ends = np.cumsum(lengths)
    return [slice(end - length, end) for end, length in zip(ends, lengths)]


def paths(emissions, transitions, legal=None, possible=None):
    """Yield each legal path of one sequence with its score."""
    legal = np.ones_like(transitions, dtype=bool) if legal is None else legal
    for path in product(range(emissions.shape[1]), repeat=len(emissions)):
        if not all(legal[pair] for pair in pairwise([0, *path, 0] if path else [])):
            continue
        if possible is not None and not possible[np.arange(len(path)), list(path)].all():
            continue
        score = sum(row[tag] for row, tag in zip(emissions, path))
        yield path, score + sum(transitions[pair] for pair in pairwise(path))


def log_z(*args):
    return np.logaddexp.reduce([score for _, score in paths(*args)])


@pytest.mark.parametrize("scale", [1, 80])
@pytest.mark.parametrize("legal", [None, BIO], ids=["all", "BIO"])
@pytest.mark.parametrize("seed", range(3))
def test_lattice_is_enumeration(seed, legal, scale):
    emissions, transitions = batch(seed, scale)
    _, possible = annotation(seed)
    lattice = Lattice(emissions, LENGTHS, transitions, legal, possible)
    marginals, edges = np.zeros((N_TOKENS, N_TAGS)), np.zeros((N_TAGS, N_TAGS))
    for i, part in enumerate(slices()):
        scored = list(paths(emissions[part], transitions, legal, possible[part]))
        total = np.logaddexp.reduce([score for _, score in scored])
        assert lattice.log_z()[i] == pytest.approx(total, abs=1e-9)
        assert tuple(lattice.best_path()[part]) == max(scored, key=lambda pair: pair[1])[0]
        for path, score in scored:
            marginals[part][np.arange(len(path)), list(path)] += np.exp(score - total)
            for pair in pairwise(path):
                edges[pair] += np.exp(score - total)
    assert_allclose(lattice.marginals()[0], marginals, atol=1e-10)
    assert_allclose(lattice.marginals()[1], edges, atol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_value_is_enumeration(seed):
    emissions, transitions = batch(seed)
    allowed, possible = annotation(seed)
    weights = np.random.default_rng(seed).uniform(0.5, 3, N_TOKENS)
    known = (allowed != possible).any(axis=1)
    expected = 0.0
    for part in slices():
        if known[part].any():
            free, bound = (
                log_z(emissions[part], transitions, BIO, mask[part])
                for mask in (possible, allowed & possible)
            )
            expected += weights[part][known[part]].mean() * (free - bound)
    *_, value = crf_loss(
        emissions, LENGTHS, transitions, allowed, legal=BIO, possible=possible, weights=weights
    )
    assert value == pytest.approx(expected / known.sum(), rel=1e-12)


@pytest.mark.parametrize("scale", [1, 80])
@pytest.mark.parametrize("legal", [None, BIO], ids=["all", "BIO"])
def test_gradient_is_that_of_the_value(legal, scale):
    emissions, transitions = batch(1, scale)
    allowed, possible = annotation(1)
    options = {"legal": legal, "possible": possible, "weights": np.linspace(0.5, 2, N_TOKENS)}
    gradients = crf_loss(emissions, LENGTHS, transitions, allowed, **options)[:2]
    for array, gradient in zip((emissions, transitions), gradients):
        assert gradient.dtype == "float64"
        for at in np.ndindex(array.shape):
            old, values = array[at], []
            for step in (1e-5, -1e-5):
                array[at] = old + step
                values.append(crf_loss(emissions, LENGTHS, transitions, allowed, **options)[2])
            array[at] = old
            assert gradient[at] == pytest.approx((values[0] - values[1]) / 2e-5, abs=1e-6)


def test_gradient_is_torchs():
    torch = pytest.importorskip("torch")
    emissions, transitions = batch(2)
    gold = [1, 2, 0, 0, 1, 2, 2, 1, 0, 1]
    e, t = (torch.tensor(array, requires_grad=True) for array in (emissions, transitions))
    value = 0
    for part in slices():
        rows, tags = e[part], gold[part]
        if not len(tags):
            continue
        alpha = rows[0]
        for row in rows[1:]:
            alpha = torch.logsumexp(alpha[:, None] + t, dim=0) + row
        path = sum(row[tag] for row, tag in zip(rows, tags)) + sum(t[a, b] for a, b in pairwise(tags))
        value = value + (torch.logsumexp(alpha, dim=0) - path) / N_TOKENS
    value.backward()
    d_emissions, d_transitions, ours = crf_loss(
        emissions, LENGTHS, transitions, np.eye(N_TAGS, dtype=bool)[gold]
    )
    assert ours == pytest.approx(value.item(), rel=1e-12)
    assert_allclose(d_emissions, e.grad.numpy(), atol=1e-12)
    assert_allclose(d_transitions, t.grad.numpy(), atol=1e-12)


def test_without_transitions_it_is_cross_entropy():
    emissions, _ = batch()
    gold = np.eye(N_TAGS, dtype=bool)[np.arange(N_TOKENS) % N_TAGS]
    d_emissions, _, value = crf_loss(emissions, LENGTHS, np.zeros((N_TAGS, N_TAGS)), gold)
    p = np.exp(emissions) / np.exp(emissions).sum(axis=1, keepdims=True)
    assert value == pytest.approx(-np.log(p[gold]).mean())
    assert_allclose(d_emissions, (p - gold) / N_TOKENS, atol=1e-12)


def test_unknown_sequences_teach_nothing_and_known_ones_do_not_notice():
    emissions, transitions = batch()
    allowed, _ = annotation()
    allowed[slices()[2]] = True
    whole = crf_loss(emissions, LENGTHS, transitions, allowed)
    kept = np.r_[0:3, 7:10]
    part = crf_loss(emissions[kept], [3, 1, 2], transitions, allowed[kept])
    assert whole[2] == pytest.approx(part[2])
    assert not whole[0][slices()[2]].any()
    assert_allclose(whole[0][kept], part[0], atol=1e-12)
    assert_allclose(whole[1], part[1], atol=1e-12)


def test_order_and_neighbours_do_not_matter():
    emissions, transitions = batch()
    allowed, _ = annotation()
    parts = slices()[::-1]
    moved = np.concatenate([np.arange(N_TOKENS)[part] for part in parts])
    here = crf_loss(emissions, LENGTHS, transitions, allowed)
    there = crf_loss(emissions[moved], LENGTHS[::-1], transitions, allowed[moved])
    assert here[2] == pytest.approx(there[2])
    assert_allclose(here[0][moved], there[0], atol=1e-12)


@pytest.mark.parametrize("lengths", [[], [0, 0], LENGTHS])
def test_nothing_known_is_zero(lengths):
    emissions, transitions = batch()
    emissions = emissions[: sum(lengths)]
    d_emissions, d_transitions, value = crf_loss(
        emissions, lengths, transitions, np.ones_like(emissions, dtype=bool), legal=BIO
    )
    assert value == 0
    assert d_emissions.shape == emissions.shape and d_transitions.shape == transitions.shape
    assert not d_emissions.any() and not d_transitions.any()


def test_impossible_transitions_get_no_gradient():
    emissions, transitions = batch(0, 80)
    allowed, possible = annotation()
    d_emissions, d_transitions, value = crf_loss(
        emissions, LENGTHS, transitions, allowed, legal=BIO, possible=possible
    )
    assert np.isfinite(value)
    assert np.isfinite(d_emissions).all()
    assert not d_transitions[~BIO].any()
    assert not d_emissions[~possible].any()


def test_float32_stays_and_long_sequences_are_exact():
    rng = np.random.default_rng(0)
    emissions = rng.normal(scale=20, size=(2000, 5)).astype("float32")
    transitions = rng.normal(size=(5, 5)).astype("float32")
    gold = np.eye(5, dtype=bool)[rng.integers(0, 5, 2000)]
    single = crf_loss(emissions, [1500, 500], transitions, gold)
    double = crf_loss(emissions.astype("float64"), [1500, 500], transitions.astype("float64"), gold)
    assert single[0].dtype == single[1].dtype == "float32"
    assert single[2] == double[2]
    assert_allclose(single[0], double[0], atol=1e-9)


def test_nan_comes_out():
    emissions, transitions = batch()
    emissions[0] = np.nan
    assert np.isnan(crf_loss(emissions, LENGTHS, transitions, annotation()[0])[2])


@pytest.mark.parametrize(
    "tags, possible", [([0, 2, 0, 0], None), ([2, 0, 0, 0], None), ([0, 1, 0, 0], [True, False, True])]
)
def test_impossible_gold_is_an_error(tags, possible):
    if possible is not None:
        possible = np.tile(possible, (4, 1))
    with pytest.raises(HoneError, match=r"H403.*no legal path .* row [2-5] of"):
        crf_loss(
            np.zeros((6, 3)),
            [2, 4],
            np.zeros((3, 3)),
            np.eye(3, dtype=bool)[[0, 0, *tags]],
            legal=BIO,
            possible=None if possible is None else np.vstack((np.ones((2, 3), bool), possible)),
        )
