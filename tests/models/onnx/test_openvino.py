"""The other engine: the same vectors, in threads, in forked children, and what it says where it cannot."""

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import spacy

from spacy_hone.errors import HoneError
from spacy_hone.models.onnx.encoder import build_onnx_encoder
from spacy_hone.models.onnx.graph import BLOB, Graph
from spacy_hone.models.onnx.session import Session

pytest.importorskip("openvino", reason="the extra openvino is not installed")
IDS = np.array([[2, 7, 9, 3], [2, 8, 3, 0]])
INPUTS = {"input_ids": IDS, "attention_mask": (IDS > 0).astype(np.int64)}


@pytest.fixture(scope="module")
def graph(toy_graph, toy_files) -> Graph:
    from spacy_hone.deploy.optimize.openvino import translate

    network = translate(toy_files()[0])
    given = {**toy_graph().settings, "engine": network.engine}
    del given["sha256"]
    return Graph(network.code, network.weights, toy_graph().tokenizer, given)


def open_session(graph: Graph) -> Session:
    return Session(graph.code, 2, weights=graph.weights, engine="openvino")


@pytest.fixture
def session(graph) -> Session:
    return open_session(graph)


def test_vectors_are_those_of_onnx_runtime(session, toy_files):
    expected = Session(toy_files()[0], threads=1).run(INPUTS)
    for alone in (True, False):
        np.testing.assert_allclose(session.run(INPUTS, alone=alone), expected, atol=1e-5)


def test_threads_do_not_write_into_each_other_s_results(session):
    rng = np.random.default_rng(0)
    batches = [rng.integers(4, 20, (2, length)) for length in range(2, 34)]
    inputs = [{"input_ids": ids, "attention_mask": np.ones_like(ids)} for ids in batches]
    expected = [session.run(each) for each in inputs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda each: session.run(each, alone=False), inputs))
    for before, after in zip(expected, found):
        np.testing.assert_allclose(after, before, atol=1e-5)


def test_copies_work(session):
    expected = session.run(INPUTS)
    for other in (copy.deepcopy(session), pickle.loads(pickle.dumps(session))):
        np.testing.assert_array_equal(other.run(INPUTS), expected)


def _run(session, queue):
    queue.put(session.run(INPUTS))


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_forked_child_opens_its_own(session):
    expected = session.run(INPUTS)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_run, args=(session, queue))
    child.start()
    np.testing.assert_allclose(queue.get(timeout=60), expected, atol=1e-6)
    child.join(timeout=60)
    assert child.exitcode == 0


def test_it_is_stored_in_its_own_format(graph, tmp_path):
    graph.to_disk(tmp_path)
    names = ["cfg", "encoder.safetensors", "encoder.xml", "tokenizer.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    for loaded in (Graph.from_disk(tmp_path), Graph.from_bytes(graph.to_bytes())):
        assert loaded == graph and loaded.network.engine == "openvino"
        np.testing.assert_array_equal(loaded.weights[BLOB], graph.weights[BLOB])
        np.testing.assert_allclose(open_session(loaded).run(INPUTS), open_session(graph).run(INPUTS))


def test_one_engine_s_file_replaces_the_other_s(graph, toy_graph, tmp_path):
    for each, name, other in [
        (graph, "encoder.xml", "encoder.onnx"),
        (toy_graph(), "encoder.onnx", "encoder.xml"),
        (graph, "encoder.xml", "encoder.onnx"),
    ]:
        each.to_disk(tmp_path)
        assert (tmp_path / name).exists() and not (tmp_path / other).exists()
        assert Graph.from_disk(tmp_path) == each


def test_rows_are_padded_within_the_memory_that_is_allowed(graph):
    model = build_onnx_encoder(threads=1, max_batch_wordpieces=64)
    shim = model.shims[0]
    shim.set_graph(graph)
    shapes, run = [], shim.session.run
    shim.session.run = lambda inputs, **how: shapes.append(inputs["input_ids"].shape) or run(inputs, **how)
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(text) for text in ["a", "two cups", "b c d e f g h i", "x " * 80] * 9]
    found = model.predict(docs)
    assert [len(vectors) for vectors in found] == [len(doc) for doc in docs]
    assert all(length % 2 == 0 and rows * length <= 64 for rows, length in shapes)
    assert {rows for rows, _ in shapes} <= {1, 2, 4, 8} and any(length % 8 for _, length in shapes)
    shapes.clear()
    model.predict(docs[2:3])
    assert shapes[0][0] == 1 and shapes[0][1] % 8 == 0


@pytest.mark.skipif(sys.platform == "win32", reason="it keeps its statistics elsewhere")
def test_nobody_is_told_that_it_is_used(tmp_path):
    script = (
        "from spacy_hone.models.onnx.engines import import_openvino; print(import_openvino().__version__)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, check=False, env=os.environ | {"HOME": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout, done.stderr
    assert not list(tmp_path.iterdir())


def test_what_it_cannot_do(graph, monkeypatch):
    with pytest.raises(HoneError, match=r'H208.*provider = cuda.*OpenVINO.*"cpu"'):
        Session(graph.code, provider="cuda", weights=graph.weights, engine="openvino")
    with pytest.raises(HoneError, match=r"H208.*engine = tflite.*onnxruntime, openvino"):
        Session(graph.code, engine="tflite")
    with pytest.raises(HoneError, match="H219"):
        Session(b"no network", weights=graph.weights, engine="openvino").run(INPUTS)
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(HoneError, match=r"H217.*openvino.*spacy-hone\[openvino\]"):
        Session(graph.code, weights=graph.weights, engine="openvino").run(INPUTS)
