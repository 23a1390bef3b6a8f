"""Pooled batch by batch, tokens have the vectors of thinc's reductions over all their wordpieces."""

import numpy as np
import pytest
from thinc.api import reduce_first, reduce_last, reduce_max, reduce_mean, reduce_sum
from thinc.types import Ragged

from spacy_hone.errors import HoneError
from spacy_hone.models.onnx.pooling import POOLS, Batch, check_pooling

REDUCTIONS = {
    "mean": reduce_mean,
    "max": reduce_max,
    "first": reduce_first,
    "last": reduce_last,
    "sum": reduce_sum,
}
LENGTHS = np.array([1, 3, 2, 1, 4], dtype=np.int32)
TOKEN = np.repeat(np.arange(5), LENGTHS)
X = np.random.default_rng(0).normal(size=(11, 4)).astype(np.float32)


def batch(pieces) -> Batch:
    tokens, lengths = np.unique(TOKEN[pieces], return_counts=True)
    return Batch(X[pieces], np.array(pieces), tokens, lengths.astype(np.int32))


@pytest.mark.parametrize("pooling", REDUCTIONS)
@pytest.mark.parametrize(
    "batches", [[range(11)], [range(4, 11), range(4)], [[2, 8], [0, 1, 3, 9, 10], [4, 5, 6, 7]]]
)
def test_in_one_batch_and_in_several(pooling, batches):
    assert set(REDUCTIONS) == set(POOLS)
    pool = POOLS[pooling](TOKEN, 5, 4)
    for pieces in batches:
        pool.add(batch(list(pieces)))
    expected = REDUCTIONS[pooling]().predict(Ragged(X, LENGTHS))
    np.testing.assert_allclose(pool.finish(), expected, atol=1e-6)


@pytest.mark.parametrize("pooling", REDUCTIONS)
def test_tokens_without_wordpieces_are_zeros(pooling):
    pool = POOLS[pooling](np.array([1, 1]), 3, 4)
    pool.add(Batch(X[:2], np.array([0, 1]), np.array([1]), np.array([2], dtype=np.int32)))
    found = pool.finish()
    assert not found[[0, 2]].any() and found[1].all()


@pytest.mark.parametrize("pooling", REDUCTIONS)
def test_nothing_at_all(pooling):
    nothing = np.zeros(0, dtype=np.int64)
    pool = POOLS[pooling](nothing, 2, 4)
    pool.add(Batch(X[:0], nothing, nothing, nothing.astype(np.int32)))
    assert pool.finish().tolist() == np.zeros((2, 4)).tolist()


def test_unknown_poolings():
    with pytest.raises(HoneError, match=r"H214.*median.*mean, max"):
        check_pooling("median")
