"""Which processor thinc computes on."""

from thinc.api import get_current_ops, require_gpu

from ..errors import Errors, HoneError


def use_device(gpu_id: int) -> str:
    """Turn to a GPU (-1: stay on the CPU), and name what is computed on. H610 if it is not to be had."""
    if gpu_id >= 0:
        try:
            require_gpu(gpu_id)
        except Exception as error:  # thinc's ValueError, CuPy's CUDARuntimeError, torch's RuntimeError
            raise HoneError(Errors.H610.format(gpu_id=gpu_id, error=error)) from error
    return name_device()


def name_device() -> str:
    """`CUDA device N`, `Apple MPS` or `CPU`, whichever is in use."""
    ops = get_current_ops()
    if ops.name == "cupy":
        return f"CUDA device {ops.xp.cuda.Device().id}"
    return "Apple MPS" if ops.name == "mps" else "CPU"
