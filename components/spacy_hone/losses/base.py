"""What every loss shares: masks, soft targets and the mean. A new loss is a `RowLoss` with `rows`."""

from abc import abstractmethod
from collections.abc import Sequence

from thinc.loss import Loss
from thinc.types import Floats1d, Floats2d
from thinc.util import get_array_module


class RowLoss(Loss):
    """A loss over rows of logits, where a row is a token or a document.

    Value and gradient are one computation: `__call__` does it, `get_grad` and `get_loss` delegate.
    """

    @abstractmethod
    def rows(self, logits: Floats2d, targets: Floats2d, step: int) -> tuple[Floats2d, Floats1d]:
        """The loss of each row by itself.

        logits (Floats2d): shape (rows, labels).
        targets (Floats2d): one distribution a row (softmax) or one probability a label (sigmoid), same shape.
        step (int): the number of updates made so far, for losses that change in training.
        RETURNS: the gradient of each row's loss with respect to its logits, shape (rows, labels), and the
            losses, shape (rows,).
        """

    def bind(self, labels: Sequence[str], counts: Sequence[int]) -> None:
        """Learn the names of the columns and how many rows of the training data each has. The component calls
        this at initialisation and after loading; a loss that weighs labels by name overrides it.

        labels (Sequence[str]): the name of each column.
        counts (Sequence[int]): the number of training rows of each column, in the same order.
        """

    def __call__(
        self,
        logits: Floats2d,
        targets: Floats2d,
        mask: Floats1d | None = None,
        *,
        soft: Floats2d | None = None,
        soft_mask: Floats1d | None = None,
        step: int = 0,
    ) -> tuple[Floats2d, float]:
        """The mean loss over unmasked rows, and its exact gradient.

        logits (Floats2d): shape (rows, labels), float32 or float64, numpy or cupy.
        targets (Floats2d): target distributions, one-hot for hard labels, same shape.
        mask (Floats1d | None): 1 where a row counts, 0 where its target is unknown, shape (rows,). None: all.
        soft (Floats2d | None): a teacher's distributions, same shape as the targets, which they replace.
        soft_mask (Floats1d | None): 1 where a row's soft target is used; it then counts, whatever `mask`
            says. None: all rows.
        step (int): the number of updates made so far.
        RETURNS: gradient, shape (rows, labels) with the dtype of the logits, zero where masked; and the
            value, 0.0 if no row counts.
        """
        xp = get_array_module(logits)
        targets = xp.asarray(targets, dtype=logits.dtype)
        counted = _as_mask(xp, mask, len(logits))
        if soft is not None:
            softened = _as_mask(xp, soft_mask, len(logits))
            targets = xp.where(softened[:, None], xp.asarray(soft, dtype=logits.dtype), targets)
            counted |= softened
        d_rows, values = self.rows(logits, targets, step)
        n_counted = max(int(counted.sum()), 1)
        d_logits = xp.where(counted[:, None], d_rows / n_counted, 0)
        return d_logits.astype(logits.dtype), float(xp.where(counted, values, 0).sum() / n_counted)

    def get_grad(self, logits: Floats2d, targets: Floats2d) -> Floats2d:
        return self(logits, targets)[0]

    def get_loss(self, logits: Floats2d, targets: Floats2d) -> float:
        return self(logits, targets)[1]


def _as_mask(xp, mask: Floats1d | None, n_rows: int):
    return xp.ones(n_rows, dtype=bool) if mask is None else xp.asarray(mask) > 0
