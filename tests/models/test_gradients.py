"""The gradient of many batches is that of one, and that of torch."""

import numpy as np
import pytest

from spacy_hone.models import shim as shim_module
from spacy_hone.models.transformer import build_transformer_model

NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def make_shim(folder, **options):
    model = build_transformer_model(str(folder), precision="fp32", transformer_config=NO_DROPOUT, **options)
    model.initialize()
    return model.shims[0]


def gradients(shim) -> dict[str, np.ndarray]:
    found = {
        name: weight.grad.numpy()
        for name, weight in shim.transformer.named_parameters()
        if weight.grad is not None
    }
    assert found
    return found


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    lengths = np.array([30, 4, 17, 9, 29, 3])
    ids = np.where(np.arange(30) < lengths[:, None], rng.integers(5, 100, (6, 30)), 0)
    d_hidden = rng.normal(size=(6, 30, 16)).astype(np.float32) * (np.arange(30) < lengths[:, None])[..., None]
    return ids, lengths, d_hidden.astype(np.float32)


def test_batches_give_the_gradient_of_one(toy_bert, rows, monkeypatch):
    import torch

    ids, lengths, d_hidden = rows
    one, many = make_shim(toy_bert()), make_shim(toy_bert(), max_batch_wordpieces=40)
    monkeypatch.setattr(shim_module, "WASTE_TRAINING", 10**6)
    results = []
    for shim, n_batches in ((one, 1), (many, 4)):
        assert len(shim._batches(lengths, shim.device, True)) == n_batches
        hidden, backprop = shim((ids, lengths), is_train=True)
        backprop(torch.from_numpy(d_hidden))
        results.append((hidden, gradients(shim)))
    mask = torch.from_numpy(np.arange(30) < lengths[:, None])
    torch.testing.assert_close(results[0][0][mask], results[1][0][mask])
    for name, grad in results[0][1].items():
        np.testing.assert_allclose(results[1][1][name], grad, rtol=1e-4, atol=1e-5, err_msg=name)


def test_gradient_is_that_of_torch(toy_bert, rows):
    import torch
    from transformers import AutoModel

    ids, lengths, d_hidden = rows
    shim = make_shim(toy_bert())
    _, backprop = shim((ids, lengths), is_train=True)
    backprop(torch.from_numpy(d_hidden))
    reference = AutoModel.from_pretrained(toy_bert(), add_pooling_layer=False).eval()
    mask = torch.from_numpy((np.arange(30) < lengths[:, None]).astype(np.int64))
    output = reference(input_ids=torch.from_numpy(ids), attention_mask=mask).last_hidden_state
    (output * torch.from_numpy(d_hidden)).sum().backward()
    for name, grad in gradients(shim).items():
        expected = reference.get_parameter(name).grad.numpy()
        np.testing.assert_allclose(grad, expected, rtol=1e-4, atol=1e-5, err_msg=name)


def test_prediction_keeps_no_graph(toy_bert, rows):
    ids, lengths, _ = rows
    hidden, backprop = make_shim(toy_bert())((ids, lengths), is_train=False)
    assert not hidden.requires_grad and not hidden.is_inference()
    backprop(hidden)
