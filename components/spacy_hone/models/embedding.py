"""Gradients of an embedding table in the rows that were looked up.

torch makes a gradient of the whole table at each backward pass: zeros, of which a batch fills a few hundred rows, added
to those of the batch before. For a small encoder that is an eighth of the time of an update on a CPU. Here a backward
pass gives the rows alone (torch's sparse gradient), the table keeps one gradient that they are added to, and only the
rows that were written are cleared.
"""

from collections.abc import Sequence

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

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """It is not kept in pickles of the table."""
        return type(None), ()


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


def add_gradient(parameter: torch.Tensor, found: Sequence[torch.Tensor | None]) -> None:
    """Add what `torch.autograd.grad` found to the parameter's gradient. None: the parameter had no part."""
    given = [gradient for gradient in found if gradient is not None]
    for gradient in given:
        if gradient.is_sparse:
            attach(parameter).add(gradient._indices()[0], gradient._values())
    if not (dense := [gradient for gradient in given if not gradient.is_sparse]):
        return
    total = sum(dense[1:], start=dense[0])
    if parameter.grad is not None:
        parameter.grad += total
    else:  # never one of these itself: two parameters may have been given the same
        parameter.grad = total.clone() if len(dense) == 1 else total
    own = getattr(parameter, "row_gradient", None)
    if own is not None and parameter.grad is own.values:
        own.written.fill_(True)


def embedding(  # noqa: PLR0917 (torch's signature)
    input: torch.Tensor,
    weight: torch.Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> torch.Tensor:
    """`torch.nn.functional.embedding`, with a sparse gradient for large tables; the rest is left to torch."""
    is_known = max_norm is None and not scale_grad_by_freq and weight.is_leaf and len(weight) >= LARGE
    return F.embedding(
        input, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse or is_known
    )
