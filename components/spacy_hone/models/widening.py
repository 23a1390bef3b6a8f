"""Products of bfloat16 numbers by the float32 multipliers of a CPU whose own for bfloat16 are slower."""

from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from .function_mode import Function, Replacing

PRODUCTS = (torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__, torch.bmm, torch.Tensor.bmm)
FORMATS = (torch.bfloat16, torch.float32)  # what autocast looks at


class Widening(Replacing):
    """Within this context, where autocast to bfloat16 is on, linear layers, attention and products of matrices take
    bfloat16 and give bfloat16, as ever, and are computed in float32. Products and their sums are float32 in bfloat16's own
    multipliers too; weights of linear layers are not even rounded, and their inputs wait in bfloat16 for the backward pass.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                F.linear: linear,
                **{function: widen(function) for function in (F.scaled_dot_product_attention, *PRODUCTS)},
            }
        )


class Linear(torch.autograd.Function):
    """x Wᵀ + b."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        half = x.bfloat16()
        ctx.save_for_backward(half, weight)
        ctx.dtype = x.dtype
        with torch.autocast("cpu", enabled=False):
            return F.linear(half.float(), weight, bias).bfloat16()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *d_outputs: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        d_y = d_outputs[0].float().reshape(-1, len(weight))
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad
        return (
            (d_y @ weight).view(x.shape).to(ctx.dtype) if needs_x else None,
            d_y.T @ x.reshape(-1, x.shape[-1]).float() if needs_weight else None,
            d_y.sum(0) if needs_bias else None,
        )


def linear(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """`torch.nn.functional.linear`."""
    if _is_autocast(input, weight):
        return Linear.apply(input, weight, bias)
    return F.linear(input, weight, bias)


def widen(multiply: Function) -> Function:
    """The same function, computed in float32 and given in bfloat16."""

    def multiply_widened(*args: Any, **kwargs: Any) -> torch.Tensor:
        if not _is_autocast(args[0]):
            return multiply(*args, **kwargs)
        with torch.autocast("cpu", enabled=False):
            wide = {name: _round(value) for name, value in kwargs.items()}
            return multiply(*map(_round, args), **wide).bfloat16()

    return multiply_widened


def _is_autocast(*operands: torch.Tensor) -> bool:
    return torch.is_autocast_enabled("cpu") and all(operand.dtype in FORMATS for operand in operands)


def _round(value: Any) -> Any:
    """A tensor of floats rounded to bfloat16, as float32; anything else as it is."""
    return value.bfloat16().float() if isinstance(value, torch.Tensor) and value.dtype in FORMATS else value
