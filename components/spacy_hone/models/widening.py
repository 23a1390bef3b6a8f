"""Products of bfloat16 numbers by the float32 multipliers of a CPU whose own for bfloat16 are slower."""

from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from .function_mode import Function, Replacing


class Widening(Replacing):
    """Within this context, under autocast to bfloat16, matrix products take bfloat16 and give bfloat16, as ever, and are
    computed in float32. Products and their sums are float32 in bfloat16's own multipliers too; weights are not even
    rounded. What waits for the backward pass is in bfloat16.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                F.linear: linear,
                F.scaled_dot_product_attention: widen(F.scaled_dot_product_attention),
                **dict.fromkeys(
                    (torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__), widen(torch.matmul)
                ),
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
    return Linear.apply(input, weight, bias)


def widen(multiply: Function) -> Function:
    """The same function, computed in float32 and given in bfloat16."""

    def multiply_widened(*args: Any, **kwargs: Any) -> torch.Tensor:
        with torch.autocast("cpu", enabled=False):
            wide = {name: as_float32(value) for name, value in kwargs.items()}
            return multiply(*map(as_float32, args), **wide).bfloat16()

    return multiply_widened


def as_float32(value: Any) -> Any:
    """A tensor of bfloat16 as one of float32; anything else as it is."""
    return value.float() if isinstance(value, torch.Tensor) and value.dtype == torch.bfloat16 else value
