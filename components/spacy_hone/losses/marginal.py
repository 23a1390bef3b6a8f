"""Losses for choices with several right answers: the transition parser's, where any of the gold moves will do."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .base import RowLoss

NEGLIGIBLE = 36.0  # 1 - exp(-36) is the last number below 1 in float64


def scale_rows(loss: RowLoss, rows: NDArray, scores: NDArray, step: int) -> tuple[NDArray, NDArray, NDArray]:
    """What an exclusive loss makes of rows that minimise `-log P`, where P is the probability of all gold moves.

    Gold and rest are two exclusive labels with the logits log P and log m, where m = 1 - P. As `dL/d(log m)` is
    shared among the rest by their probabilities p, and its negative among the gold moves by theirs (q = p / P),
    the gradient with respect to all scores is `(p - q) (dL/d(log m)) / m`: the row times a number. It is 1 for
    cross-entropy, and `m^γ - γ m^(γ-1) (1-m) log(1-m)` for focal loss.

    loss (RowLoss): a loss with softmax link; its weights are not applied.
    rows (ndarray): p - q of each state, shape (states, moves).
    scores (ndarray): the scores that the rows came from, same shape.
    step (int): the number of updates made so far.
    RETURNS: the factor of each row, shape (states,); the loss of each state, shape (states,); and q, shape
        (states, moves). Moves of infinitesimal probability may be told apart wrongly.
    """
    scores = scores.astype("float64")
    negative = rows < 0
    gold = np.where(negative.any(axis=1, keepdims=True), negative, rows <= 0)
    log_gold, log_rest = (
        np.logaddexp.reduce(scores, axis=1, where=where, initial=-np.inf) for where in (gold, ~gold)
    )
    log_rest = np.maximum(log_rest, log_gold - NEGLIGIBLE)  # the limit of the factor for m -> 0
    logits: Any = np.stack([log_gold, log_rest], axis=1)
    targets: Any = np.tile([1.0, 0.0], (len(rows), 1))
    d_logits, values = loss.rows(logits, targets, step)
    m = np.exp(log_rest - np.logaddexp(log_gold, log_rest))
    q = np.where(gold, np.exp(scores - log_gold[:, None]), 0.0)
    return d_logits[:, 1] / m, np.asarray(values), q
