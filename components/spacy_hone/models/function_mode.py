"""Other functions in the place of torch's."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

Function = Callable[..., torch.Tensor]


class Replacing(TorchFunctionMode):
    """Within this context some of torch's functions are others. These call torch's own, or those of a context around."""

    def __init__(self, replacements: Mapping[Any, Function]) -> None:
        super().__init__()
        self.replacements = replacements

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return self.replacements.get(func, func)(*args, **(kwargs or {}))
