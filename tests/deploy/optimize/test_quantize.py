from itertools import chain

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from spacy_hone.deploy.optimize.quantize import EMBEDDINGS, find_parts, prepare, quantize, quantize_rows
from spacy_hone.models.onnx.session import Session

DEPTH, WIDTH, ENTRIES = 2, 8, 300


@pytest.fixture(scope="module")
def graph() -> bytes:
    """Embeddings and two matrix products a layer."""
    rng = np.random.default_rng(0)
    weights = {"table": rng.normal(size=(ENTRIES, WIDTH)) * rng.uniform(0.01, 5, size=(ENTRIES, 1))}
    weights |= {f"w{i}": rng.normal(size=(WIDTH, WIDTH)) for i in range(2 * DEPTH)}
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["x0"])]
    for i in range(2 * DEPTH):
        output = "last_hidden_state" if i == 2 * DEPTH - 1 else f"x{i + 1}"
        nodes.append(helper.make_node("MatMul", [f"x{i}", f"w{i}"], [output]))
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "wordpieces"])
    out = helper.make_tensor_value_info(
        "last_hidden_state", TensorProto.FLOAT, ["batch", "wordpieces", WIDTH]
    )
    tensors = [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()]
    made = helper.make_graph(nodes, "g", [ids], [out], tensors)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return prepare(model.SerializeToString())


def run(graph: bytes) -> np.ndarray:
    return Session(graph, threads=1).run({"input_ids": np.arange(ENTRIES).reshape(3, -1)})


def error(graph: bytes, expected: np.ndarray) -> float:
    return float(np.abs(run(graph) - expected).mean() / np.abs(expected).mean())


def test_each_row_has_its_own_scale():
    table = np.array([[1.0, -0.5], [0.001, 0.0005], [0, 0]], dtype=np.float32)
    rows, scales = quantize_rows(table)
    assert rows.dtype == np.int8 and rows.tolist() == [[127, -64], [127, 64], [0, 0]]
    assert np.abs(rows * scales - table).max(axis=1) == pytest.approx([0.5 / 127, 0.0005 / 127, 0], abs=1e-3)


def test_parts_are_the_layers_and_the_embeddings(graph):
    parts = find_parts(graph, DEPTH)
    assert list(parts) == [EMBEDDINGS, "layer 0", "layer 1"]
    assert [len(nodes) for nodes in parts.values()] == [1, 2, 2]
    assert len(set(chain(*parts.values()))) == 5


@pytest.mark.parametrize("reduce_range", [False, True])
def test_int8_is_small_and_near(graph, reduce_range):
    quantized = quantize(graph, reduce_range)
    assert error(quantized, run(graph)) < 0.2
    kinds = {tensor.name: tensor.data_type for tensor in onnx.load_from_string(quantized).graph.initializer}
    assert "table" not in kinds and "table_rows" in kinds
    large = [t for t in onnx.load_from_string(quantized).graph.initializer if np.prod(t.dims) >= WIDTH**2]
    assert all(t.data_type == onnx.TensorProto.INT8 or t.name == "table_row_scales" for t in large)


def test_what_is_kept_is_exact(graph):
    parts = find_parts(graph, DEPTH)
    everything = [*chain(*parts.values())]
    assert error(quantize(graph, False, everything), run(graph)) < 1e-6
    less, more = (error(quantize(graph, False, keep), run(graph)) for keep in (parts["layer 0"], []))
    assert less < more
