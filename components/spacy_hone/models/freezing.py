"""Exact freezing, by the module's structure and never by a name's beginning (layer 1 is not layer 10)."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import Errors, HoneError

if TYPE_CHECKING:
    import torch

LAYER = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d+)\.")


def layer_of(parameter_name: str) -> int:
    """Depth of a parameter by its name: 0 for embeddings (and whatever is in no layer), i + 1 for layer i.

    >>> layer_of("embeddings.word_embeddings.weight"), layer_of("encoder.layer.10.output.dense.bias")
    (0, 11)
    """
    match = LAYER.search(parameter_name)
    return int(match[1]) + 1 if match else 0


def find_layers(transformer: "torch.nn.Module", option: str) -> tuple[str, "torch.nn.ModuleList"]:
    """The encoder's list of layers, as long as its config says, and its name. H206 where there is none (ALBERT).

    option: what they are wanted for, for the error.
    """
    import torch

    config: Any = transformer.config
    n_layers = config.num_hidden_layers
    for name, module in transformer.named_modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == n_layers:
            return name, module
    model = type(transformer).__name__
    raise HoneError(Errors.H206.format(model=model, n_layers=n_layers, option=option))


def freeze(transformer: "torch.nn.Module", *, embeddings: bool, layers: Iterable[int]) -> None:
    """Take the gradient from embeddings and from the layers with these indices (0 is next to the embeddings).

    A parameter without a gradient is never seen by an optimiser: no update, no weight decay. Dropout stays.
    H207 names the indices that the encoder does not have.
    """
    if embeddings:
        module: Any = transformer
        getattr(module, "embeddings", module.get_input_embeddings()).requires_grad_(False)
    wanted = sorted(set(layers))
    if not wanted:
        return
    _, found = find_layers(transformer, "freeze_layers")
    if bad := [i for i in wanted if not 0 <= i < len(found)]:
        raise HoneError(Errors.H207.format(bad=bad, last=len(found) - 1))
    for i in wanted:
        found[i].requires_grad_(False)
