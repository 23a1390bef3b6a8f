"""A network as many threads and processes run it."""

import multiprocessing
import os
from collections.abc import Mapping
from threading import Lock
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from ...errors import Errors, HoneError
from .engines import PROVIDERS, Provider, Run, open_network
from .graph import CODE, Engine, Network, Weights


class Session:
    """A network that is run wherever this object gets to: in threads, in forked and in spawned processes.

    What an engine opens has threads, which a fork does not copy: a child opens its own, and keeps the dead one,
    which could not be closed either. Copies and pickles are without any.

    Several runs are faster side by side, each in one thread, than one after another in all of them (6 x 384 encoder in
    int8, 2 cores: 12 to 25 %). Each of the two ways is opened when it is needed. The second closes the first, so that the
    engine holds the weights once; a process that comes back to the first, with a single text or a short last batch, opens
    that again and keeps both.

    code, weights, engine: see `Network`. threads: of a lone run, and the number of runs at once of one caller; 0: as many
    as there are cores, or 1 in a worker of `nlp.pipe(n_process=...)`. With OMP_WAIT_POLICY=passive in the environment
    those of ONNX Runtime do not spin while they wait. Raises H208.
    """

    def __init__(
        self,
        code: bytes,
        threads: int = 0,
        provider: Provider = "cpu",
        weights: Weights | None = None,
        engine: Engine = "onnxruntime",
    ):
        if threads < 0:
            raise HoneError(
                Errors.H208.format(option="threads", value=threads, problem="expected 0 or more.")
            )
        if provider not in PROVIDERS:
            problem = f"expected one of {', '.join(get_args(Provider))}."
            raise HoneError(Errors.H208.format(option="provider", value=provider, problem=problem))
        if engine not in CODE:
            problem = f"expected one of {', '.join(CODE)}."
            raise HoneError(Errors.H208.format(option="engine", value=engine, problem=problem))
        if engine == "openvino" and provider != "cpu":
            problem = (
                "the encoder was made for OpenVINO, which runs on the processor. Load the pipeline with "
                'spacy.load(path, config={"components.transformer.model.provider": "cpu"}).'
            )
            raise HoneError(Errors.H208.format(option="provider", value=provider, problem=problem))
        self.network = Network(code, weights or {}, engine)
        self.threads, self.provider = threads, provider
        self._opened: dict[int, dict[bool, Run | None]] = {}  # by process, for lone runs or not; None: closed
        self._locks: dict[int, Lock] = {}

    def lanes(self, runs: int) -> int:
        """How many of some runs to make side by side; 0: one after another, as they would leave cores without work."""
        threads = self._cores
        return min(threads, runs) if self.provider == "cpu" and 1 < threads <= 2 * runs and runs > 1 else 0

    def run(self, inputs: Mapping[str, NDArray[np.int64]], *, alone: bool = True) -> NDArray[np.float32]:
        """Vectors of padded rows, shape (rows, wordpieces, width), from inputs of shape (rows, wordpieces).

        alone: in all threads; else in one.

        The first run opens the network: see `open_network` for what it raises.
        """
        return self._open(alone)(inputs)

    @property
    def _cores(self) -> int:
        return self.threads or (1 if _is_worker() else count_cores())

    def _open(self, alone: bool) -> Run:
        process = os.getpid()
        opened = self._opened.setdefault(process, {})
        with self._locks.setdefault(process, Lock()):
            if (run := opened.get(alone)) is None:
                if alone not in opened:
                    opened.update(dict.fromkeys(opened))
                threads, lanes = self.threads or int(_is_worker()), 0 if alone else self._cores
                run = opened[alone] = open_network(self.network, threads, lanes, self.provider)
        return run

    def __getstate__(self) -> dict[str, Any]:
        return {**self.network._asdict(), "threads": self.threads, "provider": self.provider}

    def __deepcopy__(self, memo: dict[int, Any]) -> "Session":
        return Session(**self.__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def count_cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _is_worker() -> bool:
    return multiprocessing.parent_process() is not None
