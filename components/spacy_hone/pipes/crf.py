"""Training a token classifier whose model has a CRF."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors, HoneError
from ..losses.base import RowLoss
from ..losses.crf import crf_loss
from ..losses.cross_entropy import CrossEntropy
from .tags import OUTSIDE


def check_crf_loss(loss: RowLoss) -> None:
    """Raise H404 unless a loss says the same of sequences as of tokens: cross-entropy, exclusive, not smoothed.
    Its weights may be what they like."""
    if type(loss) is not CrossEntropy:
        raise HoneError(Errors.H404.format(loss=type(loss).__name__))
    if loss.link != "softmax" or loss.label_smoothing:
        found = f'cross-entropy with link = "{loss.link}" and label_smoothing = {loss.label_smoothing}'
        raise HoneError(Errors.H404.format(loss=found))


def crf_step(
    crf: Model[Floats2d, Floats2d],
    loss: RowLoss,
    logits: Floats2d,
    lengths: Sequence[int],
    *,
    columns: NDArray[np.integer],
    known: NDArray[np.bool_],
    legal: NDArray[np.bool_] | None = None,
    closed: NDArray[np.bool_] | None = None,
    step: int = 0,
) -> tuple[float, Floats2d]:
    """The loss of a batch under a CRF. The gradient of the transitions goes to the layer; see `crf_loss`.

    crf (Model): the model's layer "crf".
    loss (RowLoss): one that `check_crf_loss` accepts, bound to the tags: gives their weights.
    logits (Floats2d): the tokens of all documents in a row, shape (tokens, tags).
    lengths (Sequence[int]): tokens of each document.
    columns (ndarray): the right tag of each token, shape (tokens,); of unknown tokens it does not matter.
    known (ndarray): bool, shape (tokens,): whether the right tag is known.
    legal (ndarray | None): bool, shape (tags, tags): the tag of the column may follow that of the row, as in
        `TagTable.legal`. None: all.
    closed (ndarray | None): bool, shape (tokens,): tokens that can only be outside (row 0); they teach nothing.
        None: there are none.
    step (int): the number of updates made so far.
    RETURNS: the mean loss per known token, and its gradient with respect to the logits.
    """
    tags = np.arange(logits.shape[1])
    allowed = (tags == columns[:, None]) | ~known[:, None]
    possible = None if closed is None else (tags == OUTSIDE) | ~closed[:, None]
    d_logits, d_transitions, value = crf_loss(
        logits,
        lengths,
        cast(Floats2d, crf.get_param("transitions")),
        allowed,
        legal=legal,
        possible=possible,
        weights=None if loss.weighting.is_none else loss.column_weights(step)[columns],
    )
    crf.inc_grad("transitions", d_transitions)
    return value, d_logits
