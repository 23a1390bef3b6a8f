"""Vectors of wordpieces by an encoder and by graphs that were made from it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import Errors, HoneError
from ...models.onnx.graph import Network
from ...models.onnx.session import Session
from .export import INPUTS, explain
from .source import Source

Floats = NDArray[np.float32]


class Probe:
    """Rows of wordpieces, with what the torch encoder makes of them.

    source: the encoder. rows: ids of each row, special ones included. Raises H715 for an encoder of other inputs.
    """

    def __init__(self, source: Source, rows: Sequence[Sequence[int]]):
        lengths = np.array([len(row) for row in rows])
        self.has = np.arange(lengths.max()) < lengths[:, None]
        ids = np.full(self.has.shape, source.wordpieces.pad_id, dtype=np.int64)
        ids[self.has] = np.concatenate([np.asarray(row) for row in rows])
        self.inputs = dict(zip(INPUTS, (ids, self.has.astype(np.int64))))
        self.kind = source.kind
        tensors: dict[str, Any] = {name: torch.from_numpy(array) for name, array in self.inputs.items()}
        try:
            with torch.inference_mode():
                hidden = source.transformer.eval()(**tensors, return_dict=True).last_hidden_state
        except (TypeError, ValueError, AttributeError) as err:
            raise self._fail("it is none that takes ids and a mask", err) from err
        self.expected: Floats = hidden.float().numpy()[self.has]

    def gap(self, network: Network) -> float:
        """See `largest_gap`. Raises H715 for one that does not run on rows of any length, as does `error`."""
        return largest_gap(self.expected, self._run(network))

    def error(self, network: Network) -> float:
        """Mean square error of a network's vectors, in proportion to the mean square of the encoder's."""
        difference = self._run(network) - self.expected
        return float((difference**2).mean() / (self.expected**2).mean())

    def _run(self, network: Network) -> Floats:
        session = Session(network.code, weights=network.weights, engine=network.engine)
        try:
            return session.run(self.inputs)[self.has]
        except HoneError:
            raise
        except Exception as err:  # the classes of the engines have no public base
            raise self._fail("its graph does not run on rows of any length", err) from err

    def _fail(self, problem: str, err: Exception) -> HoneError:
        return HoneError(Errors.H715.format(encoder=self.kind, problem=f"{problem} ({explain(err)[:200]})"))


def sample_rows(source: Source, texts: Sequence[str]) -> list[list[int]]:
    """Rows of wordpieces of some texts, one each, cut at the encoder's maximum."""
    wordpieces = source.wordpieces
    room = source.longest - len(wordpieces.prefix) - len(wordpieces.suffix)
    return [
        [*wordpieces.prefix, *pieces.ids[:room].tolist(), *wordpieces.suffix] for pieces in wordpieces(texts)
    ]


def sample_inputs(source: Source, texts: Sequence[str]) -> list[dict[str, NDArray[np.int64]]]:
    """Inputs of a network for some texts, one row each, without padding, no longer than windows are."""
    windows = source.windows
    window = windows["window"] if windows["kind"] == "hone" else 0
    source = replace(source, longest=min(source.longest, window or source.longest))
    rows = (np.array([row], dtype=np.int64) for row in sample_rows(source, texts))
    return [dict(zip(INPUTS, (row, np.ones_like(row)))) for row in rows]


def largest_gap(expected: Floats, found: Floats) -> float:
    """Largest absolute difference, in proportion to the largest component where that is above 1; infinite for NaN."""
    if not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(expected - found).max(initial=0)) / max(1.0, float(np.abs(expected).max(initial=0)))
