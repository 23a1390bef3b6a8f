"""Which number format the encoder's matrix products use."""

from functools import cache
from typing import TYPE_CHECKING

from ..errors import Errors, HoneError
from ..types import Precision

if TYPE_CHECKING:
    import torch

CPU_FLAGS = ("avx512_bf16", "amx_bf16")


def uses_bf16(precision: Precision, device: "torch.device") -> bool:
    """Whether to compute in bfloat16 on this device.

    `auto`: where the processor has it (AVX512-BF16 or AMX, CUDA 8.0 and newer). `bf16` asks for it: H204
    where it is missing, because emulated it is slower than float32. Weights, gradients and outputs are
    float32.
    """
    if precision == "fp32":
        return False
    has = has_bf16(device.type)
    if precision == "bf16" and not has:
        raise HoneError(Errors.H204.format(device=device.type, flags=" or ".join(CPU_FLAGS)))
    return has


@cache
def has_bf16(device_type: str) -> bool:
    """Whether the processor behind `cpu` or `cuda` multiplies bfloat16 itself."""
    import torch

    if device_type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device_type == "cpu":
        capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
        return any(capabilities.get(flag, False) for flag in CPU_FLAGS)
    return False
