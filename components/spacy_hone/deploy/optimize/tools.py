"""What each engine's networks are made with."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...models.onnx.graph import Engine, Network
from . import openvino, quantize
from .choices import Provider
from .fuse import fuse

Inputs = Mapping[str, NDArray[np.int64]]
Gap = Callable[[Network], float]
Build = Callable[[Sequence[str]], Network]


class Tools(NamedTuple):
    """finish: an exported graph as an optimised float32 network, and its fused operators by kind, from the graph, the
    encoder's Hugging Face config, the provider, and the gap of a network with the most that is allowed.
    quantizer: the parts that can be left in float32, and what builds a network with some nodes so, from the network,
    the encoder's number of layers, whether weights have 7 bits, and inputs to find scales on.
    """

    finish: Callable[[bytes, Any, Provider, Gap, float], tuple[Network, dict[str, int]]]
    quantizer: Callable[[Network, int, bool, Sequence[Inputs]], tuple[dict[str, list[str]], Build]]


def _finish_onnxruntime(
    onnx: bytes, config: Any, provider: Provider, gap: Gap, limit: float
) -> tuple[Network, dict[str, int]]:
    graph, fused = fuse(onnx, config, provider, lambda graph: gap(Network(graph, {})), limit)
    return Network(graph, {}), fused


def _quantizer_onnxruntime(
    network: Network, depth: int, reduce_range: bool, rows: Sequence[Inputs]
) -> tuple[dict[str, list[str]], Build]:
    prepared = quantize.prepare(network.code)
    parts = quantize.find_parts(prepared, depth)
    return parts, lambda keep: Network(quantize.quantize(prepared, reduce_range, keep), {})


def _finish_openvino(
    onnx: bytes, config: Any, provider: Provider, gap: Gap, limit: float
) -> tuple[Network, dict[str, int]]:
    return openvino.translate(onnx), {}


def _quantizer_openvino(
    network: Network, depth: int, reduce_range: bool, rows: Sequence[Inputs]
) -> tuple[dict[str, list[str]], Build]:
    return openvino.find_parts(network, depth), partial(openvino.quantize, network, rows, reduce_range)


TOOLS: dict[Engine, Tools] = {
    "onnxruntime": Tools(_finish_onnxruntime, _quantizer_onnxruntime),
    "openvino": Tools(_finish_openvino, _quantizer_openvino),
}
