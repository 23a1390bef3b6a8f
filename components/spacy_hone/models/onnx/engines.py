"""The libraries that compute a network, opened in the process that needs them."""

import os
import sys
from collections import deque
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import Errors, HoneError
from .graph import BLOB, Engine, Network

Provider = Literal["cpu", "cuda"]
Run = Callable[[Mapping[str, NDArray[np.int64]]], NDArray[np.float32]]
PROVIDERS: dict[str, tuple[str, dict[str, str]]] = {
    "cpu": ("CPUExecutionProvider", {}),
    "cuda": ("CUDAExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"}),
}
OLDEST = (1, 17)
NAMES: dict[Engine, str] = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}
OUTPUT = "last_hidden_state"


def open_network(network: Network, threads: int, lanes: int, provider: Provider) -> Run:
    """What gives vectors of padded rows, shape (rows, wordpieces, width), from inputs of shape (rows, wordpieces).

    threads: of a run; 0: as many as there are cores. lanes: runs at once, of one thread each; 0: one after another.
    Raises H217 without the fit library, H218 without the provider, H219 for a network that it does not understand.
    """
    return OPENERS[network.engine](network, threads, lanes, provider)


def open_onnxruntime(network: Network, threads: int, lanes: int, provider: Provider) -> Run:
    """See `open_network`. Callers bring the threads of their lanes."""
    ort = import_onnxruntime()
    name, settings = PROVIDERS[provider]
    if provider == "cuda" and hasattr(ort, "preload_dlls"):
        ort.preload_dlls()  # those that pip installed
    require_provider(provider)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1 if lanes else threads
    options.enable_mem_pattern = False  # patterns are of shapes, and each batch has another
    if os.environ.get("OMP_WAIT_POLICY", "").lower() == "passive":
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        values = [ort.OrtValue.ortvalue_from_numpy(array) for array in network.weights.values()]
        options.add_external_initializers(list(network.weights), values)
        session = ort.InferenceSession(network.code, options, providers=[(name, settings)])
    except Exception as err:  # its classes have no public base
        raise HoneError(Errors.H219.format(path="the ONNX graph", problem=err)) from err
    if session.get_providers()[0] != name:  # it goes on with another, and only logs why
        raise no_provider(ort, provider, "it could not be started: do its CUDA and cuDNN libraries fit?")
    return lambda inputs: session.run([OUTPUT], inputs)[0]


class OpenVINO:
    """See `open_network`. A request computes one batch at a time: there are as many as there were runs at once."""

    def __init__(self, network: Network, threads: int, lanes: int, provider: Provider):
        ov = import_openvino()
        settings = {
            "NUM_STREAMS": lanes or 1,
            "INFERENCE_NUM_THREADS": lanes or threads,
            "INFERENCE_PRECISION_HINT": "f32",  # else bfloat16 where the processor has it
            "ENABLE_CPU_PINNING": False,  # other processes have the same cores
        }
        # what is compiled reads it; bytes that were unpacked cannot be written, which OpenVINO asks for
        self.blob = np.require(network.weights[BLOB], requirements=["C", "W"])
        self.idle: deque[Any] = deque()
        try:
            blob = ov.Tensor(self.blob, shared_memory=True)
            core = ov.Core()
            self.compiled = core.compile_model(core.read_model(network.code, blob), "CPU", settings)
        except Exception as err:  # RuntimeError, and what its bindings make of a wrong argument
            raise HoneError(Errors.H219.format(path="the network", problem=err)) from err

    def __call__(self, inputs: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float32]:
        try:
            request = self.idle.pop()
        except IndexError:
            request = self.compiled.create_infer_request()
        found = request.infer(dict(inputs), share_inputs=True)[0]
        self.idle.append(request)
        return found


OPENERS: dict[Engine, Callable[[Network, int, int, Provider], Run]] = {
    "onnxruntime": open_onnxruntime,
    "openvino": OpenVINO,
}


def require_engine(engine: Engine) -> None:
    """Raise H217 if its library is not installed. It is not imported."""
    if find_spec(engine) is None:
        raise missing(engine, "is not installed")


def import_onnxruntime() -> Any:
    """The module `onnxruntime`, or H217 if it is missing or too old."""
    try:
        import onnxruntime as ort
    except ImportError as err:
        raise missing("onnxruntime", f"cannot be imported ({err})") from err
    if tuple(int(part) for part in ort.__version__.split(".")[:2]) < OLDEST:
        problem = f"is too old: {ort.__version__}, expected {'.'.join(map(str, OLDEST))} or newer"
        raise missing("onnxruntime", problem)
    return ort


def import_openvino() -> Any:
    """The module `openvino`, which tells nobody that it was imported, or H217 if it is missing."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as err:
        raise missing("openvino", f"cannot be imported ({err})") from err
    return openvino


def missing(package: str, problem: str) -> HoneError:
    return HoneError(Errors.H217.format(package=package, problem=problem))


def require_provider(provider: Provider) -> None:
    """Raise H218 where ONNX Runtime does not have it."""
    ort = import_onnxruntime()
    if PROVIDERS[provider][0] not in (found := ort.get_available_providers()):
        raise no_provider(ort, provider, f"it has {', '.join(found)}")


def no_provider(ort: Any, provider: Provider, problem: str) -> HoneError:
    return HoneError(Errors.H218.format(provider=provider, version=ort.__version__, problem=problem))
