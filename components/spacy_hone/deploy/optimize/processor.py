"""What the processor can do with 8-bit numbers, and what that means for int8."""

import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ...errors import Errors

CPUINFO = Path("/proc/cpuinfo")
# feature -> what Linux or torch calls it. ARM's dot products do not saturate, as VNNI's do not.
FEATURES = {
    "avx2": {"avx2"},
    "avx512": {"avx512f", "avx512_f"},
    "vnni": {"avx512_vnni", "avx_vnni"},
    "amx": {"amx_int8"},
    "bf16": {"avx512_bf16", "amx_bf16", "bf16"},
    "dotprod": {"asimddp", "dot", "i8mm"},
}
SEVEN = "weights were given 7 bits"
EIGHT = "weights have 8 bits (--full-range), so that scores measured here may be too low"
EXACT = {"vnni", "amx", "dotprod"}


@dataclass(frozen=True)
class Processor:
    """name: as the system calls it. features: those of `FEATURES`; None where they cannot be found out."""

    name: str
    features: tuple[str, ...] | None

    @property
    def saturates(self) -> bool:
        """Whether sums of two 8-bit products may be cut at 16 bits: AVX2 and AVX-512 without VNNI do that."""
        return not EXACT.intersection(self.features or ())

    def warn(self, reduce_range: bool) -> list[str]:
        """Coded lines about int8 on this processor and on others. reduce_range: whether weights have 7 bits."""
        if self.features is None:
            return [Errors.H728] if reduce_range else []
        if self.saturates:
            return [Errors.H727.format(processor=self.name, bits=SEVEN if reduce_range else EIGHT)]
        return [] if reduce_range else [Errors.H729]


@cache
def read_processor() -> Processor:
    """The processor that this runs on."""
    if CPUINFO.exists():
        return parse(CPUINFO.read_text(encoding="utf8", errors="replace"))
    found = _ask_torch()
    return Processor(platform.processor() or platform.machine(), name_features(found) if found else None)


def parse(cpuinfo: str) -> Processor:
    """Read Linux's description of the first processor (x86: "flags", ARM: "Features")."""
    fields = dict(reversed(re.findall(r"^([^:\n]+?)\s*:[ \t]*(.*)$", cpuinfo, flags=re.MULTILINE)))
    flags = fields.get("flags", fields.get("Features"))
    name = fields.get("model name") or platform.processor() or platform.machine()
    return Processor(name, None if flags is None else name_features(flags.split()))


def name_features(flags: Iterable[str]) -> tuple[str, ...]:
    """Flags of a system as ours."""
    flags = set(flags)
    return tuple(feature for feature, names in FEATURES.items() if names & flags)


def _ask_torch() -> list[str]:
    import torch

    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return [flag for flag, has in capabilities.items() if has is True]
