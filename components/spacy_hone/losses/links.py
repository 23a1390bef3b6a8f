"""Links between logits and probabilities, in logarithms, so that logits of ±80 lose nothing."""

from thinc.types import Floats2d
from thinc.util import get_array_module


def log_softmax(logits: Floats2d) -> Floats2d:
    """Logarithms of the probabilities of exclusive labels: `z - log Σ exp(z)` by row.

    logits (Floats2d): shape (rows, labels).
    RETURNS (Floats2d): the same shape and dtype.
    """
    xp = get_array_module(logits)
    shifted = logits - xp.max(logits, axis=1, keepdims=True)
    return shifted - xp.log(xp.exp(shifted).sum(axis=1, keepdims=True))


def log_sigmoid(logits: Floats2d) -> Floats2d:
    """Logarithms of the probabilities of independent labels: `-log(1 + exp(-z))`; of their absence: at `-z`.

    logits (Floats2d): shape (rows, labels).
    RETURNS (Floats2d): the same shape and dtype.
    """
    xp = get_array_module(logits)
    return xp.minimum(logits, 0) - xp.log1p(xp.exp(-xp.abs(logits)))
