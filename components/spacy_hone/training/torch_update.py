"""torch's own AdamW for the parameters of one torch module. Imported only where a pipeline has one."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from thinc.util import torch2xp

from .parameters import Settings, is_decayed, rate_shares
from .row_update import RowUpdate, has_rows


class TorchUpdate:
    """One `torch.optim.AdamW` over the parameters of a module, with groups by decay and rate. Tables whose gradient has
    few rows are updated by row.

    module: The torch module behind a thinc shim, after its first backward pass.
    """

    def __init__(self, module: torch.nn.Module, settings: Settings) -> None:
        self.module = module
        self.parameters = dict(module.named_parameters())
        shares = rate_shares(self.parameters, settings.layer_decay, settings.head_lr_scale)
        groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {(1.0, 0.0): []}
        self.tables: list[RowUpdate] = []
        for name, parameter in self.parameters.items():
            decay = settings.weight_decay if is_decayed(name, parameter.ndim) else 0.0
            if has_rows(parameter):
                self.tables.append(RowUpdate(parameter, settings, shares[name], decay))
                continue
            groups.setdefault((shares[name], decay), []).append(parameter)
        self.optimizer = torch.optim.AdamW(
            [
                {"params": members, "weight_decay": decay, "share": share}
                for (share, decay), members in groups.items()
            ],
            betas=(settings.beta1, settings.beta2),
            eps=settings.eps,
            fused=_can_fuse(self.parameters.values()) or None,
        )

    def norm(self) -> float:
        """Euclidean norm over all gradients; 0 where there is none."""
        gradients = self._gradients() + [table.gradient() for table in self._tables()]
        if not gradients:
            return 0.0
        norms = torch.stack([norm.float() for norm in torch._foreach_norm(gradients)])
        return float(torch.linalg.vector_norm(norms))

    def step(self, rate: float, factor: float) -> None:
        """Multiply the gradients by `factor` and update at the learning rate `rate`.

        A parameter without a gradient is neither decayed nor moved.
        """
        if (gradients := self._gradients()) and not math.isclose(factor, 1.0):
            torch._foreach_mul_(gradients, factor)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["share"]
        self.optimizer.step()
        for table in self._tables():
            table.step(rate, factor)

    def drop_gradients(self, keep: str | None) -> None:
        """Say that the gradients are spent. keep: Name of the parameter that thinc's shim is just handing
        over: it keeps its gradient, which the shim sets to zero afterwards."""
        for name, parameter in self.parameters.items():
            if name != keep:
                parameter.grad = None

    def array(self, name: str) -> Any:
        """The parameter as the array (numpy or cupy) that thinc's shim wants back."""
        return torch2xp(self.parameters[name].data)

    def _gradients(self) -> list[torch.Tensor]:
        """Those of all but tables."""
        groups = self.optimizer.param_groups
        return [one.grad for group in groups for one in group["params"] if one.grad is not None]

    def _tables(self) -> list[RowUpdate]:
        """Those that have a gradient."""
        return [table for table in self.tables if table.table.grad is not None]


def _can_fuse(parameters: Iterable[torch.nn.Parameter]) -> bool:
    return all(p.is_floating_point() and p.device.type in ("cpu", "cuda") for p in parameters)
