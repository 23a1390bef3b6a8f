"""ONNX Runtime sessions, opened in each process that needs them."""

import multiprocessing
import os
from collections.abc import Mapping
from threading import Lock
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ...errors import Errors, HoneError
from .graph import Weights

Provider = Literal["cpu", "cuda"]
PROVIDERS: dict[str, tuple[str, dict[str, str]]] = {
    "cpu": ("CPUExecutionProvider", {}),
    "cuda": ("CUDAExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"}),
}
OLDEST = (1, 17)
OUTPUT = "last_hidden_state"


class Session:
    """A graph that is run wherever this object gets to: in threads, in forked and in spawned processes.

    A session of ONNX Runtime has threads, which a fork does not copy: a child opens its own, and keeps the dead one,
    which could not be closed either. Copies and pickles are without any.

    Several runs are faster side by side, each in one thread, than one after another in all of them (6 x 384 encoder in
    int8, 2 cores: 12 to 25 %). That takes a session of ONNX Runtime for each of the two ways, opened when it is needed.
    The second way closes the session of the first, so that ONNX Runtime holds the weights once; a process that comes back
    to the first, with a single text or a short last batch, opens that again and keeps both.

    onnx: the graph. weights: those that it refers to and does not hold. threads: of a lone run, and the number of runs
    at once of one caller; 0: as many as there are cores, or 1 in a worker of `nlp.pipe(n_process=...)`. With
    OMP_WAIT_POLICY=passive in the environment they do not spin while they wait. Raises H208.
    """

    def __init__(
        self, onnx: bytes, threads: int = 0, provider: Provider = "cpu", weights: Weights | None = None
    ):
        if threads < 0:
            raise HoneError(
                Errors.H208.format(option="threads", value=threads, problem="expected 0 or more.")
            )
        if provider not in PROVIDERS:
            problem = f"expected one of {', '.join(get_args(Provider))}."
            raise HoneError(Errors.H208.format(option="provider", value=provider, problem=problem))
        self.onnx, self.threads, self.provider, self.weights = onnx, threads, provider, weights or {}
        self._opened: dict[int, dict[int, Any]] = {}  # by process, then by threads; None: closed
        self._locks: dict[int, Lock] = {}

    def lanes(self, runs: int) -> int:
        """How many of some runs to make side by side; 0: one after another, as they would leave cores without work."""
        threads = self.threads or (1 if _is_worker() else count_cores())
        return min(threads, runs) if self.provider == "cpu" and 1 < threads <= 2 * runs and runs > 1 else 0

    def run(self, inputs: Mapping[str, NDArray[np.int64]], *, alone: bool = True) -> NDArray[np.float32]:
        """Vectors of padded rows, shape (rows, wordpieces, width), from inputs of shape (rows, wordpieces).

        alone: in all threads; else in the caller's.

        The first run opens the session: H217 without a fit ONNX Runtime, H218 without the provider, H219 for a
        graph that it does not understand.
        """
        return self._session(self.threads if alone else 1).run([OUTPUT], inputs)[0]

    def _session(self, threads: int) -> Any:
        process = os.getpid()
        opened = self._opened.setdefault(process, {})
        with self._locks.setdefault(process, Lock()):
            if (session := opened.get(threads)) is None:
                if threads not in opened:
                    opened.update(dict.fromkeys(opened))
                session = opened[threads] = open_session(self.onnx, self.weights, threads, self.provider)
        return session

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("onnx", "threads", "provider", "weights")}

    def __deepcopy__(self, memo: dict[int, Any]) -> "Session":
        return Session(**self.__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def open_session(onnx: bytes, weights: Weights, threads: int, provider: Provider) -> Any:
    """A new `onnxruntime.InferenceSession`; see `Session`."""
    ort = import_onnxruntime()
    name, settings = PROVIDERS[provider]
    if provider == "cuda" and hasattr(ort, "preload_dlls"):
        ort.preload_dlls()  # those that pip installed
    if name not in ort.get_available_providers():
        raise no_provider(ort, provider, f"it has {', '.join(ort.get_available_providers())}")
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads or int(_is_worker())
    options.enable_mem_pattern = False  # patterns are of shapes, and each batch has another
    if os.environ.get("OMP_WAIT_POLICY", "").lower() == "passive":
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        values = [ort.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
        options.add_external_initializers(list(weights), values)
        session = ort.InferenceSession(onnx, options, providers=[(name, settings)])
    except Exception as err:  # its classes have no public base
        raise HoneError(Errors.H219.format(path="the ONNX graph", problem=err)) from err
    if session.get_providers()[0] != name:  # it goes on with another, and only logs why
        raise no_provider(ort, provider, "it could not be started: do its CUDA and cuDNN libraries fit?")
    return session


def import_onnxruntime() -> Any:
    """The module `onnxruntime`, or H217 if it is missing or too old."""
    try:
        import onnxruntime as ort
    except ImportError as err:
        raise HoneError(
            Errors.H217.format(package="onnxruntime", problem=f"cannot be imported ({err})")
        ) from err
    if tuple(int(part) for part in ort.__version__.split(".")[:2]) < OLDEST:
        problem = f"is too old: {ort.__version__}, expected {'.'.join(map(str, OLDEST))} or newer"
        raise HoneError(Errors.H217.format(package="onnxruntime", problem=problem))
    return ort


def no_provider(ort: Any, provider: Provider, problem: str) -> HoneError:
    return HoneError(Errors.H218.format(provider=provider, version=ort.__version__, problem=problem))


def count_cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _is_worker() -> bool:
    return multiprocessing.parent_process() is not None
