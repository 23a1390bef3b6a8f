"""Hidden layers of the encoder that a component reads, pooled to tokens as the component pools the last one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model

Array = Any  # numpy's or cupy's
POOLING = "trfs2arrays"  # the name of spacy-transformers' layer from wordpieces to tokens


class HiddenLayers:
    """Hidden layers of a transformer, of spacy-transformers or of this package; from now on it gives them.

    nlp (Language | None): the pipeline of the component, if it listens to its encoder.
    component: a component with a model.
    layers (Sequence[int]): 0 is what the embeddings give, 1 what the lowest layer gives, -1 what the highest does.

    Raises ValueError, with what the problem is, where there is no such encoder or layer.
    """

    def __init__(self, nlp: Language | None, component: Any, layers: Sequence[int]):
        pooled = (
            node for node in component.model.walk() if [each.name for each in node.layers[1:]] == [POOLING]
        )
        found = next(pooled, None)
        self.shim: Any = None if found is None else next(_shims(nlp, component, found.layers[0]), None)
        if found is None or self.shim is None:
            raise ValueError("its tok2vec is no transformer with layers")
        self.node, self.layers = found, tuple(layers)
        self.source, self.pool = found.layers
        config = transformer(self.shim).config
        check_range(self.layers, config.num_hidden_layers)
        self.is_ours = hasattr(self.shim, "hidden_layers")
        if self.is_ours:
            self.shim.hidden_layers = tuple(dict.fromkeys((*self.shim.hidden_layers, *self.layers)))
        else:
            config.output_hidden_states = True

    def predict(self, docs: Sequence[Doc]) -> list[list[Array]]:
        """The vectors of each layer, for each document, of shape (tokens, width); for documents that have passed the
        encoder."""
        found = self.source.predict(list(docs))
        return [self.pool.predict(self.pick(found, layer)) for layer in self.layers]

    def place(self, layer: int) -> int:
        """Where a layer stands in what the encoder gives: ours gives those that are asked for, others all."""
        return self.shim.hidden_layers.index(layer) if self.is_ours else layer

    def pick(self, found: Sequence[Any], layer: int) -> list[Any]:
        """The outputs of documents with a hidden layer in place of the last one."""
        return [replace(data, model_output=self._hidden(data.model_output, layer)) for data in found]

    def _hidden(self, output: Any, layer: int) -> Any:
        if "last_hidden_state" not in output:  # of a document without tokens
            return output
        return type(output)(last_hidden_state=output["hidden_states"][self.place(layer)])


def check_range(layers: Sequence[int], n_layers: int) -> None:
    """Raise ValueError for a layer that an encoder of so many does not have."""
    if bad := [layer for layer in layers if not -n_layers - 1 <= layer <= n_layers]:
        listed = ", ".join(map(str, bad))
        raise ValueError(f"its encoder has the layers 0 to {n_layers} (-1 is the highest), not {listed}")


def transformer(shim: Any) -> Any:
    """The torch module of an encoder."""
    return shim.transformer if hasattr(shim, "transformer") else shim._model


def _shims(nlp: Language | None, component: Any, source: Model) -> Iterator[Any]:
    """What holds a torch module in the encoder of a component: its own, or the one that it listens to."""
    pipes: list[Any] = [] if nlp is None else [pipe for _, pipe in nlp.pipeline]
    upstream = [pipe.model for pipe in pipes if component.name in getattr(pipe, "listening_components", ())]
    for model in (source, *upstream):
        for node in model.walk():
            yield from (shim for shim in node.shims if getattr(transformer(shim), "config", None) is not None)
