"""The loss of a linear-chain conditional random field: whole sequences of tags, annotated in full or in part."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from thinc.types import Floats2d
from thinc.util import get_array_module

from ..errors import Errors, RowError
from .lattice import ILLEGAL, Array, Lattice


def crf_loss(
    emissions: Floats2d,
    lengths: Sequence[int],
    transitions: Floats2d,
    allowed: Array,
    *,
    legal: Array | None = None,
    possible: Array | None = None,
    weights: Array | None = None,
) -> tuple[Floats2d, Floats2d, float]:
    """The negative log-likelihood of what the annotation allows, per known token, and its exact gradients.

        L = Σ_s w_s (log Z_s - log Z_s') / N

    Z sums over the legal paths of a sequence and Z' over those that the annotation allows: one path where all
    is known, several where something is not (Tsuboi et al. 2008, Training Conditional Random Fields Using
    Incomplete Annotations). A token is known if the annotation excludes a possible tag of it; N is the number
    of known tokens in the batch, so that the loss has the scale of a token classifier's. w_s is the mean weight
    of the known tokens of the sequence.

    emissions (Floats2d): the tokens of all sequences in a row, shape (tokens, tags), float32 or float64, numpy
        or cupy.
    lengths (Sequence[int]): tokens of each sequence.
    transitions (Floats2d): score of the column after the row, shape (tags, tags).
    allowed (ndarray): bool, shape (tokens, tags): the tags that the annotation allows, all for unknown tokens.
    legal (ndarray | None): bool, shape (tags, tags); see `Lattice`.
    possible (ndarray | None): bool, shape (tokens, tags); see `Lattice`.
    weights (ndarray | None): a weight for each token, shape (tokens,); those of unknown tokens do not matter.
        None: 1.
    RETURNS: the gradients of emissions and transitions, of their shapes and dtypes, and the value; zeros where
        nothing is known.
    Raises H403 if the annotation of a sequence allows no legal path.
    """
    xp: Any = get_array_module(emissions)
    n_tokens = len(emissions)
    possible = xp.ones(emissions.shape, dtype=bool) if possible is None else xp.asarray(possible)
    allowed = possible & xp.asarray(allowed)
    known = (allowed != possible).any(axis=1)
    token_weights = known.astype("float64") if weights is None else xp.asarray(weights) * known
    sequence_weights = _means(token_weights, known, lengths) / max(int(known.sum()), 1)

    # Both lattices at once: the batch twice, free and as annotated.
    both = Lattice(
        xp.concatenate((emissions, emissions)),
        [*lengths, *lengths],
        transitions,
        legal,
        xp.concatenate((possible, allowed)),
    )
    signs = xp.concatenate((sequence_weights, -sequence_weights))
    log_z = both.log_z()
    if (log_z < ILLEGAL / 2).any():
        ended = (both.scores + both.reached).max(axis=1) < ILLEGAL / 2  # tokens that no allowed path gets to
        row = int(ended.argmax()) % n_tokens
        raise RowError(Errors.H403.format(row=row), row)
    d_both, d_transitions = both.marginals(signs)
    d_emissions = d_both[:n_tokens] + d_both[n_tokens:]
    value = float((signs * log_z).sum())
    return d_emissions.astype(emissions.dtype), d_transitions.astype(transitions.dtype), value


def _means(values: Array, known: Array, lengths: Sequence[int]) -> Array:
    """The mean of the known tokens' values in each sequence, 0 without any; values of the others are 0."""
    xp = get_array_module(known)
    owner = xp.asarray(np.repeat(np.arange(len(lengths)), lengths))
    counts = xp.bincount(owner, weights=known.astype("float64"), minlength=len(lengths))
    return xp.bincount(owner, weights=values, minlength=len(lengths)) / xp.maximum(counts, 1)
