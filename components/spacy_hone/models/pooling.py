"""From the vectors of a document's tokens to one vector of the document."""

from collections.abc import Callable

from thinc.api import (
    Model,
    ParametricAttention_v2,
    chain,
    list2ragged,
    reduce_first,
    reduce_max,
    reduce_mean,
    reduce_sum,
)
from thinc.types import Floats2d, Ragged

from ..errors import Errors, HoneError


def _attention() -> Model[Ragged, Floats2d]:
    return chain(ParametricAttention_v2(), reduce_sum())


POOLINGS: dict[str, Callable[[], Model[Ragged, Floats2d]]] = {
    "mean": reduce_mean,
    "max": reduce_max,
    "first": reduce_first,
    "attention": _attention,
}


def pool(pooling: str) -> Model[list[Floats2d], Floats2d]:
    """Pool each document by one of thinc's reductions. A document without tokens gets zeros.

    pooling (str): "mean", "max", "first", or "attention": the mean weighted by `softmax(x q)` over the document's
        tokens, for a learned vector q (Yang et al. 2016, Hierarchical Attention Networks for Document
        Classification, without its hidden layer).
    RETURNS (Model[List[Floats2d], Floats2d]): from arrays of shape (tokens, width) to one of shape (docs, width).
    """
    if pooling not in POOLINGS:
        raise HoneError(Errors.H214.format(pooling=pooling, poolings=", ".join(POOLINGS)))
    layer: Model[list[Floats2d], Floats2d] = chain(list2ragged(), POOLINGS[pooling]())
    return Model(f"pool_{pooling}", _forward, init=_init, layers=[layer], dims={"nO": None})


def _init(model: Model, X: list[Floats2d] | None = None, Y: Floats2d | None = None) -> None:
    if X:
        width = max(doc.shape[1] for doc in X)  # a listener gives a document without tokens none
        model.set_dim("nO", width)
        model.layers[0].initialize(X=[model.ops.alloc2f(1, width)])


def _forward(model: Model, Xs: list[Floats2d], is_train: bool) -> tuple[Floats2d, Callable]:
    rows = [row for row, X in enumerate(Xs) if len(X)]
    Y = model.ops.alloc2f(len(Xs), model.get_dim("nO"))
    if rows:
        Y[rows], backprop_pooled = model.layers[0]([Xs[row] for row in rows], is_train)

    def backprop(dY: Floats2d) -> list[Floats2d]:
        dXs = [model.ops.alloc2f(*X.shape) for X in Xs]
        for row, dX in zip(rows, backprop_pooled(dY[rows]) if rows else []):
            dXs[row] = dX
        return dXs

    return Y, backprop
