"""An encoder for OpenVINO: its own representation, and 8 bits by NNCF with scales that are found beforehand."""

import io
import logging
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rich
from numpy.typing import NDArray

from ...models.onnx.engines import import_openvino
from ...models.onnx.graph import BLOB, Network
from .quantize import EMBEDDINGS, deal_out

FOLLOWED = {"Convert", "Multiply", "Reshape", "Transpose"}  # from a constant to where it is used


def translate(onnx: bytes) -> Network:
    """A graph in ONNX as OpenVINO stores it."""
    return store(import_openvino().Core().read_model(io.BytesIO(onnx)))


def store(model: Any) -> Network:
    """An `openvino.Model`, with its constants as they are."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "encoder.xml")
        import_openvino().save_model(model, path, compress_to_fp16=False)
        blob = np.fromfile(path.with_suffix(".bin"), dtype=np.uint8)
        return Network(path.read_bytes(), {BLOB: blob}, "openvino")


def restore(network: Network) -> Any:
    """The `openvino.Model` of a network."""
    ov = import_openvino()
    return ov.Core().read_model(network.code, ov.Tensor(network.weights[BLOB]))


def find_parts(network: Network, depth: int) -> dict[str, list[str]]:
    """What can be left in float32 apart from the rest: see `quantize.find_parts`."""
    tables, products = [], []
    for node in restore(network).get_ordered_ops():
        kind, name = node.get_type_name(), node.get_friendly_name()
        if kind == "Gather" and _is_constant(node, 0) and node.get_input_element_type(0).is_real():
            tables.append(name)
        elif kind == "MatMul" and _is_constant(node, 1):
            products.append(name)
    return {EMBEDDINGS: tables} | deal_out(products, depth)


def quantize(
    network: Network,
    rows: Sequence[Mapping[str, NDArray[np.int64]]],
    reduce_range: bool,
    keep: Collection[str] = (),
) -> Network:
    """Quantise a network to int8: products with a scale per output, tables per row, activations with scales that are
    found on some rows, so that vectors do not depend, but by rounding, on what else is in a batch.

    rows: inputs of the network. reduce_range: weights of 7 bits, whose products do not saturate on processors without
    VNNI. keep: names of nodes that stay in float32.
    """
    os.environ.setdefault("NNCF_CI", "1")  # it sends no telemetry then
    import nncf

    nncf.set_log_level(logging.ERROR)
    fix = nncf.OverflowFix.ENABLE if reduce_range else nncf.OverflowFix.DISABLE
    with _without_bars():
        model = nncf.quantize(
            restore(network),
            nncf.Dataset([dict(row) for row in rows]),
            subset_size=len(rows),
            model_type=nncf.ModelType.TRANSFORMER,
            ignored_scope=nncf.IgnoredScope(names=list(keep)) if keep else None,
            advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=fix),
        )
    return store(model)


@contextmanager
def _without_bars() -> Iterator[None]:
    """NNCF draws its progress on rich's own console, into that of the caller."""
    console = rich.get_console()
    before, console.quiet = console.quiet, True
    try:
        yield
    finally:
        console.quiet = before


def _is_constant(node: Any, i: int) -> bool:
    """Whether an input is a constant, perhaps in another shape or format."""
    before = node.input_value(i).get_node()
    kind = before.get_type_name()
    return kind == "Constant" or (kind in FOLLOWED and _is_constant(before, 0))
