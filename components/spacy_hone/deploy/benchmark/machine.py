"""Where it was measured."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ..optimize.processor import read_processor

PACKAGES = (
    "spacy-hone",
    "spacy",
    "thinc",
    "torch",
    "transformers",
    "spacy-transformers",
    "onnxruntime",
    "openvino",
)


def describe_machine() -> dict[str, Any]:
    """Processor, what it can do with 8-bit numbers, the cores that this process may use, versions."""
    processor = read_processor()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": processor.name,
        "features": list(processor.features or ()),
        "cores": cores,
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := find_version(name))},
    }


def find_version(name: str) -> str | None:
    """That of an installed package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
