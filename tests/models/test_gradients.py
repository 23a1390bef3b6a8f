"""The gradient is that of torch."""

import numpy as np
import pytest

from spacy_hone.models import embedding, packing
from spacy_hone.models import precision as precision_module
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


@pytest.mark.parametrize("large", [1, 4096])
@pytest.mark.parametrize("most", [20, 4096])
@pytest.mark.parametrize("n_lanes", [1, 2, 3])
@pytest.mark.parametrize("packed", [True, False])
def test_gradient_is_that_of_torch(toy_bert, rows, monkeypatch, *, packed, n_lanes, most, large):
    """However the rows go through the encoder: packed or padded, in one thread or more, in one batch or more."""
    import torch
    from transformers import AutoModel

    ids, lengths, d_hidden = rows
    monkeypatch.setattr(shim_module, "count_lanes", lambda n_rows: n_lanes)
    monkeypatch.setattr(embedding, "LARGE", large)
    monkeypatch.setattr(packing, "WASTE", 5)
    shim = make_shim(toy_bert(), max_batch_wordpieces=most)
    assert shim._packs()
    shim._can_pack = packed
    lanes = shim._lanes(ids, lengths, True)
    assert (
        len(lanes) == n_lanes and all("position_ids" in batch.inputs for batch in lanes[0].batches) == packed
    )
    assert sum(len(lane.batches) for lane in lanes) > n_lanes or most == 4096
    reference = AutoModel.from_pretrained(toy_bert(), add_pooling_layer=False).eval()
    mask = torch.from_numpy((np.arange(30) < lengths[:, None]).astype(np.int64))
    output = reference(input_ids=torch.from_numpy(ids), attention_mask=mask).last_hidden_state
    (output * torch.from_numpy(d_hidden)).sum().backward()
    for passes in (1, 2):  # gradients of a second pass are added
        hidden, backprop = shim((ids, lengths), is_train=True)
        backprop(torch.from_numpy(d_hidden))
        torch.testing.assert_close(hidden[mask.bool()], output[mask.bool()].detach())
        for name, grad in gradients(shim).items():
            expected = passes * reference.get_parameter(name).grad.numpy()
            np.testing.assert_allclose(grad, expected, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_seed_gives_the_same_update(toy_bert, rows, monkeypatch, precision, packed):
    """In two threads, with more than one batch in each."""
    import torch

    ids, lengths, d_hidden = rows
    monkeypatch.setattr(shim_module, "count_lanes", lambda n_rows: 2)
    monkeypatch.setattr(precision_module, "has_bf16", lambda device_type: True)
    model = build_transformer_model(str(toy_bert()), precision=precision, max_batch_wordpieces=20)
    model.initialize()
    shim, runs = model.shims[0], []
    shim._can_pack = packed
    for seed in (1, *[0] * 10):
        torch.manual_seed(seed)
        hidden, backprop = shim((ids, lengths), is_train=True)
        backprop(torch.from_numpy(d_hidden))
        runs.append([hidden, *map(torch.from_numpy, gradients(shim).values())])
        shim.transformer.zero_grad()
    assert all(torch.equal(*pair) for run in runs[2:] for pair in zip(runs[1], run))
    assert not torch.equal(runs[0][0], runs[1][0])


@pytest.mark.parametrize("frozen", [{}, {"freeze_embeddings": True}, {"freeze_layers": [0]}])
def test_gradients_of_hidden_layers_join(toy_bert, rows, monkeypatch, frozen):
    import torch
    from transformers import AutoModel

    ids, lengths, d_hidden = rows
    monkeypatch.setattr(shim_module, "count_lanes", lambda n_rows: 2)
    shim = make_shim(toy_bert(), max_batch_wordpieces=20, **frozen)
    shim.hidden_layers = (0, 1)
    mask = torch.from_numpy((np.arange(30) < lengths[:, None]).astype(np.int64))
    d = torch.from_numpy(d_hidden)
    _, backprop = shim((ids, lengths), is_train=True)
    shim.d_hidden = {0: 2 * d, 1: 3 * d}
    backprop(d)
    reference = AutoModel.from_pretrained(toy_bert(), add_pooling_layer=False).eval()
    found = reference(torch.from_numpy(ids), mask, output_hidden_states=True)
    for given, expected in zip(shim.hidden, found.hidden_states):
        torch.testing.assert_close(given[mask.bool()], expected[mask.bool()].detach())
    layers = (found.last_hidden_state, *found.hidden_states[:2])
    sum((factor * d * layer).sum() for factor, layer in zip((1, 2, 3), layers)).backward()
    learns = {name for name, weight in shim.transformer.named_parameters() if weight.requires_grad}
    assert gradients(shim).keys() == learns
    for name, grad in gradients(shim).items():
        expected = reference.get_parameter(name).grad.numpy()
        np.testing.assert_allclose(grad, expected, rtol=1e-4, atol=1e-5, err_msg=name)


def test_an_error_in_a_thread_comes_through(toy_bert, rows, monkeypatch):
    import torch

    ids, lengths, _ = rows
    monkeypatch.setattr(shim_module, "count_lanes", lambda n_rows: 2)
    shim, n_threads = make_shim(toy_bert()), torch.get_num_threads()
    assert shim._packs()
    bad = ids.copy()
    bad[np.argsort(lengths)[-2], 0] = 10**6  # in the second thread
    with pytest.raises(IndexError):
        shim((bad, lengths), is_train=True)
    assert torch.get_num_threads() == n_threads
    assert shim((ids, lengths), is_train=True)[0].requires_grad is False


def test_prediction_keeps_no_graph(toy_bert, rows):
    ids, lengths, _ = rows
    hidden, backprop = make_shim(toy_bert())((ids, lengths), is_train=False)
    assert not hidden.requires_grad and not hidden.is_inference()
    backprop(hidden)
