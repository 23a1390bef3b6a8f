"""The tag paths of a batch of sequences as a lattice: likeliest path, partition function, marginals.

The score of a path y through the emissions e and the transitions T is `Σ_t e_t[y_t] + Σ_t T[y_t-1, y_t]`, its
probability `exp(score) / Z`, where Z sums over the paths that are legal (Lafferty et al. 2001, Conditional
Random Fields; Rabiner 1989, A Tutorial on Hidden Markov Models, section V.A, for the scaling). All is float64, in
a loop over time steps whose body is vectorised over the sequences still running: matrix products of what is left
when the best score of each token is taken away. A tag that is worse by a factor of 1e290 counts as impossible.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from thinc.util import get_array_module

Array = Any  # numpy's or cupy's

BOUNDARY = 0  # what stands before a sequence and after it, as far as legality goes: O
LEAST = 1e-290  # the smallest weight that is not taken for 0, beside a weight of 1
ILLEGAL = -1e30  # the score of what cannot be. Finite, as inf - inf is not a number; its exp is exactly 0


class Lattice:
    """The paths of some sequences. Arrays are numpy or cupy, as the emissions are.

    emissions (ndarray): the tokens of all sequences in a row, shape (tokens, tags).
    lengths (Sequence[int]): tokens of each sequence; 0 is allowed.
    transitions (ndarray): score of the column after the row, shape (tags, tags).
    legal (ndarray | None): bool, shape (tags, tags): the column may follow the row; a sequence begins and ends
        as if tag 0 stood on both sides of it. None: all tags may follow each other, begin and end.
    possible (ndarray | None): bool, shape (tokens, tags): the tags that a token can have. None: all.
    """

    def __init__(
        self,
        emissions: Array,
        lengths: Sequence[int],
        transitions: Array,
        legal: Array | None = None,
        possible: Array | None = None,
    ):
        self.xp = xp = get_array_module(emissions)
        sizes = np.asarray(lengths, dtype="int64")
        starts = np.cumsum(sizes) - sizes
        self.filled = xp.asarray(np.flatnonzero(sizes))  # the sequences that have tokens
        self.firsts = xp.asarray(starts[sizes > 0])
        self.lasts = xp.asarray((starts + sizes - 1)[sizes > 0])
        self.n_sequences = len(sizes)
        # The tokens at time 1, 2, ... of the sequences that last so long; each has a token before it.
        self.steps = [xp.asarray(starts[sizes > time] + time) for time in range(1, int(sizes.max(initial=0)))]
        self.scores = emissions.astype("float64")
        self.transitions = xp.asarray(transitions, dtype="float64")
        if legal is not None:
            penalty = xp.where(xp.asarray(legal), 0.0, ILLEGAL)
            self.transitions = self.transitions + penalty
            self.scores[self.firsts] += penalty[BOUNDARY]
            self.scores[self.lasts] += penalty[:, BOUNDARY]
        if possible is not None:
            self.scores = xp.where(xp.asarray(possible), self.scores, ILLEGAL)

        # reached: log-sum of the paths up to a tag, its own score excluded; shares, totals: the same as weights,
        # of the tags of a token to each other and of what they become at the next.
        self.reached = xp.zeros_like(self.scores)
        self.shares, self.totals = xp.zeros_like(self.scores), xp.zeros_like(self.scores)
        highest = self.transitions.max()
        self.weights = xp.exp(self.transitions - highest)
        for rows in self.steps:
            before = (self.scores + self.reached)[rows - 1]
            top = before.max(axis=1, keepdims=True)
            self.shares[rows - 1] = xp.exp(before - top)
            self.totals[rows] = totals = self.shares[rows - 1] @ self.weights
            log_totals = xp.log(xp.maximum(totals, LEAST)) + highest
            self.reached[rows] = top + xp.where(totals < LEAST, ILLEGAL, log_totals)

    def log_z(self) -> Array:
        """Logarithm of the partition function of each sequence, shape (sequences,): 0 for empty ones, and below
        `ILLEGAL / 2` where no path is legal."""
        log_z = self.xp.zeros(self.n_sequences)
        log_z[self.filled] = _log_sum_exp((self.scores + self.reached)[self.lasts])
        return log_z

    def marginals(self, weights: Array | None = None) -> tuple[Array, Array]:
        """The gradient of `Σ_s weight_s log Z_s` with respect to emissions and transitions: the probability of
        each tag at each token, and the expected number of each transition, times the weights.

        weights (ndarray | None): shape (sequences,). None: 1.
        RETURNS: shapes (tokens, tags) and (tags, tags), float64.
        """
        xp = self.xp
        ends = (self.scores + self.reached)[self.lasts]
        tags = xp.zeros_like(self.scores)
        tags[self.lasts] = xp.exp(ends - _log_sum_exp(ends)[:, None])
        if weights is not None:
            tags[self.lasts] *= xp.asarray(weights)[self.filled][:, None]
        edges = xp.zeros_like(self.transitions)
        for rows in reversed(self.steps):
            ratios = tags[rows] / xp.maximum(self.totals[rows], LEAST)
            edges += self.weights * (self.shares[rows - 1].T @ ratios)
            tags[rows - 1] = self.shares[rows - 1] * (ratios @ self.weights.T)
        return tags, edges

    def log_before(self, rows: Array, tags: Array) -> Array:
        """Logarithms of the probabilities that the token before has a tag, given each tag of the token itself.

        rows (ndarray): tokens, none of them the first of its sequence.
        tags (ndarray): a tag for the token before each.
        RETURNS (ndarray): shape (rows, tags of the token itself); meaningless where that tag is impossible.
        """
        scores = (self.scores + self.reached)[rows - 1, tags]
        return self.xp.minimum(scores[:, None] + self.transitions[tags] - self.reached[rows], 0)

    def best_path(self) -> Array:
        """The likeliest tag of each token in the likeliest path of its sequence, shape (tokens,) (Viterbi 1967)."""
        best = self.scores.copy()
        previous = self.xp.zeros(best.shape, dtype="int64")
        into = self.xp.ascontiguousarray(self.transitions.T)
        for rows in self.steps:
            candidates = best[rows - 1][:, None, :] + into  # (sequences, tags, tags of the token before)
            chosen = candidates.argmax(axis=2)[:, :, None]
            previous[rows] = chosen[:, :, 0]
            best[rows] += self.xp.take_along_axis(candidates, chosen, axis=2)[:, :, 0]
        path = best.argmax(axis=1)
        for rows in reversed(self.steps):
            path[rows - 1] = previous[rows, path[rows]]
        return path


def _log_sum_exp(scores: Array) -> Array:
    """`log Σ exp` over axis 1."""
    xp = get_array_module(scores)
    top = scores.max(axis=1, keepdims=True)
    return (top + xp.log(xp.exp(scores - top).sum(axis=1, keepdims=True))).squeeze(1)
