"""Links between logits and probabilities, in logarithms, so that logits of ±80 lose nothing."""

from typing import get_args

from thinc.types import Floats2d
from thinc.util import get_array_module

from ..errors import Errors, HoneError
from ..types import Link


def check_link(link: str) -> None:
    """Raise H401 if there is no such link."""
    if link not in get_args(Link):
        raise HoneError(Errors.H401.format(link=link, links=", ".join(get_args(Link))))


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


def log_probabilities(link: Link, logits: Floats2d) -> tuple[Floats2d, Floats2d]:
    """Logarithms of the probabilities p and of 1 - p, each to full precision however near to 0 or 1 they are.

    link (str): "softmax" or "sigmoid".
    logits (Floats2d): shape (rows, labels).
    RETURNS (tuple[Floats2d, Floats2d]): log p and log(1 - p), each of the same shape and dtype.
    """
    if link == "sigmoid":
        return log_sigmoid(logits), log_sigmoid(-logits)
    xp = get_array_module(logits)
    likeliest = one_hot_argmax(logits)
    shifted = logits - xp.max(logits, axis=1, keepdims=True)
    others = xp.where(likeliest, -1e30, shifted)
    highest = xp.max(others, axis=1, keepdims=True)
    log_others = highest + xp.log(xp.exp(others - highest).sum(axis=1, keepdims=True))
    log_sum = xp.log1p(xp.exp(log_others))
    log_p = shifted - log_sum
    p_others = xp.where(likeliest, 0, xp.exp(log_p))
    return log_p, xp.where(likeliest, log_others - log_sum, xp.log1p(-p_others))


def one_hot_argmax(values: Floats2d):
    """The place of each row's highest value, as a boolean array of the same shape."""
    xp = get_array_module(values)
    return xp.arange(values.shape[1]) == values.argmax(axis=1).reshape((-1, 1))
