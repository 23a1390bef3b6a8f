"""Training a token classifier whose model has a CRF."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors, HoneError
from ..losses.base import RowLoss
from ..losses.crf import crf_loss
from ..losses.crf_distillation import crf_divergence
from ..losses.cross_entropy import CrossEntropy
from ..losses.distillation import Distillation
from ..teachers.mapping import Targets
from .tags import OUTSIDE


def check_crf_loss(loss: RowLoss) -> None:
    """Raise H404 unless a loss says the same of sequences as of tokens: cross-entropy, exclusive, not smoothed, by itself
    or as the hard part of a distillation. Its weights may be what they like."""
    hard = loss.hard if isinstance(loss, Distillation) else loss
    if type(hard) is not CrossEntropy:
        raise HoneError(Errors.H404.format(loss=type(hard).__name__))
    if hard.link != "softmax" or hard.label_smoothing:
        found = f'cross-entropy with link = "{hard.link}" and label_smoothing = {hard.label_smoothing}'
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
    taught: Targets | None = None,
    step: int = 0,
) -> tuple[float, Floats2d]:
    """The loss of a batch under a CRF. The gradient of the transitions goes to the layer; see `crf_loss` and, for what a
    teacher adds, `crf_divergence`.

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
    taught (Targets | None): what a teacher says, for a distillation.
    step (int): the number of updates made so far.
    RETURNS: the mean loss per known token, and its gradient with respect to the logits.
    """
    tags = np.arange(logits.shape[1])
    allowed = (tags == columns[:, None]) | ~known[:, None]
    possible = None if closed is None else (tags == OUTSIDE) | ~closed[:, None]
    transitions = cast(Floats2d, crf.get_param("transitions"))
    weights = None if loss.weighting.is_none else loss.column_weights(step)[columns]
    paths: dict[str, Any] = {"legal": legal, "possible": possible}
    terms = [(1.0, crf_loss(logits, lengths, transitions, allowed, weights=weights, **paths))]
    if isinstance(loss, Distillation):
        alpha = loss.alpha(step)
        terms = [(alpha, terms[0][1])]
        if taught is not None:
            xp = crf.ops.xp
            found = loss.entities(xp.asarray(columns), xp.asarray(known))
            soft, counted = loss.choose(
                logits, xp.asarray(taught.logits), xp.asarray(taught.known), found=found
            )
            paths |= {"temperature": loss.temperature(step), "only_known": loss.subset == "teacher"}
            soft_term = crf_divergence(logits, lengths, transitions, soft, counted[:, 0], **paths)
            terms.append((1 - alpha, soft_term))
    d_logits, d_transitions, value = (sum(share * term[i] for share, term in terms) for i in range(3))
    crf.inc_grad("transitions", cast(Floats2d, d_transitions))
    return cast(float, value), cast(Floats2d, d_logits)
