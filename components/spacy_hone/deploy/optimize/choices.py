"""What `hone optimize` is asked for, and what can be refused before the long work. No torch, no ONNX."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

from ...errors import Errors, HoneError
from ...models.onnx.engines import Provider, import_openvino, require_provider
from ...models.onnx.graph import CODE, Engine

Precision = Literal["int8", "fp32"]
EXTRAS: dict[Engine, str] = {"onnxruntime": "optimize", "openvino": "optimize-openvino"}
COMMON = ("torch", "transformers", "spacy_transformers", "onnx", "onnxruntime")
PACKAGES: dict[Engine, tuple[str, ...]] = {
    "onnxruntime": COMMON,
    "openvino": (*COMMON, "openvino", "nncf"),
}


@dataclass(frozen=True, kw_only=True)
class Choices:
    """How a pipeline is optimised.

    dev: the corpus that scores are measured on. precision: of the weights. max_drop: how far the weighted score may
    fall, as a share of 1. prune_vocab: texts whose wordpieces stay. reduce_range: weights of 7 bits; None: where this
    processor needs that. threads: of the encoder, 0 for one a core. provider: what the encoder runs on. engine: what
    computes it.
    """

    dev: Path
    precision: Precision = "int8"
    max_drop: float = 0.005
    prune_vocab: Path | None = None
    reduce_range: bool | None = None
    threads: int = 0
    provider: Provider = "cpu"
    engine: Engine = "onnxruntime"

    def check(self) -> None:
        """Raise H724 for a value that cannot be."""
        for option, value, is_right, problem in (
            ("--precision", self.precision, self.precision in get_args(Precision), "expected int8 or fp32."),
            ("--provider", self.provider, self.provider in get_args(Provider), "expected cpu or cuda."),
            ("--engine", self.engine, self.engine in CODE, f"expected one of {', '.join(CODE)}."),
            ("--max-drop", self.max_drop, 0 <= self.max_drop <= 1, "expected a share of 1, as 0.005."),
            ("--threads", self.threads, self.threads >= 0, "expected a number of threads, or 0."),
            (
                "--provider",
                self.provider,
                (self.engine, self.provider) != ("openvino", "cuda"),
                "OpenVINO runs on the processor. Take --engine onnxruntime.",
            ),
            (
                "--provider",
                self.provider,
                (self.precision, self.provider) != ("int8", "cuda"),
                "ONNX Runtime has no int8 kernels for it. Take --precision fp32.",
            ),
        ):
            if not is_right:
                raise HoneError(Errors.H724.format(option=option, value=value, problem=problem))


def require_packages(engine: Engine = "onnxruntime", provider: Provider = "cpu") -> None:
    """Raise H709 for the first package that is not installed, H217 for an ONNX Runtime that is too old, or an engine that
    cannot be imported, H218 for a provider that it does not have."""
    for package in PACKAGES[engine]:
        if find_spec(package) is None:
            raise HoneError(Errors.H709.format(package=package, extra=EXTRAS[engine]))
    require_provider(provider)
    if engine == "openvino":
        import_openvino()
