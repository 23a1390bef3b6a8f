"""Work that is done in some threads at once, each with its share of torch's threads.

A small encoder's update is many short operators: split among cores, each waits for its slowest part. Halves of the rows
that go through the encoder side by side meet once, at the end.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

import torch

Result = TypeVar("Result")
LANES = 2
# The number of torch's threads belongs to the process: one training at a time changes it. A thread that begins with torch
# meanwhile keeps its share for good, and other threads' products take no more threads until the end of the pass.
_taken = Lock()


def count_lanes(n_rows: int) -> int:
    """How many threads are worth starting for so many rows."""
    return max(1, min(LANES, n_rows, torch.get_num_threads()))


def run_side_by_side(functions: Sequence[Callable[[], Result]]) -> list[Result]:
    """What these functions return, in their order. One alone is just called."""
    if len(functions) < 2:
        return [function() for function in functions]
    with _taken:
        n_threads = torch.get_num_threads()
        share = max(1, n_threads // len(functions))

        def run(function: Callable[[], Result]) -> Result:
            torch.set_num_threads(share)
            return function()

        try:
            with ThreadPoolExecutor(len(functions) - 1) as executor:
                others = [executor.submit(run, function) for function in functions[1:]]
                return [run(functions[0]), *(other.result() for other in others)]
        finally:
            torch.set_num_threads(n_threads)
