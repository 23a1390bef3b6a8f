"""From the vectors of wordpieces to those of tokens, batch by batch, so that no more than a batch's are in memory.

The numbers are those of thinc's reductions over all the wordpieces of a token, of all its windows.
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from thinc.api import NumpyOps

from ...errors import Errors, HoneError
from ..windows import Ints

Pooling = Literal["mean", "max", "first", "last", "sum"]
Vectors = NDArray[np.float32]
OPS = NumpyOps()


class Batch(NamedTuple):
    """The wordpieces of a batch that make tokens, ordered by tokens.

    vectors: shape (wordpieces, width). pieces: their places in `Rows.token`, shape (wordpieces,).
    tokens: those that they make, ascending, shape (tokens,). lengths: wordpieces of each, shape (tokens,).
    """

    vectors: Vectors
    pieces: Ints
    tokens: Ints
    lengths: NDArray[np.int32]


class Sum:
    """token: `Rows.token`. vectors: shape (n_tokens, width), of all documents; without wordpieces they are zeros."""

    start = 0.0

    def __init__(self, token: Ints, n_tokens: int, width: int):
        self.token = token
        self.vectors: Vectors = np.full((n_tokens, width), self.start, dtype=np.float32)

    def add(self, batch: Batch) -> None:
        """Take in what a batch says of its tokens. Others may say more of the same ones."""
        self.vectors[batch.tokens] += OPS.reduce_sum(batch.vectors, batch.lengths)  # type: ignore[arg-type]

    def finish(self) -> Vectors:
        """The vectors, after the last batch."""
        return self.vectors

    @property
    def lengths(self) -> Ints:
        return np.bincount(self.token, minlength=len(self.vectors))


class Mean(Sum):
    def finish(self) -> Vectors:
        self.vectors /= np.maximum(self.lengths, 1).astype(np.float32)[:, None]
        return self.vectors


class Max(Sum):
    start = -np.inf

    def add(self, batch: Batch) -> None:
        found, _ = OPS.reduce_max(batch.vectors, batch.lengths)  # type: ignore[arg-type]
        self.vectors[batch.tokens] = np.maximum(self.vectors[batch.tokens], found)

    def finish(self) -> Vectors:
        self.vectors[self.lengths == 0] = 0
        return self.vectors


class Last(Sum):
    def __init__(self, token: Ints, n_tokens: int, width: int):
        super().__init__(token, n_tokens, width)
        self.chosen = self.choose(n_tokens)

    def choose(self, n_tokens: int) -> Ints:
        """The wordpiece of each token, shape (n_tokens,)."""
        chosen = np.zeros(n_tokens, dtype=np.int64)
        chosen[self.token] = np.arange(len(self.token))  # of several values the last one stays
        return chosen

    def add(self, batch: Batch) -> None:
        token = self.token[batch.pieces]
        hits = self.chosen[token] == batch.pieces
        self.vectors[token[hits]] = batch.vectors[hits]


class First(Last):
    def choose(self, n_tokens: int) -> Ints:
        chosen = np.zeros(n_tokens, dtype=np.int64)
        chosen[self.token[::-1]] = np.arange(len(self.token))[::-1]
        return chosen


POOLS: dict[str, type[Sum]] = {"mean": Mean, "max": Max, "first": First, "last": Last, "sum": Sum}


def check_pooling(pooling: str) -> None:
    """Raise H214 for a pooling that there is not."""
    if pooling not in POOLS:
        raise HoneError(Errors.H214.format(pooling=pooling, poolings=", ".join(POOLS)))
