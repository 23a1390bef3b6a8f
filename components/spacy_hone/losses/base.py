"""What every loss shares: masks, soft targets, weights and the mean. A new loss is a `RowLoss` with `rows`."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from thinc.loss import Loss
from thinc.types import Floats1d, Floats2d
from thinc.util import get_array_module

from ..errors import Errors, HoneError, RowError
from ..types import Link
from .links import check_link
from .ramps import Ramp, Schedule
from .weights import Weighting, WeightSetting

Rows = tuple[Floats2d, Floats1d | Floats2d]

TOLERANCE = 1e-3  # of targets: teachers' probabilities may come from float16


class RowLoss(Loss):
    """A loss over rows of logits, where a row is a token or a document.

    Value and gradient are one computation: `__call__` does it, `get_grad` and `get_loss` delegate. A loss of
    one's own needs `rows`, and has the settings of all losses without doing anything for it.

    link (str): "softmax" where exactly one label holds, "sigmoid" where any number does.
    takes_logits (bool): whether soft targets are a teacher's logits; if not, they are its probabilities.
    begins_with_prior (bool): whether independent labels are learned faster from their frequencies on; see `prior`.
    weights, max_weight, outside_weight, weight_ramp: see `Weighting`. The loss of a row is multiplied by the
        expected weight of its label, `Σ_k y_k w_k`; of an independent label by `y_k w_k + (1 - y_k) w_outside`.
    """

    link: Link = "softmax"
    takes_logits: bool = False
    begins_with_prior: bool = False
    weighting = Weighting()
    _labels: Sequence[str] = ()
    _weights: NDArray[np.float64] | None = None

    def __init__(
        self,
        link: Link = "softmax",
        *,
        weights: WeightSetting = "none",
        max_weight: float = 10.0,
        outside_weight: float | None = None,
        weight_ramp: Schedule = 1.0,
    ):
        check_link(link)
        self.link = link
        self.weighting = Weighting(weights, max_weight, outside_weight, weight_ramp)

    @abstractmethod
    def rows(self, logits: Floats2d, targets: Floats2d, step: int) -> Rows:
        """The loss of each row by itself, or of each label of each row where labels are independent.

        logits (Floats2d): shape (rows, labels).
        targets (Floats2d): one distribution a row (softmax) or one probability a label (sigmoid), same shape.
        step (int): the number of updates made so far, for losses that change in training.
        RETURNS: the gradient of each row's loss (sigmoid: of each element's) with respect to its logits, shape
            (rows, labels), and the losses, shape (rows,) under softmax, (rows, labels) under sigmoid.
        """

    def bind(
        self,
        labels: Sequence[str],
        counts: Sequence[int],
        total: int | Sequence[int] | None = None,
        *,
        strict: bool = False,
    ) -> None:
        """Learn what the columns are and how many rows of the training data each has, and weigh them. The
        component calls this at initialisation, after loading and when labels are added.

        labels (Sequence[str]): the label of each column; the tags of an entity type share one, "" is O.
        counts (Sequence[int]): the number of training rows of each column, in the same order.
        total (int | Sequence[int] | None): the number of training rows with annotation; of independent labels also
            by column. None: the sum of the counts.
        strict (bool): whether computed weights need an example of each label. If not, one without examples
            has the highest weight.

        Raises H407, H408 or H409 where weights and labels do not fit, H411 for different lengths.
        """
        check_shape("counts", np.shape(counts), (len(labels),))
        self._labels = tuple(labels)
        total = sum(counts) if total is None else total
        weights = self.weighting.by_label(labels, counts, total, self.link, strict=strict)
        self._weights = np.array([weights[label] for label in labels])

    @property
    def ramps(self) -> list[Ramp]:
        """The settings that may change in training."""
        return [self.weighting.ramp, *(value for value in vars(self).values() if isinstance(value, Ramp))]

    def look_ahead(self, steps: int) -> None:
        """Raise H405 if a schedule leaves its bounds within so many updates."""
        for ramp in self.ramps:
            ramp.look_ahead(steps)

    @property
    def label_weights(self) -> list[tuple[str, float]]:
        """The weight of each label once training has reached the end of the ramp; none where weights are "none"."""
        if self.weighting.is_none or self._weights is None:
            return []
        return [(label or "O", float(w)) for label, w in dict(zip(self._labels, self._weights)).items()]

    def prior(self, counts: Sequence[int], total: int | Sequence[int]) -> NDArray[np.float64] | None:
        """The logits that an output layer's bias begins with, shape (columns,); None: zeros.

        Of independent labels they are those of the labels' frequencies, weighted as in the first update (Lin et al.
        2017, section 4.1). From zeros, each label that few documents have is expected in half of them, and the first
        hundred updates of a fine-tuning are spent on that alone.

        counts, total: as given to `bind`, which comes before.
        """
        if self.link == "softmax" or not self.begins_with_prior:
            return None
        n = np.asarray(counts, dtype="float64")
        there = n * self.column_weights(0)
        return np.log((there + 1) / ((np.asarray(total) - n) * self._absence_weight(0) + 1))

    def column_weights(self, step: int) -> NDArray[np.float64]:
        """The weight of each column after `step` updates, shape (columns,). Raises H412 before `bind`."""
        if self._weights is None:
            raise HoneError(Errors.H412.format(loss=type(self).__name__))
        return 1 + self.weighting.ramp(step) * (self._weights - 1)

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
        """The mean loss over unmasked rows, and its exact gradient.

        logits (Floats2d): shape (rows, labels), float32 or float64, numpy or cupy.
        targets (Floats2d): target distributions, one-hot for hard labels, same shape.
        mask (Floats1d | Floats2d | None): 1 where a target is known and counts, 0 where not, shape (rows,), or
            (rows, labels) for independent labels. None: all.
        soft (Floats2d | None): a teacher's distributions, same shape as the targets, which they replace.
        soft_mask (Floats1d | Floats2d | None): 1 where the soft target is used; it then counts, whatever `mask`
            says; shaped as `mask`. None: all.
        step (int): the number of updates made so far.
        RETURNS: gradient, shape (rows, labels) with the dtype of the logits, zero where masked; and the value:
            the sum of unmasked (weighted) losses by the number of rows with anything unmasked, not by the sum
            of the weights; 0.0 if there are none.

        Raises H410 for targets that are no probabilities, H411 for shapes that do not fit.
        """
        xp = get_array_module(logits)
        targets = xp.asarray(targets, dtype=logits.dtype)
        check_shape("targets", targets.shape, logits.shape)
        counted = self._as_mask(xp, mask, logits.shape)
        if soft is not None:
            check_shape("soft targets", np.shape(soft), logits.shape)
            softened = self._as_mask(xp, soft_mask, logits.shape)
            targets = xp.where(softened, xp.asarray(soft, dtype=logits.dtype), targets)
            counted = counted | softened
        self._check_targets(xp, targets, counted)
        values: Any  # thinc's types know no np.newaxis
        d_rows, values = self.rows(logits, targets, step)
        independent = self.link == "sigmoid"
        check_shape("losses of the rows", values.shape, logits.shape[: 2 if independent else 1])
        if not independent:
            values = values[:, None]
        if not self.weighting.is_none:
            factors = self._factors(xp, targets, step)
            d_rows, values = d_rows * factors, values * factors
        n_counted = max(int(counted.any(axis=1).sum()), 1)
        d_logits = xp.where(counted, d_rows / n_counted, 0)
        return d_logits.astype(logits.dtype), float(xp.where(counted, values, 0).sum() / n_counted)

    @property
    def needs_teacher(self) -> bool:
        """Whether there is nothing to learn without soft targets."""
        return False

    def get_grad(self, logits: Floats2d, targets: Floats2d) -> Floats2d:
        return self(logits, targets)[0]

    def get_loss(self, logits: Floats2d, targets: Floats2d) -> float:
        return self(logits, targets)[1]

    def _factors(self, xp, targets: Floats2d, step: int) -> Floats2d:
        """What each row's loss is multiplied by, shape (rows, 1); for independent labels (rows, labels)."""
        weights = xp.asarray(self.column_weights(step), dtype=targets.dtype)
        check_shape("weights", weights.shape, targets.shape[1:])
        if self.link == "softmax":
            return (targets * weights).sum(axis=1, keepdims=True)
        return targets * weights + (1 - targets) * self._absence_weight(step)

    def _absence_weight(self, step: int) -> float:
        """The weight of the absence of an independent label."""
        outside = self.weighting.outside_weight
        return 1.0 if outside is None else 1 + self.weighting.ramp(step) * (outside - 1)

    def _as_mask(self, xp, mask: Floats1d | Floats2d | None, shape: tuple[int, ...]):
        """Booleans of shape (rows, 1), or (rows, labels) for a mask of labels."""
        if mask is None:
            return xp.ones((shape[0], 1), dtype=bool)
        known = xp.asarray(mask) > 0
        if self.link == "sigmoid" and known.ndim == 2:
            check_shape("mask", known.shape, shape)
            return known
        check_shape("mask", known.shape, shape[:1])
        return known[:, None]

    def _check_targets(self, xp, targets: Floats2d, counted) -> None:
        bad = counted & ~((targets >= -TOLERANCE) & (targets <= 1 + TOLERANCE))
        if self.link == "softmax":
            bad |= counted & ~(abs(targets.sum(axis=1, keepdims=True) - 1) <= TOLERANCE)
        if bad.any():
            row, column = (int(i[0]) for i in xp.nonzero(bad))
            label, values = (
                self._label_of(column),
                ", ".join(f"{float(value):g}" for value in targets[row][:8]),
            )
            raise RowError(
                Errors.H410.format(row=row, column=column, label=label, values=values, link=self.link), row
            )

    def _label_of(self, column: int) -> str:
        """The label of a column, for errors; nothing before `bind`."""
        return f" ({self._labels[column] or 'O'})" if column < len(self._labels) else ""


def check_shape(what: str, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if tuple(found) != tuple(expected):
        raise HoneError(Errors.H411.format(what=what, found=tuple(found), expected=tuple(expected)))
