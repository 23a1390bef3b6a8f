import pytest
import torch
from torch.nn import functional as F

from spacy_hone.models import dropout as fast
from spacy_hone.models.cpu_training import CpuTraining
from spacy_hone.models.dropout import keep_mask


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_rate_and_mean(p):
    torch.manual_seed(0)
    mask = keep_mask(torch.empty(100, 1001), p)
    for lane in range(4):
        assert (mask.flatten()[lane::4] == 0).float().mean().item() == pytest.approx(p, abs=0.01)
    assert mask.mean().item() == pytest.approx(1.0 if p < 1 else 0.0, abs=0.03)


def test_neighbours_are_independent():
    torch.manual_seed(0)
    kept = (keep_mask(torch.empty(200_001), 0.3) > 0).float()
    for distance in (1, 2, 3, 4):
        both = (kept[:-distance] * kept[distance:]).mean().item()
        assert both == pytest.approx(0.49, abs=0.01)


def test_seed_rules():
    masks = []
    for _ in range(2):
        torch.manual_seed(3)
        with CpuTraining():
            masks.append(F.dropout(torch.ones(5, 7), 0.4))
    assert torch.equal(*masks)


def test_only_training_drops():
    x = torch.randn(4, 4)
    with CpuTraining():
        assert torch.equal(torch.nn.Dropout(0.5).eval()(x), x)
        assert not torch.equal(torch.nn.Dropout(0.5)(x), x)


@pytest.mark.parametrize("masked", [False, True])
def test_attention_is_that_of_torch(masked, monkeypatch):
    """Value and gradients, where nothing happens to be dropped."""
    monkeypatch.setattr(fast, "keep_mask", lambda like, p, generator: torch.ones_like(like))
    torch.manual_seed(0)
    mask = torch.where(torch.rand(2, 1, 5, 5) < 0.3, -1e4, 0.0) if masked else None
    results = []
    for context, p in ((CpuTraining(), 0.1), (torch.enable_grad(), 0.0)):
        torch.manual_seed(1)
        inputs = [torch.randn(2, 3, 5, 4, requires_grad=True) for _ in range(3)]
        with context:
            output = F.scaled_dot_product_attention(*inputs, attn_mask=mask, dropout_p=p)
        output.square().sum().backward()
        results.append([output, *(x.grad for x in inputs)])
    for ours, theirs in zip(*results):
        torch.testing.assert_close(ours, theirs)


def test_attention_drops_probabilities():
    torch.manual_seed(0)
    query = torch.zeros(1, 1, 400, 2)
    with CpuTraining():
        output = F.scaled_dot_product_attention(query, query, torch.ones(1, 1, 400, 2), dropout_p=0.25)
    assert output.std() > 0
    assert output.mean().item() == pytest.approx(1.0, abs=0.02)


def test_causal_attention_is_left_to_torch():
    x = torch.randn(1, 1, 3, 2)
    with CpuTraining():
        output = F.scaled_dot_product_attention(x, x, x, is_causal=True)
    torch.testing.assert_close(output, F.scaled_dot_product_attention(x, x, x, is_causal=True))
