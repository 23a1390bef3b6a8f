"""Vectors of tokens as the torch transformer gives them and as the optimised encoder does."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from spacy_transformers.layers import trfs2arrays
from thinc.api import Model, reduce_first, reduce_last, reduce_max, reduce_mean, reduce_sum

from ...models.onnx.layout import is_too_long
from .scores import make_inputs
from .vectors import largest_gap

REDUCTIONS: dict[str, Callable[[], Model]] = {
    "mean": reduce_mean,
    "max": reduce_max,
    "first": reduce_first,
    "last": reduce_last,
    "sum": reduce_sum,
}


class Expected(NamedTuple):
    """has: which tokens of each document have a vector. vectors: by pooling, of each document (tokens, width)."""

    has: list[NDArray[np.bool_]]
    vectors: dict[str, Any]


def expect(nlp: Language, name: str, poolings: Iterable[str], golds: Sequence[Doc]) -> Expected:
    """Vectors by the torch transformer `name`; mean ones if no pooling is named."""
    data = [doc._.trf_data for doc in _run(nlp, [*_before(nlp, name), name], golds)]
    has = [np.asarray(each.align.lengths).ravel() > 0 for each in data]
    layers = {pooling: trfs2arrays(REDUCTIONS[pooling](), 1.0) for pooling in {*poolings} or {"mean"}}
    return Expected(has, {pooling: layer.predict(data) for pooling, layer in layers.items()})


def compare(nlp: Language, name: str, expected: Expected, golds: Sequence[Doc]) -> float:
    """Largest gap between these vectors and those of the `hone_encoder` `name`, over tokens that have one."""
    encoder: Any = nlp.get_pipe(name)
    docs = _run(nlp, _before(nlp, name), golds)
    found = encoder.shim.encode(docs, set(expected.vectors))
    return max(
        largest_gap(wanted[has], np.asarray(got[pooling])[has])
        for pooling, vectors in expected.vectors.items()
        for has, wanted, got in zip(expected.has, vectors, found)
    )


def find_too_long(nlp: Language, name: str, golds: Sequence[Doc]) -> list[bool]:
    """Of each document whether the torch transformer left out tokens that the `hone_encoder` `name` has vectors of."""
    shim: Any = nlp.get_pipe(name).shim  # type: ignore[attr-defined]
    docs = _run(nlp, _before(nlp, name), golds)
    return [is_too_long(doc, shim.wordpieces, shim.graph.settings) for doc in docs]


def _before(nlp: Language, name: str) -> list[str]:
    """Enabled components in front of one: they may set what it cuts documents by."""
    names = list(nlp.component_names)
    return [each for each in names[: names.index(name)] if each in nlp.pipe_names]


def _run(nlp: Language, names: Sequence[str], golds: Sequence[Doc]) -> list[Doc]:
    with nlp.select_pipes(enable=list(names)):
        return list(nlp.pipe(make_inputs(nlp, golds)))
