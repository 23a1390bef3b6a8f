"""The other engine: the same vectors, in threads, in forked children, and what it says where it cannot."""

import copy
import multiprocessing
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from spacy_hone.errors import HoneError
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


@pytest.fixture
def session(graph) -> Session:
    return Session(graph.code, 2, weights=graph.weights, engine="openvino")


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


def test_what_it_cannot_do(graph, monkeypatch):
    with pytest.raises(HoneError, match=r'H208.*provider = cuda.*"cpu".*OpenVINO'):
        Session(graph.code, provider="cuda", weights=graph.weights, engine="openvino").run(INPUTS)
    with pytest.raises(HoneError, match="H219"):
        Session(b"no network", weights=graph.weights, engine="openvino").run(INPUTS)
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(HoneError, match=r"H217.*openvino.*spacy-hone\[openvino\]"):
        Session(graph.code, weights=graph.weights, engine="openvino").run(INPUTS)
