import copy
import pickle

import numpy as np
import pytest
from safetensors.numpy import save_file

from spacy_hone.errors import HoneError
from spacy_hone.models.onnx.graph import Graph
from spacy_hone.models.saved import stamp

SETTINGS = {
    "width": 4,
    "pad_id": 0,
    "max_positions": 8,
    "windows": {"kind": "strided", "window": 4, "stride": 2},
    "inputs": ["input_ids", "attention_mask"],
    "precision": "int8",
}

WEIGHTS = {"b": np.array([[1, -2]], dtype=np.int8), "a": np.array([0.5, 1], dtype=np.float32)}


def test_round_trips(tmp_path):
    graph = Graph(b"graph", WEIGHTS, b"{}", SETTINGS)
    graph.to_disk(tmp_path / "a" / "b")
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == [
        "cfg",
        "encoder.onnx",
        "encoder.safetensors",
        "tokenizer.json",
    ]
    for other in (Graph.from_disk(tmp_path / "a" / "b"), Graph.from_bytes(graph.to_bytes())):
        assert other == graph and other.weights.keys() == WEIGHTS.keys()
        for name, array in WEIGHTS.items():
            np.testing.assert_array_equal(other.weights[name], array, strict=True)
    assert len(graph.settings["sha256"]) == 64 and "sha256" not in SETTINGS


def test_another_graph_is_noticed(tmp_path):
    Graph(b"graph", WEIGHTS, b"{}", SETTINGS).to_disk(tmp_path)
    (tmp_path / "encoder.onnx").write_bytes(b"another")
    with pytest.raises(HoneError, match="H220"):
        Graph.from_disk(tmp_path)


@pytest.mark.parametrize("weights", [{**WEIGHTS, "b": -WEIGHTS["b"]}, {"a": WEIGHTS["a"]}])
def test_other_weights_are_noticed(tmp_path, weights):
    Graph(b"graph", WEIGHTS, b"{}", SETTINGS).to_disk(tmp_path)
    save_file(weights, tmp_path / "encoder.safetensors")
    with pytest.raises(HoneError, match="H220"):
        Graph.from_disk(tmp_path)


def test_another_tokenizer_is_noticed(tmp_path):
    Graph(b"graph", WEIGHTS, b"{}", SETTINGS).to_disk(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes(b"{ }")
    with pytest.raises(HoneError, match="H220"):
        Graph.from_disk(tmp_path)


def test_damaged_weights(tmp_path):
    Graph(b"graph", WEIGHTS, b"{}", SETTINGS).to_disk(tmp_path)
    (tmp_path / "encoder.safetensors").write_bytes(b"{}")
    with pytest.raises(HoneError, match=r"H219[^\n]*: encoder.safetensors: "):
        Graph.from_disk(tmp_path)


@pytest.mark.parametrize("name", ["cfg", "encoder.onnx", "encoder.safetensors", "tokenizer.json"])
def test_missing_files(tmp_path, name):
    Graph(b"graph", WEIGHTS, b"{}", SETTINGS).to_disk(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(HoneError, match=rf"H219[^\n]*{name}"):
        Graph.from_disk(tmp_path)


@pytest.mark.parametrize("cfg", ["{", "[]", "{}"])
def test_a_damaged_cfg(tmp_path, cfg):
    Graph(b"graph", WEIGHTS, b"{}", SETTINGS).to_disk(tmp_path)
    (tmp_path / "cfg").write_text(cfg)
    with pytest.raises(HoneError, match=r"H219|H221"):
        Graph.from_disk(tmp_path)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"width": 0}, "width"),
        ({"width": True}, "width"),
        ({"pad_id": None}, "pad_id"),
        ({"max_positions": "8"}, "max_positions"),
        ({"windows": {"kind": "sents", "window": 0, "stride": 0}}, "windows.kind .* strided"),
        ({"windows": {"kind": "strided", "window": 4, "stride": 0}}, "windows.stride"),
        ({"windows": {"kind": "hone"}}, "windows.window .*windows.stride"),
        ({"windows": None}, "windows.kind"),
        ({"inputs": ["input_ids", "position_ids"]}, "inputs"),
        ({"inputs": ["attention_mask"]}, "inputs"),
        ({"precision": "int4"}, "precision"),
    ],
)
def test_settings_are_checked(settings, problem):
    with pytest.raises(HoneError, match=f"H221.*{problem}"):
        Graph(b"", {}, b"", {**SETTINGS, **settings})


def test_a_copy_shares_the_weights():
    graph = Graph(b"graph", {"a": np.asfortranarray(np.arange(6.0).reshape(2, 3))}, b"{}", SETTINGS)
    assert graph.weights["a"].flags.c_contiguous
    assert copy.deepcopy(graph).weights["a"] is graph.weights["a"]


@pytest.mark.parametrize("touched", [0, 1])
def test_a_graph_is_written_once(tmp_path, touched):
    graph = Graph(b"graph", WEIGHTS, b"{}", SETTINGS)
    graph.to_disk(tmp_path)
    large = [tmp_path / name for name in ("encoder.onnx", "encoder.safetensors")]
    assert len({path.stat().st_mode for path in tmp_path.iterdir()}) == 1
    before = [stamp(path) for path in large]
    graph.to_disk(tmp_path)
    assert [stamp(path) for path in large] == before
    large[touched].write_bytes(b"other")
    graph.to_disk(tmp_path)
    assert Graph.from_disk(tmp_path) == graph == pickle.loads(pickle.dumps(graph))
