"""A smaller encoder made of some layers of a larger one."""

from collections.abc import Sequence
from copy import deepcopy

from transformers import PreTrainedModel

from ..errors import Errors, HoneError
from .checkpoint import assemble
from .freezing import find_layers


def keep_layers(transformer: PreTrainedModel, layers: Sequence[int]) -> PreTrainedModel:
    """An encoder with some layers of a trained one, in the order given, and with whatever it has beside layers.

    It is what its own config describes, as when it is saved and loaded: a layer gets the weights of another and
    keeps what its place means (as ModernBERT's do, which attend far or near by their place).

    layers: indices, each once; 0 is next to the embeddings.
    H206: the encoder has no list of layers. H215: no layers, one twice, or one that it does not have. H216: a
    layer's weights do not fit the place that they would get.
    """
    name, found = find_layers(transformer, "keep_layers")
    if not layers or len(set(layers)) < len(layers) or not set(layers) <= set(range(len(found))):
        raise HoneError(Errors.H215.format(layers=list(layers), n_layers=len(found), last=len(found) - 1))
    config = deepcopy(transformer.config)
    config.num_hidden_layers = len(layers)
    weights = {
        key: weight for key, weight in transformer.state_dict().items() if not key.startswith(f"{name}.")
    }
    for place, layer in enumerate(layers):
        own = found[layer].state_dict()
        weights |= {f"{name}.{place}.{key}": weight for key, weight in own.items()}
    try:
        return assemble(config, weights)
    except RuntimeError as err:
        raise HoneError(Errors.H216.format(layers=list(layers), problem=err)) from err
