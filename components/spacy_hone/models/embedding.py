"""Gradients of an embedding table in the rows that were looked up.

torch makes a gradient of the whole table at each backward pass: zeros, of which a batch fills a few hundred rows, added
to those of the batch before. For a small encoder that is an eighth of the time of an update on a CPU. Here the table
keeps one gradient, and only the rows that were written are cleared.
"""

from typing import Any

import torch
from torch.nn import functional as F

LARGE = 4096  # rows: for smaller tables it does not pay


class Gradient:
    """The gradient of a table, and which of its rows are not zero. It lives on the table, as its `row_gradient`."""

    def __init__(self, table: torch.Tensor) -> None:
        self.values = torch.zeros_like(table)
        self.written = torch.zeros(len(table), dtype=torch.bool)

    def clear(self) -> None:
        rows = self.written.nonzero().squeeze(1)
        self.values.index_fill_(0, rows, 0)
        self.written.zero_()

    def add(self, ids: torch.Tensor, values: torch.Tensor) -> None:
        self.values.index_add_(0, ids, values.to(self.values.dtype))
        self.written[ids] = True


class Lookup(torch.autograd.Function):
    """Rows of a table; its backward pass adds to `table.grad` by itself."""

    @staticmethod
    def forward(ctx: Any, table: torch.Tensor, ids: torch.Tensor, padding: int | None) -> torch.Tensor:
        ctx.table, ctx.padding = table, padding
        ctx.save_for_backward(ids)
        return F.embedding(ids, table.detach())

    @staticmethod
    def backward(ctx: Any, *d_rows: torch.Tensor) -> tuple[None, None, None]:
        [ids], table = ctx.saved_tensors, ctx.table
        ids, values = ids.reshape(-1), d_rows[0].reshape(-1, table.shape[1])
        if ctx.padding is not None:
            real = ids != ctx.padding
            ids, values = ids[real], values[real]
        attach(table).add(ids, values)
        return None, None, None


def attach(table: torch.Tensor) -> Gradient:
    """The table's gradient, cleared if the one before was spent."""
    gradient = getattr(table, "row_gradient", None)
    if gradient is None or gradient.values.shape != table.shape:
        gradient = table.row_gradient = Gradient(table)  # type: ignore[attr-defined]
    if table.grad is not gradient.values:
        gradient.clear()
        if table.grad is not None:
            gradient.values += table.grad
            gradient.written.fill_(True)
        table.grad = gradient.values
    return gradient


def embedding(  # noqa: PLR0917 (torch's signature)
    input: torch.Tensor,
    weight: torch.Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> torch.Tensor:
    """`torch.nn.functional.embedding`, for large tables on a CPU. What this does not know is left to torch."""
    is_known = weight.is_leaf and weight.requires_grad and len(weight) >= LARGE and torch.is_grad_enabled()
    if not is_known or max_norm is not None or scale_grad_by_freq or sparse:
        return F.embedding(input, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
    padding = padding_idx + len(weight) if padding_idx is not None and padding_idx < 0 else padding_idx
    return Lookup.apply(weight, input, padding)
