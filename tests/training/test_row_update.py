"""Tables that are updated by row, beside torch.optim.AdamW over the whole table."""

import pickle

import pytest
import torch

from spacy_hone.models.cpu_training import CpuTraining
from spacy_hone.models.embedding import LARGE, add_gradient
from spacy_hone.training.parameters import Settings
from spacy_hone.training.torch_update import TorchUpdate

SETTINGS = Settings(
    beta1=0.9,
    beta2=0.99,
    eps=1e-8,
    weight_decay=0.1,
    grad_clip=1.0,
    layer_decay=1.0,
    head_lr_scale=1.0,
    accumulate_gradient=1,
)
RATES = [0.1, 0.05, 0.2, 0.1, 0.02, 0.1]
BATCHES = [torch.tensor(ids) for ids in ([1, 2, 2], [7, 0], [3, 2, 1], [5], [7, 7, 9, LARGE - 1], [1])]


def make_net() -> torch.nn.Sequential:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Embedding(LARGE, 4), torch.nn.Linear(4, 3))


def backward_by_rows(net: torch.nn.Module, ids: torch.Tensor) -> None:
    """As the encoder's shim does it."""
    with CpuTraining():
        loss = net(ids).square().sum()
    parameters = list(net.parameters())
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters)):
        add_gradient(parameter, [gradient])


@pytest.fixture
def nets():
    ours, theirs = make_net(), make_net()
    backward_by_rows(ours, BATCHES[0])
    update = TorchUpdate(ours, SETTINGS)
    assert [table.table for table in update.tables] == [ours[0].weight]
    update.drop_gradients(keep=None)
    groups = [
        {"params": [theirs[0].weight, theirs[1].weight], "weight_decay": SETTINGS.weight_decay},
        {"params": [theirs[1].bias], "weight_decay": 0.0},
    ]
    return ours, update, theirs, torch.optim.AdamW(groups, betas=(0.9, 0.99), eps=1e-8)


def step(theirs: torch.nn.Module, optimizer: torch.optim.Optimizer, rate: float, factor: float) -> float:
    gradients = [parameter.grad for parameter in theirs.parameters()]
    norm = float(torch.linalg.vector_norm(torch.cat([gradient.flatten() for gradient in gradients])))
    torch._foreach_mul_(gradients, factor)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    optimizer.zero_grad()
    return norm


def assert_same(ours: torch.nn.Module, theirs: torch.nn.Module) -> None:
    for own, other in zip(ours.parameters(), theirs.parameters()):
        torch.testing.assert_close(own, other, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("keep", [None, "0.weight"])
def test_weights_and_norms_are_those_of_torch(nets, keep):
    ours, update, theirs, optimizer = nets
    for ids, rate in zip(BATCHES, RATES):
        backward_by_rows(ours, ids)
        theirs(ids).square().sum().backward()
        norm = update.norm()
        update.step(rate, 0.5)
        update.drop_gradients(keep=keep)
        if keep:  # as thinc's shim does with the parameter that it hands over
            ours[0].weight.grad.zero_()
        assert norm == pytest.approx(step(theirs, optimizer, rate, 0.5), rel=1e-5)
        assert_same(ours, theirs)
    [table] = update.tables
    assert sorted(table.rows.tolist()) == sorted({i for ids in BATCHES for i in ids.tolist()})
    assert all(len(moment) == len(table.rows) for moment in table.moments)


def test_a_gradient_of_all_rows_moves_all(nets):
    """One that something else than the encoder's backward pass has made."""
    ours, update, theirs, optimizer = nets
    for i, ids in enumerate(BATCHES):
        if i == 2:
            for net in (ours, theirs):
                (net(ids).square().sum() + net[0].weight.sum()).backward()
        else:
            backward_by_rows(ours, ids)
            theirs(ids).square().sum().backward()
        update.step(0.1, 1.0)
        update.drop_gradients(keep=None)
        step(theirs, optimizer, 0.1, 1.0)
        assert_same(ours, theirs)
    assert len(update.tables[0].rows) == LARGE


def test_a_table_without_a_gradient_stays(nets):
    ours, update, *_ = nets
    backward_by_rows(ours, BATCHES[0])
    before = ours[0].weight.detach().clone()
    ours[0].weight.grad = None
    update.step(0.1, 1.0)
    assert torch.equal(ours[0].weight, before) and not len(update.tables[0].rows)


def test_a_table_alone():
    ours, theirs = torch.nn.Embedding(LARGE, 4), torch.nn.Embedding(LARGE, 4)
    theirs.load_state_dict(ours.state_dict())
    backward_by_rows(ours, BATCHES[0])
    theirs(BATCHES[0]).square().sum().backward()
    update = TorchUpdate(ours, SETTINGS)
    optimizer = torch.optim.AdamW(theirs.parameters(), betas=(0.9, 0.99), weight_decay=SETTINGS.weight_decay)
    assert update.norm() == pytest.approx(step(theirs, optimizer, 0.1, 0.5), rel=1e-5)
    update.step(0.1, 0.5)
    assert_same(ours, theirs)


def test_a_copy_of_a_module_has_gradients_of_its_own():
    net = make_net()
    backward_by_rows(net, BATCHES[0])
    copied = pickle.loads(pickle.dumps(net))
    copied(BATCHES[0]).square().sum().backward()
    update = TorchUpdate(copied, SETTINGS)
    assert not update.tables and update.norm() > 0
