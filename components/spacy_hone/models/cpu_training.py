"""What torch does slowly when a small encoder is trained on a CPU, done otherwise."""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from .dropout import attention, dropout
from .embedding import embedding

REPLACEMENTS: dict[Any, Callable[..., torch.Tensor]] = {
    F.dropout: dropout,
    F.scaled_dot_product_attention: attention,
    F.embedding: embedding,
}


class CpuTraining(TorchFunctionMode):
    """Within this context, dropout, attention with dropout and lookups in large tables are ours.

    torch's seed rules, rates hold to 1 in 65,536, gradients are the same.
    """

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return REPLACEMENTS.get(func, func)(*args, **(kwargs or {}))
