import numpy as np
import pytest

from spacy_hone.errors import HoneError
from spacy_hone.models import precision, widening
from spacy_hone.models.transformer import build_transformer_model


@pytest.fixture
def bf16(monkeypatch):
    """Say that the CPU has it (torch emulates it where not), and is faster with it, or not."""

    def say(has: bool, pays: bool = True):
        monkeypatch.setattr(precision, "has_bf16", lambda device_type: has)
        monkeypatch.setattr(precision, "gain_bf16", lambda device_type: 2.0 if pays else 0.5)

    return say


def run(folder, choice, is_train):
    import torch

    model = build_transformer_model(
        str(folder),
        precision=choice,
        transformer_config={"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
    )
    model.initialize()
    shim = model.shims[0]
    hidden, backprop = shim((np.arange(10, 40).reshape(3, 10), np.array([10, 10, 10])), is_train)
    if is_train:
        backprop(torch.ones_like(hidden) / hidden.numel() * torch.arange(16))
    grads = [p.grad for p in shim.transformer.parameters() if p.grad is not None]
    return hidden, grads


@pytest.mark.parametrize("is_train", [False, True])
def test_bf16_is_close_to_fp32(toy_bert, bf16, is_train):
    import torch

    bf16(True)
    full, full_grads = run(toy_bert(), "fp32", is_train)
    for choice in ("bf16", "auto"):
        half, half_grads = run(toy_bert(), choice, is_train)
        assert half.dtype == torch.float32 and not torch.equal(half, full)
        torch.testing.assert_close(half, full, atol=0.05, rtol=0.05)
        for a, b in zip(full_grads, half_grads):
            assert b.dtype == torch.float32
            assert torch.norm(a - b) <= 0.05 * torch.norm(a) + 1e-4


@pytest.mark.parametrize("is_train", [False, True])
def test_bf16_that_does_not_pay_is_computed_in_fp32(toy_bert, bf16, monkeypatch, is_train):
    """And is not that of the processor."""
    import torch

    from spacy_hone.models import shim

    entered = []
    monkeypatch.setattr(shim, "Widening", lambda: entered.append(1) or widening.Widening())
    bf16(True, pays=False)
    half, half_grads = run(toy_bert(), "bf16", is_train)
    assert len(entered) == (2 if is_train and torch.get_num_threads() > 1 else 1)
    full, full_grads = run(toy_bert(), "fp32", is_train)
    assert half.dtype == torch.float32 and not torch.equal(half, full)
    torch.testing.assert_close(half, full, atol=0.05, rtol=0.05)
    assert len(half_grads) == len(full_grads)
    for a, b in zip(full_grads, half_grads):
        assert b.dtype == torch.float32
        assert torch.norm(a - b) <= 0.05 * torch.norm(a) + 1e-4
    entered.clear()
    run(toy_bert(), "auto", is_train)
    assert not entered


def test_auto_without_bf16_is_fp32(toy_bert, bf16):
    import torch

    bf16(False)
    assert torch.equal(run(toy_bert(), "auto", False)[0], run(toy_bert(), "fp32", False)[0])


def test_auto_where_bf16_is_slower_is_fp32(toy_bert, bf16):
    import torch

    bf16(True, pays=False)
    full = run(toy_bert(), "fp32", False)[0]
    assert torch.equal(run(toy_bert(), "auto", False)[0], full)
    assert not torch.equal(run(toy_bert(), "bf16", False)[0], full)


@pytest.mark.parametrize(
    ("half", "uses", "widens"),
    [(0.5, True, False), (0.8, True, False), (0.9, False, False), (2.0, False, True)],
)
def test_bf16_pays_where_products_are_faster(monkeypatch, half, uses, widens):
    import torch

    threads = []

    def seconds(x: torch.Tensor, weights: torch.Tensor) -> float:
        threads.append(torch.get_num_threads())
        return 1.0 if x.dtype == torch.float32 else half

    monkeypatch.setattr(precision, "_seconds", seconds)
    before = torch.get_num_threads()
    monkeypatch.setattr(precision, "gain_bf16", precision.gain_bf16.__wrapped__)
    monkeypatch.setattr(precision, "has_bf16", lambda device_type: True)
    cpu = torch.device("cpu")
    assert precision.uses_bf16("auto", cpu) == uses and precision.widens_bf16(cpu) == widens
    assert set(threads) == {1} and torch.get_num_threads() == before


def test_a_gpu_is_not_measured():
    import torch

    assert not precision.widens_bf16(torch.device("cuda"))


def test_bf16_where_there_is_none(toy_bert, bf16):
    bf16(False)
    with pytest.raises(HoneError, match="H204"):
        run(toy_bert(), "bf16", False)


def test_unknown_device_has_none():
    assert not precision.has_bf16("mps")
