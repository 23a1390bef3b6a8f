"""Which number format the encoder's matrix products use."""

from functools import cache
from math import inf
from timeit import timeit
from typing import TYPE_CHECKING

from ..errors import Errors, HoneError
from ..types import Precision

if TYPE_CHECKING:
    import torch

CPU_FLAGS = ("avx512_bf16", "amx_bf16")
WORTH = 1.2  # times as fast as float32: less does not pay for the conversions around the products


def uses_bf16(precision: Precision, device: "torch.device") -> bool:
    """Whether to compute in bfloat16 on this device.

    `auto`: where the processor has it (AVX512-BF16 or AMX, CUDA 8.0 and newer) and is faster with it. `bf16` asks for
    it: H204 where it is missing. Weights, gradients and outputs are float32.
    """
    if precision == "fp32":
        return False
    has = has_bf16(device.type)
    if precision == "bf16" and not has:
        raise HoneError(Errors.H204.format(device=device.type, flags=" or ".join(CPU_FLAGS)))
    return has and (precision == "bf16" or gain_bf16(device.type) >= WORTH)


def widens_bf16(device: "torch.device") -> bool:
    """Whether what is to be in bfloat16 takes the float32 multipliers of this device, its own being slower. It is measured:
    where both are as fast, results may differ by the rounding from process to process."""
    return gain_bf16(device.type) < 1


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


@cache
def gain_bf16(device_type: str) -> float:
    """How many times as fast matrix products are in bfloat16; on a CPU that is measured once, in some 150 ms, in one
    thread: several wait for each other where other programs run, and measure that.

    AVX512-BF16 doubles the speed of AMD's processors (Zen 4) and halves that of Intel's where AMX is missing, as in
    virtual machines that hide it.
    """
    if device_type != "cpu":
        return inf
    import torch

    x, weights = torch.ones(512, 384), torch.ones(1536, 384)
    formats = (torch.float32, torch.bfloat16)
    operands = {dtype: (x.to(dtype), weights.to(dtype)) for dtype in formats}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode(), torch.autocast("cpu", enabled=False):
            rounds = [[_seconds(*operands[dtype]) for dtype in formats] for _ in range(8)]
    finally:
        torch.set_num_threads(threads)
    full, half = map(min, zip(*rounds[1:]))
    return full / half


def _seconds(x: "torch.Tensor", weights: "torch.Tensor") -> float:
    """The time of a linear layer."""
    from torch.nn.functional import linear

    return timeit(lambda: linear(x, weights), number=1)
