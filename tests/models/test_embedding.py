import pickle
from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F

from spacy_hone.models.cpu_training import CpuTraining
from spacy_hone.models.embedding import LARGE, add_gradient, attach

WIDTH = 4
BATCHES = [torch.tensor(ids) for ids in ([[1, 2, 2], [7, 0, 0]], [[3, 3, 1]], [[5, 9, 0]])]


def make_table(n_rows: int = LARGE, padding_idx: int | None = None) -> torch.nn.Embedding:
    torch.manual_seed(0)
    return torch.nn.Embedding(n_rows, WIDTH, padding_idx=padding_idx)


def backward(table: torch.nn.Embedding, ids: torch.Tensor) -> None:
    """As the shim does it."""
    with CpuTraining():
        loss = (table(ids) ** 2).sum()
    [found] = torch.autograd.grad(loss, [table.weight])
    assert found.is_sparse
    add_gradient(table.weight, [found])


def spend_by_none(table: torch.nn.Embedding) -> None:
    table.weight.grad = None


def spend_by_zeros(table: torch.nn.Embedding) -> None:
    table.weight.grad.zero_()


@pytest.mark.parametrize("spend", [spend_by_none, spend_by_zeros])
@pytest.mark.parametrize("padding_idx", [None, 0, -LARGE])
def test_gradients_are_those_of_torch(padding_idx, spend):
    ours, theirs = make_table(padding_idx=padding_idx), make_table(padding_idx=padding_idx)
    for first, second in pairwise(BATCHES):
        for ids in (first, second):  # two backward passes an update
            backward(ours, ids)
            (theirs(ids) ** 2).sum().backward()
            torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)
        ours.weight.grad.mul_(0.5)  # as clipping does
        spend(ours)
        spend(theirs)


def test_a_gradient_that_something_else_made_is_kept():
    ours, theirs = make_table(), make_table()
    for ids in BATCHES:
        for table in (ours, theirs):
            table.weight.grad = None
            (table.weight**2).sum().backward()
        backward(ours, ids)
        (theirs(ids) ** 2).sum().backward()
        torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)
        ours.weight.grad = None
        backward(ours, ids)
        assert int(ours.weight.grad.any(dim=1).sum()) == len(ids.unique())


@pytest.mark.parametrize("n_rows, requires_grad", [(LARGE - 1, True), (LARGE, False)])
def test_the_rest_is_left_to_torch(n_rows, requires_grad):
    table = make_table(n_rows).requires_grad_(requires_grad)
    with CpuTraining():
        vectors = table(BATCHES[0])
    assert torch.equal(vectors, F.embedding(BATCHES[0], table.weight))
    assert vectors.requires_grad == requires_grad
    assert not hasattr(table.weight, "row_gradient")


def test_gradients_of_some_threads_are_added():
    ours, theirs = make_table(), make_table()
    with CpuTraining():
        losses = [(ours(ids) ** 2).sum() for ids in BATCHES]
    add_gradient(ours.weight, [None, *(torch.autograd.grad(loss, ours.weight)[0] for loss in losses)])
    sum((theirs(ids) ** 2).sum() for ids in BATCHES).backward()
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)


def test_a_gradient_that_two_parameters_share_is_added_to_each():
    first, second = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    shared = torch.ones(2)
    for parameter in (first, second):
        add_gradient(parameter, [shared])
    first.grad.mul_(0.5)
    assert second.grad.tolist() == shared.tolist() == [1.0, 1.0]


def test_rows_that_others_wrote_are_cleared_too():
    table = make_table()
    backward(table, BATCHES[0])
    add_gradient(table.weight, [torch.ones_like(table.weight)])
    table.weight.grad = None
    backward(table, BATCHES[1])
    assert int(table.weight.grad.any(dim=1).sum()) == len(BATCHES[1].unique())


def test_a_pickle_of_a_table_is_without_it():
    table = torch.nn.Parameter(torch.zeros(LARGE, 2))
    attach(table)
    copy = pickle.loads(pickle.dumps(table))
    assert copy.row_gradient is None and len(pickle.dumps(table)) < 1.1 * table.nbytes
    assert attach(copy).values.shape == table.shape
