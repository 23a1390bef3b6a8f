"""bfloat16 in float32: the numbers of autocast, to bfloat16's rounding."""

import pytest
import torch
from torch.nn import functional as F

from spacy_hone.models.widening import Widening

EPS = 2**-8  # of bfloat16


def autocast() -> torch.autocast:
    return torch.autocast("cpu", torch.bfloat16)


def numbers(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    torch.manual_seed(sum(shape))
    return torch.randn(shape).to(dtype).requires_grad_()


def close(found: torch.Tensor, expected: torch.Tensor, rounds: float) -> bool:
    return bool((found.float() - expected.float()).norm() <= rounds * EPS * expected.float().norm())


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(7, 12), (2, 3, 12)])
def test_linear_layers(shape, dtype, bias):
    x, weight = numbers(*shape, dtype=dtype), numbers(5, 12)
    b = numbers(5) if bias else None
    with autocast():
        expected = F.linear(x, weight, b)
        with Widening():
            found = F.linear(x, weight, b)
    assert found.dtype == expected.dtype == torch.bfloat16 and close(found, expected, 1)
    assert torch.equal(found, F.linear(x.bfloat16().float(), weight, b).bfloat16())
    d_y = numbers(*shape[:-1], 5).detach().bfloat16()
    variables = [x, weight, *([b] if bias else [])]
    of_torch = torch.autograd.grad(expected, variables, d_y)
    exact = torch.autograd.grad(F.linear(x.bfloat16().float(), weight, b), variables, d_y.float())
    for ours, torchs, best in zip(torch.autograd.grad(found, variables, d_y), of_torch, exact):
        assert ours.dtype == torchs.dtype and ours.shape == torchs.shape
        assert close(ours, torchs, 2) and close(ours, best, 0.5)


def test_weights_that_are_frozen_get_no_gradient():
    x, weight = numbers(3, 4), numbers(5, 4).detach()
    with autocast(), Widening():
        F.linear(x, weight, numbers(5).detach()).sum().backward()
    assert x.grad is not None and weight.grad is None


@pytest.mark.parametrize(
    "multiply",
    [
        lambda a, b: a @ b.transpose(-1, -2),
        lambda a, b: torch.matmul(a, b.transpose(-1, -2)),
        lambda a, b: a.matmul(b.transpose(-1, -2)),
        lambda a, b: F.scaled_dot_product_attention(a, b, a),
        lambda a, b: F.scaled_dot_product_attention(a, b, a, torch.zeros(1, 1, 1, 6)),
        lambda a, b: F.scaled_dot_product_attention(a, b, a, torch.ones(6, 6).tril() > 0),
        lambda a, b: F.scaled_dot_product_attention(a, key=b.bfloat16(), value=a.bfloat16()),
    ],
)
def test_products_and_attention(multiply):
    a, b = (numbers(2, 3, 6, n)[..., :8] for n in (8, 9))
    with autocast():
        expected = multiply(a, b)
        with Widening():
            found = multiply(a, b)
    assert found.dtype == expected.dtype == torch.bfloat16 and close(found, expected, 2)
    d_y = torch.ones_like(found)
    for ours, torchs in zip(
        torch.autograd.grad(found, (a, b), d_y), torch.autograd.grad(expected, (a, b), d_y)
    ):
        assert close(ours, torchs, 4)
