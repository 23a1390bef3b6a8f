"""8-bit weights: matrix products by ONNX Runtime's dynamic quantisation, embeddings row by row."""

import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process

PRODUCTS = ("MatMul", "Attention")
EMBEDDINGS = "embeddings"
ROWS = 256  # a table with fewer is left in float32: nothing is won


def prepare(graph: bytes) -> bytes:
    """Infer shapes and name all nodes, so that `quantize` can be called with one result many times."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "encoder.onnx"), Path(folder, "prepared.onnx")
        source.write_bytes(graph)
        quant_pre_process(source, target, skip_symbolic_shape=True)
        model = onnx.load(target)
    for i, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type}_{i}"
    return model.SerializeToString()


def find_parts(graph: bytes, depth: int) -> dict[str, list[str]]:
    """What can be left in float32 apart from the rest: the embeddings, and each layer of the encoder.

    graph: prepared. depth: layers of the encoder.

    RETURNS: names of the nodes with weights in each part. Weighted products are dealt out in the order of computation,
    equally many to each layer.
    """
    model = onnx.load_from_string(graph)
    weights = {tensor.name for tensor in model.graph.initializer}
    products = [
        node.name for node in model.graph.node if node.op_type in PRODUCTS and node.input[1] in weights
    ]
    return {EMBEDDINGS: [node.name for node, _ in _tables(model)]} | deal_out(products, depth)


def deal_out(products: Sequence[str], depth: int) -> dict[str, list[str]]:
    """Names of products, in the order of computation, equally many to each layer."""
    shares = np.array_split(np.array(products, dtype=object), max(1, min(depth, len(products))))
    return {f"layer {i}": share.tolist() for i, share in enumerate(shares)}


def quantize(graph: bytes, reduce_range: bool, keep: Collection[str] = ()) -> bytes:
    """Quantise the weights of a prepared graph to int8, products with a scale per output and tables per row.

    reduce_range: weights of 7 bits, whose products do not saturate on processors without VNNI. keep: names of nodes
    that stay in float32. Activations are quantised when the graph runs, with one scale for a batch: vectors depend a
    little on what else is in it.
    """
    model = onnx.load_from_string(graph)
    quantize_tables(model, keep)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "encoder.onnx"), Path(folder, "quantized.onnx")
        onnx.save(model, source)
        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=list(PRODUCTS),
            per_channel=True,
            reduce_range=reduce_range,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=list(keep),
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
        )
        return target.read_bytes()


def quantize_tables(model: ModelProto, keep: Collection[str] = ()) -> None:
    """Replace each table that is looked up by row, in place: `table[ids]` becomes `int8[ids] * scale[ids]`."""
    found = [(node, table) for node, table in _tables(model) if node.name not in keep]
    done: dict[str, tuple[str, str]] = {}
    for node, table in found:
        if table.name not in done:
            rows, scales = quantize_rows(numpy_helper.to_array(table))
            done[table.name] = names = (f"{table.name}_rows", f"{table.name}_row_scales")
            tensors = (numpy_helper.from_array(rows, names[0]), numpy_helper.from_array(scales, names[1]))
            model.graph.initializer.extend(tensors)
        _replace(model, node, *done[table.name])
    used = {name for node in model.graph.node for name in node.input}
    for tensor in [tensor for tensor in model.graph.initializer if tensor.name not in used]:
        model.graph.initializer.remove(tensor)


def quantize_rows(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A table (rows, width) as int8 of the same shape and scales (rows, 1), the largest of each row being 127."""
    largest = np.abs(table).max(axis=1, keepdims=True)
    scales = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    return np.rint(table / scales).astype(np.int8), scales


def _tables(model: ModelProto) -> list[tuple[NodeProto, TensorProto]]:
    """Lookups of rows by the node, with the table."""
    large = {
        tensor.name: tensor
        for tensor in model.graph.initializer
        if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) == 2 and tensor.dims[0] >= ROWS
    }
    lookups = [node for node in model.graph.node if node.op_type == "Gather" and node.input[0] in large]
    return [(node, large[node.input[0]]) for node in lookups if not any(a.i for a in node.attribute)]


def _replace(model: ModelProto, node: NodeProto, table: str, scale: str) -> None:
    """Put `table[ids] * scale[ids]` in the place of a lookup."""
    ids, output, at = node.input[1], node.output[0], list(model.graph.node).index(node)
    parts: Sequence[tuple[str, list[str], str, dict[str, Any]]] = (
        ("Gather", [table, ids], f"{output}_rows", {}),
        ("Cast", [f"{output}_rows"], f"{output}_floats", {"to": TensorProto.FLOAT}),
        ("Gather", [scale, ids], f"{output}_row_scales", {}),
        ("Mul", [f"{output}_floats", f"{output}_row_scales"], output, {}),
    )
    model.graph.node.remove(node)
    for i, (kind, inputs, name, attributes) in enumerate(parts):
        model.graph.node.insert(
            at + i, helper.make_node(kind, inputs, [name], name=f"{name}_{i}", **attributes)
        )
