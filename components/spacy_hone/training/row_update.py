"""AdamW for an embedding table of which a corpus knows a few rows."""

import torch
from torch.optim.adamw import adamw

from .parameters import Settings


def has_rows(table: torch.nn.Parameter) -> bool:
    """Whether an encoder's backward pass on a CPU keeps the gradient of this table by row."""
    return getattr(table, "row_gradient", None) is not None and table.device.type == "cpu"


class RowUpdate:
    """torch's update of a table with a `row_gradient` (see `models.embedding`), for the rows that ever had a gradient. The
    moments of the others are zero: decay alone moves them, and nothing is kept of them. For MiniLM, whose table is half of
    its weights, that saves a quarter of the optimiser's time.

    share: of the learning rate. decay: of the weights.
    """

    def __init__(self, table: torch.nn.Parameter, settings: Settings, share: float, decay: float) -> None:
        self.table = table
        self.settings = settings
        self.share = share
        self.decay = decay
        self.known = torch.zeros(len(table), dtype=torch.bool)
        self.rows = torch.zeros(0, dtype=torch.int64)
        self.moments = [table.new_zeros(0, *table.shape[1:]) for _ in range(2)]
        self.n_steps = torch.tensor(0.0)

    def gradient(self) -> torch.Tensor:
        """The rows of the gradient that may not be zero."""
        assert self.table.grad is not None
        return self.table.grad[self._written()]

    @torch.no_grad()
    def step(self, rate: float, factor: float) -> None:
        """Update at a learning rate, with `factor` times the gradient."""
        assert self.table.grad is not None
        self._meet(self._written())
        rate *= self.share
        weights, gradient = self.table[self.rows], self.table.grad[self.rows].mul_(factor)
        means, squares = self.moments
        adamw(
            [weights],
            [gradient],
            [means],
            [squares],
            [],
            [self.n_steps],
            fused=True,
            amsgrad=False,
            maximize=False,
            beta1=self.settings.beta1,
            beta2=self.settings.beta2,
            eps=self.settings.eps,
            lr=rate,
            weight_decay=self.decay,
        )
        if self.decay:
            self.table.mul_(1 - rate * self.decay)
        self.table.index_copy_(0, self.rows, weights)

    def _written(self) -> torch.Tensor:
        """Numbers of the rows with a gradient: all, where the gradient is another tensor than the one kept by row."""
        own = self.table.row_gradient  # type: ignore[attr-defined]
        if self.table.grad is own.values:
            return own.written.nonzero().squeeze(1)
        return torch.arange(len(self.table))

    def _meet(self, rows: torch.Tensor) -> None:
        new = rows[~self.known[rows]]
        self.known[new] = True
        self.rows = torch.cat([self.rows, new])
        zeros = self.table.new_zeros(len(new), *self.table.shape[1:])
        self.moments = [torch.cat([moment, zeros]) for moment in self.moments]
