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
        lambda a, b: torch.bmm(a[0], b[0].transpose(-1, -2)),
        lambda a, b: a[0].bmm(b[0].transpose(-1, -2)),
        lambda a, b: F.scaled_dot_product_attention(a, b, a),
        lambda a, b: F.scaled_dot_product_attention(a, b, a, torch.zeros(1, 1, 1, 6).to(a)),
        lambda a, b: F.scaled_dot_product_attention(a, b, a, torch.ones(6, 6).tril() > 0),
        lambda a, b: F.scaled_dot_product_attention(a, key=b, value=a),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_products_and_attention(multiply, dtype):
    a, b = (numbers(2, 3, 6, n, dtype=dtype)[..., :8] for n in (8, 9))
    with autocast():
        expected = multiply(a, b)
        with Widening():
            found = multiply(a, b)
    assert found.dtype == expected.dtype == torch.bfloat16 and close(found, expected, 2)
    in_float32 = multiply(a.bfloat16().float(), b.bfloat16().float())
    assert torch.equal(found, in_float32.bfloat16())
    d_y = torch.ones_like(found)
    of_torch = torch.autograd.grad(expected, (a, b), d_y)
    for ours, torchs in zip(torch.autograd.grad(found, (a, b), d_y), of_torch):
        assert ours.dtype == torchs.dtype and close(ours, torchs, 4)


def test_what_waits_for_the_backward_pass_of_a_linear_layer():
    saved = []
    x, weight = numbers(3, 4), numbers(5, 4)
    hooks = torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t.dtype) or t, lambda t: t)
    with hooks, autocast(), Widening():
        F.linear(x, weight)
    assert saved == [torch.bfloat16, torch.float32]  # the input, and the weights themselves


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_what_autocast_leaves_alone(dtype):
    """Rotary encoders compute positions in float32, in a region without autocast."""
    positions = torch.arange(508, 514).to(dtype)[:, None]
    ones = torch.ones(1, 1, dtype=dtype)
    with autocast(), Widening():
        if dtype == torch.float32:
            with torch.autocast("cpu", enabled=False):
                found = [positions @ ones, F.linear(positions, ones)]
        else:
            found = [positions @ ones, F.linear(positions, ones)]
    assert all(torch.equal(each, positions) and each.dtype == dtype for each in found)
