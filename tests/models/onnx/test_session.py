import copy
import gc
import multiprocessing
import pickle
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from spacy_hone.errors import HoneError
from spacy_hone.models.onnx import session as module
from spacy_hone.models.onnx.engines import open_network
from spacy_hone.models.onnx.graph import Network
from spacy_hone.models.onnx.session import Session

IDS = np.array([[2, 7, 9, 3], [2, 8, 3, 0]])
INPUTS = {"input_ids": IDS, "attention_mask": (IDS > 0).astype(np.int64)}


@pytest.fixture
def onnx(toy_files) -> bytes:
    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    return toy_files()[0]


def test_vectors(onnx):
    found = Session(onnx, threads=1).run(INPUTS)
    assert found.shape == (2, 4, 16) and found.dtype == np.float32
    alone = Session(onnx, threads=1).run({name: array[1:, :3] for name, array in INPUTS.items()})
    np.testing.assert_allclose(found[1:, :3], alone, atol=1e-6)


def test_copies_are_not_opened_and_work(onnx):
    from spacy_hone.deploy.optimize.split import split

    code, weights, _ = split(Network(onnx, {}))
    session = Session(code, threads=1, weights=weights)
    expected = session.run(INPUTS)
    for other in (copy.deepcopy(session), pickle.loads(pickle.dumps(session))):
        assert not other._opened
        np.testing.assert_array_equal(other.run(INPUTS), expected)


def test_threads_share_one(onnx, monkeypatch):
    opened = []
    monkeypatch.setattr(module, "open_network", lambda *args: opened.append(args) or open_network(*args))
    session = Session(onnx, threads=1)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: session.run(INPUTS), range(8)))
    assert len(opened) == 1
    assert all(np.array_equal(result, results[0]) for result in results)


def test_a_lone_run_has_all_threads_and_others_one_each(onnx, monkeypatch):
    opened = []

    def open_and_note(network, threads, lanes, provider):
        run = open_network(network, threads, lanes, provider)
        opened.append((lanes or "all", weakref.ref(run)))
        return run

    monkeypatch.setattr(module, "open_network", open_and_note)
    session = Session(onnx, threads=2)
    first = session.run(INPUTS)
    for alone, lanes, held in [
        (False, ["all", 2], [2]),  # the weights are not held twice
        (True, ["all", 2, "all"], [2, "all"]),  # until it is seen that both are needed
        (False, ["all", 2, "all"], [2, "all"]),
        (True, ["all", 2, "all"], [2, "all"]),
    ]:
        np.testing.assert_allclose(session.run(INPUTS, alone=alone), first, atol=1e-6)
        gc.collect()
        assert [n for n, _ in opened] == lanes
        assert [n for n, found in opened if found()] == held


@pytest.mark.parametrize(
    ("threads", "cores", "worker", "runs", "lanes"),
    [
        (4, 1, False, 0, 0),
        (4, 1, False, 1, 0),  # a lone one
        (4, 1, False, 2, 2),
        (4, 1, False, 9, 4),
        (5, 1, False, 2, 0),  # less than half of the threads
        (1, 8, False, 9, 0),
        (0, 8, False, 9, 8),
        (0, 8, True, 9, 0),
    ],
)
def test_runs_side_by_side(monkeypatch, *, threads, cores, worker, runs, lanes):
    monkeypatch.setattr(module, "count_cores", lambda: cores)
    monkeypatch.setattr(module.multiprocessing, "parent_process", lambda: object() if worker else None)
    assert Session(b"", threads).lanes(runs) == lanes
    assert Session(b"", threads, provider="cuda").lanes(runs) == 0


def _run(session, queue):
    queue.put(session.run(INPUTS))


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_forked_child_opens_its_own(onnx):
    session = Session(onnx, threads=2)
    expected = session.run(INPUTS)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_run, args=(session, queue))
    child.start()
    np.testing.assert_array_equal(queue.get(timeout=60), expected)
    child.join(timeout=60)
    assert child.exitcode == 0


def test_wrong_options(onnx):
    with pytest.raises(HoneError, match=r"H208.*threads = -1"):
        Session(onnx, threads=-1)
    with pytest.raises(HoneError, match=r"H208.*provider = tpu.*cpu, cuda"):
        Session(onnx, provider="tpu")


def test_no_graph_at_all(onnx):
    with pytest.raises(HoneError, match="H219"):
        Session(b"no graph").run(INPUTS)


def test_without_onnxruntime(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(HoneError, match=r"H217.*onnxruntime.*spacy-hone\[onnx\]"):
        Session(b"").run(INPUTS)


def test_old_onnxruntime(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", SimpleNamespace(__version__="1.16.3"))
    with pytest.raises(HoneError, match=r"H217.*1.16.3.*1.17"):
        Session(b"").run(INPUTS)


def test_missing_provider(monkeypatch):
    ort = SimpleNamespace(__version__="1.22.0", get_available_providers=lambda: ["CPUExecutionProvider"])
    monkeypatch.setitem(sys.modules, "onnxruntime", ort)
    with pytest.raises(HoneError, match=r"H218.*cuda.*CPUExecutionProvider"):
        Session(b"", provider="cuda").run(INPUTS)
