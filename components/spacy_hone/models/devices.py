"""Which processor thinc computes on."""

from thinc.api import get_current_ops


def name_device() -> str:
    """`CUDA device N`, `Apple MPS` or `CPU`, whichever is in use."""
    ops = get_current_ops()
    if ops.name == "cupy":
        return f"CUDA device {ops.xp.cuda.Device().id}"
    return "Apple MPS" if ops.name == "mps" else "CPU"
