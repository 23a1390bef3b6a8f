"""Distillation: learning from what a teacher gives to all labels, beside the annotation."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from thinc.types import Floats1d, Floats2d
from thinc.util import get_array_module

from ..errors import Errors, HoneError, RowError
from ..types import Link
from .base import RowLoss, Rows, check_shape
from .cross_entropy import make_cross_entropy
from .links import log_sigmoid, log_softmax
from .ramps import Ramp, Schedule

Subset = Literal["teacher", "all"]
Tokens = Literal["all", "confident", "entity"]

IMPOSSIBLE = -1e30  # the logit of what has no probability; finite, so that no NaN comes of it


def make_distillation(
    hard: RowLoss | None = None,
    alpha: Schedule = 0.5,
    temperature: Schedule = 2.0,
    *,
    labels: Subset = "teacher",
    tokens: Tokens = "all",
    confidence: float = 0.9,
) -> RowLoss:
    """Build `hone.Distillation.v1` (Hinton et al. 2015, Distilling the Knowledge in a Neural Network).

        L = α Σ_{i ∈ H} hard_i / |H| + (1 - α) T² Σ_{i ∈ S} KL_i / |S|

    H are the rows with annotation, S those with a teacher's logits; a row can be in both, in one, or in neither.
    softmax: `KL_i = Σ_k p_k log(p_k / q_k)` with `p = softmax(t / T)` of the teacher's logits t and
    `q = softmax(z / T)` of the student's; `d(T² KL_i)/dz = T (q - p)`.
    sigmoid: the sum over labels of `p_k log(p_k / q_k) + (1 - p_k) log((1 - p_k) / (1 - q_k))`, with sigmoids in
    place of softmax; the derivative is the same.
    Where no row has a teacher's logits, the second term is 0, and the value is α times that of the hard loss. Under a CRF
    the divergence is that of paths (`crf_divergence`); in hone_transition_ner rows are states and labels moves.

    hard (RowLoss | None): the loss of annotated rows, whose link is the link here, and whose weights weigh its rows
        alone. None: `hone.CrossEntropy.v1` for exclusive labels.
    alpha (float | Schedule): α, from 0 to 1; a schedule has a value for each update.
    temperature (float | Schedule): T, above 0; a schedule has a value for each update.
    labels (str): "teacher": q, like p, is of the labels that the teacher knows, and the others are left alone;
        "all": the others have the probability 0, and the student is drawn away from them.
    tokens (str): the rows of S: "all"; "confident": those where the teacher gives its likeliest label (without
        temperature) at least the probability `confidence`, of independent labels each by itself, if it is there or
        not there with that probability; "entity": those where the teacher's likeliest label or the annotation
        is not O.
    confidence (float): from 0 to 1.

    Raises H405, also in training, when a schedule arrives at a value outside, and H415 where tokens are to be
    chosen by entities, and there is no O.
    """
    hard = make_cross_entropy() if hard is None else hard
    if not isinstance(hard, RowLoss) or hard.takes_logits:
        raise _bad("hard", type(hard).__name__, "a loss of annotation, as hone.CrossEntropy.v1")
    _check_choice("labels", labels, get_args(Subset))
    _check_choice("tokens", tokens, get_args(Tokens))
    if not 0 <= confidence <= 1:
        raise _bad("confidence", confidence, "a number, from 0 to 1")
    loss = Distillation()
    loss.hard, loss.link, loss.weighting = hard, hard.link, hard.weighting
    loss.alpha = Ramp("alpha", alpha, highest=1.0)
    loss.temperature = Ramp("temperature", temperature, positive=True)
    loss.subset, loss.tokens, loss.confidence = labels, tokens, confidence
    return loss


class Distillation(RowLoss):
    takes_logits = True
    hard: RowLoss
    alpha: Ramp
    temperature: Ramp
    subset: Subset
    tokens: Tokens
    confidence: float

    def rows(self, logits: Floats2d, targets: Floats2d, step: int) -> Rows:
        """The rows of the hard loss, times α."""
        alpha = self.alpha(step)
        d_rows, values = self.hard.rows(logits, targets, step)
        return alpha * d_rows, alpha * values

    def bind(
        self,
        labels: Sequence[str],
        counts: Sequence[int],
        total: int | Sequence[int] | None = None,
        *,
        strict: bool = False,
    ) -> None:
        """As in `RowLoss`, for the hard loss. Raises H415 too."""
        if self.tokens == "entity" and "" not in labels:
            raise HoneError(Errors.H415.format(labels=", ".join(labels)))
        self.hard.bind(labels, counts, total, strict=strict)
        self._labels = tuple(labels)

    @property
    def ramps(self) -> list[Ramp]:
        return [self.alpha, self.temperature, *self.hard.ramps]

    @property
    def needs_teacher(self) -> bool:
        return self.alpha.is_zero()

    def prior(self, counts: Sequence[int], total: int | Sequence[int]) -> NDArray[np.float64] | None:
        return self.hard.prior(counts, total)

    @property
    def label_weights(self) -> list[tuple[str, float]]:
        return self.hard.label_weights

    def column_weights(self, step: int) -> NDArray[np.float64]:
        return self.hard.column_weights(step)

    def __call__(
        self,
        logits: Floats2d,
        targets: Floats2d,
        mask: Floats1d | Floats2d | None = None,
        *,
        soft: Floats2d | None = None,
        soft_mask: Floats1d | Floats2d | None = None,
        step: int = 0,
    ) -> tuple[Floats2d, float]:
        """The objective (see `make_distillation`), and its exact gradient.

        logits, targets, mask, step: as in `RowLoss`, for the first term.
        soft (Floats2d | None): the teacher's logits, same shape as the student's; -inf in columns that it does not
            know. A row in which it knows none is not in S. None: no row is.
        soft_mask (Floats1d | Floats2d | None): 1 where there are logits of the teacher, shape (rows,), or
            (rows, labels) for independent labels. None: everywhere. Of `mask` it is independent.
        RETURNS: gradient, shape (rows, labels) with the dtype of the logits; and the value.

        Raises H410 and H411, H412 if tokens are chosen by entities before `bind`, H414 for logits of the teacher
        that are no numbers.
        """
        alpha = self.alpha(step)
        d_hard, value = self.hard(logits, targets, mask, step=step)
        if soft is None:
            return alpha * d_hard, alpha * value
        xp: Any = get_array_module(logits)
        annotated = self._as_mask(xp, mask, logits.shape).any(axis=1)
        found = self.entities(xp.asarray(targets).argmax(axis=1), annotated)
        d_soft, values, taught = self.soft_rows(logits, soft, soft_mask, step=step, found=found)
        n_taught = max(int(taught.sum()), 1)
        soft_value = float(values.sum() / n_taught)
        return alpha * d_hard + (1 - alpha) * (d_soft / n_taught), alpha * value + (1 - alpha) * soft_value

    def entities(self, columns: Any, annotated: Any) -> Any | None:
        """Where the annotation has an entity, shape (rows,), if that matters.

        columns (ndarray): the right column of each row, shape (rows,). annotated (ndarray): whether it is known.
        """
        if self.tokens != "entity":
            return None
        if not self._labels:
            raise HoneError(Errors.H412.format(loss=type(self).__name__))
        xp: Any = get_array_module(columns)
        return xp.asarray([label != "" for label in self._labels])[columns] & annotated

    def choose(
        self,
        logits: Floats2d,
        soft: Floats2d,
        soft_mask: Floats1d | Floats2d | None = None,
        *,
        labels: Sequence[str] | None = None,
        found: Any | None = None,
    ) -> tuple[Floats2d, Any]:
        """What of the teacher's logits is learned from.

        logits, soft, soft_mask: as in `__call__`.
        labels (Sequence[str] | None): the label of each column, "" for O, where tokens are chosen by entities. None:
            those of `bind`.
        found (ndarray | None): bool, shape (rows,): whether the annotation has an entity there. None: nowhere.
        RETURNS: the teacher's logits, -inf where masked too, and whether a row is in S, shape (rows, 1), or
            (rows, labels) for independent labels.
        """
        soft, counted = self._counted(logits, soft, soft_mask)
        return soft, counted & self._chosen(soft, self._labels if labels is None else labels, found)

    def soft_rows(
        self,
        logits: Floats2d,
        soft: Floats2d,
        soft_mask: Floats1d | Floats2d | None = None,
        *,
        step: int,
        labels: Sequence[str] | None = None,
        found: Any | None = None,
    ) -> tuple[Floats2d, Any, Any]:
        """T² KL of each row by itself, for components that do not take the mean.

        logits, soft, soft_mask, labels, found: as in `choose`. step: as in `__call__`.
        RETURNS: the gradient, shape (rows, labels); the values, shape (rows, 1), or (rows, labels) for independent
            labels; both are 0 in rows that are not in S. And which rows are, shape (rows,).
        """
        xp: Any = get_array_module(logits)
        soft, counted = self.choose(logits, soft, soft_mask, labels=labels, found=found)
        values: Any  # thinc's types know no np.newaxis
        d_rows, values = divergence(self.link, logits, soft, self.temperature(step), self.subset)
        if self.link == "softmax":
            values = values[:, None]
        return xp.where(counted, d_rows, 0), xp.where(counted, values, 0), counted.any(axis=1)

    def _counted(self, logits: Floats2d, soft: Floats2d, soft_mask: Floats1d | Floats2d | None):
        """The teacher's logits, as numbers like the student's, -inf where masked; and what counts of them, as
        booleans of shape (rows, 1), or (rows, labels) for independent labels."""
        xp: Any = get_array_module(logits)
        check_shape("teacher's logits", np.shape(soft), logits.shape)
        soft = xp.asarray(soft, dtype=logits.dtype)
        counted = self._as_mask(xp, soft_mask, logits.shape)
        bad = counted & (xp.isnan(soft) | (soft == xp.inf))
        if bad.any():
            row, column = (int(i[0]) for i in xp.nonzero(bad))
            value, label = float(soft[row, column]), self._label_of(column)
            raise RowError(Errors.H414.format(row=row, column=column, label=label, value=value), row)
        known = soft != -xp.inf
        by_label = self.link == "sigmoid" and self.subset == "teacher"
        taught = known if by_label else known.any(axis=1, keepdims=True)
        return xp.where(counted, soft, -xp.inf), counted & taught

    def _chosen(self, soft: Floats2d, labels: Sequence[str], found: Any | None):
        """What the setting `tokens` takes, in the same shapes."""
        xp: Any = get_array_module(soft)
        if self.tokens == "confident":
            if self.link == "sigmoid":
                return xp.exp(log_sigmoid(abs(soft))) >= self.confidence
            log_p = log_softmax(xp.maximum(soft, IMPOSSIBLE))
            return xp.exp(xp.max(log_p, axis=1, keepdims=True)) >= self.confidence
        if self.tokens == "entity":
            if not labels:
                raise HoneError(Errors.H412.format(loss=type(self).__name__))
            of_teacher = xp.asarray([label != "" for label in labels])[soft.argmax(axis=1)]
            return (of_teacher if found is None else of_teacher | found)[:, None]
        return xp.ones((len(soft), 1), dtype=bool)


def divergence(link: Link, logits: Floats2d, soft: Floats2d, temperature: float, subset: Subset) -> Rows:
    """T² KL(teacher ‖ student) of each row, or of each label of each row where labels are independent.

    link (str): "softmax" or "sigmoid".
    logits (Floats2d): the student's, shape (rows, labels).
    soft (Floats2d): the teacher's, same shape; -inf where it does not know the label.
    temperature (float): T.
    subset (str): "teacher" or "all"; see `make_distillation`.
    RETURNS: the gradient with respect to the student's logits, shape (rows, labels), and the values, shape (rows,)
        under softmax, (rows, labels) under sigmoid; without meaning for rows of which the teacher knows nothing.
    """
    xp: Any = get_array_module(logits)
    known = soft != -xp.inf
    teacher, student = xp.where(known, soft / temperature, IMPOSSIBLE), logits / temperature
    if subset == "teacher":
        student = xp.where(known, student, IMPOSSIBLE)
    log_link = log_softmax if link == "softmax" else log_sigmoid
    log_p, log_q = log_link(teacher), log_link(student)
    p, q = xp.exp(log_p), xp.exp(log_q)
    values = p * (log_p - log_q)
    if link == "softmax":
        values = values.sum(axis=1)
    else:
        log_absent = log_sigmoid(-teacher)
        values = values + xp.exp(log_absent) * (log_absent - log_sigmoid(-student))
    return temperature * (q - p), temperature**2 * values


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        near = get_close_matches(str(value), choices, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise _bad(name, value, f"one of {', '.join(map(repr, choices))}{hint}")


def _bad(name: str, value: object, expected: str) -> HoneError:
    return HoneError(Errors.H405.format(name=name, value=value, expected=expected))
