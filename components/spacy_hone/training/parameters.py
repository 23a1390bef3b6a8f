"""Which parameters are decayed, and at which share of the learning rate each one moves: by name and shape."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..models.freezing import layer_of

_EMBEDDING = re.compile(r"embed|(?:^|\.)(?:wte|wpe|shared)\.")


@dataclass(frozen=True, slots=True)
class Settings:
    """What `hone.AdamW.v1` is told beside its learning rate; see `optimizer.make_adamw`."""

    beta1: float
    beta2: float
    eps: float
    weight_decay: float
    grad_clip: float
    layer_decay: float
    head_lr_scale: float
    accumulate_gradient: int


def is_decayed(name: str, ndim: int) -> bool:
    """Weight decay is for matrices: not for biases (torch `bias`, thinc `b`, of any shape) nor for the gains
    of normalisation layers, which are vectors like every other parameter of one dimension."""
    return ndim > 1 and name.rpartition(".")[2] not in ("b", "bias")


def rate_shares(names: Iterable[str], layer_decay: float, head_lr_scale: float) -> dict[str, float]:
    """The factor on the learning rate for each parameter of one torch module.

    With L layers (counted in `names`), layer l = 0 ... L-1 moves at `layer_decay ** (L - l)`, the embeddings
    at `layer_decay ** (L + 1)`, everything else is a head and moves at `head_lr_scale` (Howard & Ruder 2018;
    Clark et al. 2020, ELECTRA).
    """
    layers = {name: layer_of(name) for name in names}  # 0: no layer
    depth = max(layers.values(), default=0)

    def share(name: str) -> float:
        if layers[name]:
            return layer_decay ** (depth - layers[name] + 1)
        return layer_decay ** (depth + 1) if _EMBEDDING.search(name) else head_lr_scale

    return {name: share(name) for name in layers}
