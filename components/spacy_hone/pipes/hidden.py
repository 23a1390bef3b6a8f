"""Hidden layers of a student's encoder, which learn from a teacher's."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import xp2torch
from thinc.types import Floats2d

from ..errors import Errors, HoneError
from ..teachers.hidden import HiddenLayers

if TYPE_CHECKING:
    from .base import LossPipe

Rows = Sequence[Floats2d]  # of each document, shape (tokens, width)


class StudentLayers(HiddenLayers):
    """See `HiddenLayers`. Gradients of the layers join the encoder's backward pass, whoever begins it.

    Raises H335 unless the component reads a hone.TransformerModel.v1 that has these layers.
    """

    def __init__(self, nlp: Language | None, pipe: "LossPipe", layers: Sequence[int]):
        try:
            super().__init__(nlp, pipe, layers)
            if not self.is_ours or self.node is not pipe.model.layers[0]:
                raise ValueError("its tok2vec does not listen to a hone.TransformerModel.v1")
        except ValueError as err:
            raise HoneError(Errors.H335.format(name=pipe.name, problem=err)) from err

    def begin_update(
        self, docs: Sequence[Doc]
    ) -> tuple[dict[int | None, Rows], Callable[[Mapping[int | None, Rows]], None]]:
        """The vectors of each layer, under None those that the head reads; and what takes their gradients."""
        found, backprop_source = self.source.begin_update(list(docs))
        vectors, backprop_pool = self.pool.begin_update(found)
        pooled: dict[int, tuple[Rows, Callable]] = {
            layer: self.pool.begin_update(self.pick(found, layer)) for layer in self.layers
        }

        def backprop(d_layers: Mapping[int | None, Rows]) -> None:
            for layer, (_, backprop_layer) in pooled.items():
                self._add(layer, backprop_layer(list(d_layers[layer])))
            backprop_source(backprop_pool(list(d_layers[None])))

        return {None: vectors, **{layer: rows for layer, (rows, _) in pooled.items()}}, backprop

    def _add(self, layer: int, gradients: Sequence[Any]) -> None:
        """Leave the gradients of documents' wordpieces for the encoder's backward pass."""
        if gradients:
            xp = self.pool.ops.xp
            d_hidden = xp2torch(xp.vstack([each.model_output["last_hidden_state"] for each in gradients]))
            place, waiting = self.place(layer), self.shim.d_hidden
            waiting[place] = waiting[place] + d_hidden if place in waiting else d_hidden
