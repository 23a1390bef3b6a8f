import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spacy_hone.errors import HoneError
from spacy_hone.teachers.base import Output, Task
from spacy_hone.teachers.packing import ALL, TOP, pack, unpack
from spacy_hone.teachers.store import Header, Store

TAGS = Header("k" * 64, Task("tags", True, ["O", "B-PER", "I-PER"], "BIO"))
CATEGORIES = Header("c" * 64, Task("categories", False, ["a", "b"]))
TEXTS = [f"text number {i}" for i in range(60)]


def output(text: str, n_columns: int = 3, width: int | None = None) -> Output:
    """An output with a row for each of the text's characters, the same in every process."""
    random = np.random.default_rng(list(text.encode()))
    logits = random.normal(0, 4, (len(text), n_columns)).astype("float32")
    starts = np.arange(len(text), dtype="int32")
    vectors = None if width is None else random.normal(size=(len(text), width)).astype("float32")
    return Output(logits, starts, starts + 1, vectors)


def softmax(logits):
    exp = np.exp(np.float64(logits) - logits.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


def sigmoid(logits):
    return 1 / (1 + np.exp(-np.float64(logits)))


def fingerprint(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]


@pytest.mark.parametrize("n_columns", [1, 2, 37, ALL])
def test_all_of_few_columns(n_columns):
    logits = np.random.default_rng(0).normal(100, 8, (50, n_columns)).astype("float32")
    data = pack(logits, exclusive=True)
    assert len(data) == 50 * n_columns * 2
    rows = unpack(data, n_columns)
    assert rows.dtype == np.float32 and (rows.max(axis=1) == 0).all()
    np.testing.assert_allclose(softmax(rows), softmax(logits), atol=2e-3)
    np.testing.assert_allclose(
        sigmoid(unpack(pack(logits - 100, exclusive=False), n_columns)), sigmoid(logits - 100), atol=1e-3
    )


@pytest.mark.parametrize("n_columns", [ALL + 1, 1000, 70_000])
def test_the_highest_of_many_columns(n_columns):
    random = np.random.default_rng(1)
    logits = random.normal(0, 1, (20, n_columns)).astype("float32")
    logits[np.arange(20), random.integers(n_columns, size=20)] += 15
    data = pack(logits, exclusive=True)
    assert len(data) <= 20 * (TOP * 6 + 2)
    found, expected = softmax(unpack(data, n_columns)), softmax(logits)
    top = np.argsort(-expected, axis=1)[:, :TOP]
    top_found, top_expected = (np.take_along_axis(p, top, axis=1) for p in (found, expected))
    np.testing.assert_allclose(top_found, top_expected, atol=2e-3)
    np.testing.assert_allclose(
        1 - top_found.sum(axis=1), 1 - top_expected.sum(axis=1), atol=2e-3
    )  # the rest's mass
    smallest = top_expected.min(axis=1, keepdims=True)
    assert (np.abs(found - expected) <= np.maximum(smallest, 2e-3)).all()


def test_the_highest_of_many_independent_columns():
    logits = np.full((1, 500), -9.0, "float32")
    logits[0, 7], logits[0, 499] = 3, -1
    found = sigmoid(unpack(pack(logits, exclusive=False), 500))
    np.testing.assert_allclose(found, sigmoid(logits), atol=1e-4)
    assert found.sum() == pytest.approx(sigmoid(logits).sum(), abs=1e-3)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("n_columns", [4, 300])
def test_impossible_columns_stay_impossible(exclusive, n_columns):
    logits = np.full((2, n_columns), -np.inf, "float32")
    logits[0, :2] = 0, -1e30
    logits[1, :3] = 5, 1e6, 1e6
    packed = pack(logits, exclusive=exclusive)
    assert np.isfinite(np.frombuffer(packed[:8], "<f2")).all()
    rows = unpack(packed, n_columns)
    np.testing.assert_array_equal(np.isneginf(rows), np.isneginf(logits))
    assert not np.isnan(rows).any() and not np.isposinf(rows).any()


def test_round_trip(tmp_path):
    texts = ["", "寶安區 SF Express 13800138000", "🙂 a\n\tb", "a" * 3000]
    path = tmp_path / "new" / "cache.sqlite"
    with Store.create(path, TAGS) as store:
        store.put((text, output(text, width=5)) for text in texts)
    with Store.open(path) as store:
        assert store.header == TAGS and len(store) == 4
        for text in texts:
            expected, found = output(text, width=5), store.get(text, vectors=True)
            assert found.logits.shape == expected.logits.shape
            np.testing.assert_allclose(
                softmax(found.logits), softmax(expected.logits), atol=2e-3
            ) if text else None
            np.testing.assert_array_equal(found.starts, expected.starts)
            np.testing.assert_array_equal(found.ends, expected.ends)
            assert found.vectors.shape == expected.vectors.shape
            np.testing.assert_allclose(found.vectors, expected.vectors, atol=2e-3)
            assert store.get(text).vectors is None
        assert store.get("another") is None and not store.has("another")


def test_categories(tmp_path):
    nothing = np.zeros(0, "int32")
    with Store.create(tmp_path / "x", CATEGORIES) as store:
        store.put([("a", Output(np.float32([[3, -70]]), nothing, nothing))])
        store.put([("", Output(np.zeros((0, 2), "float32"), nothing, nothing))])
        np.testing.assert_array_equal(store.get("a").logits, [[3, -70]])  # not centred: each for itself
        assert store.get("").logits.shape == (0, 2) and store.get("a").starts.shape == (0,)


def test_vectors_are_added_later(tmp_path):
    with Store.create(tmp_path / "x", TAGS) as store:
        store.put([("a", output("a"))])
        assert store.has("a") and not store.has("a", vectors=True) and store.get("a", vectors=True) is None
        store.put([("a", output("a", width=2))])
        assert store.has("a", vectors=True) and len(store) == 1


@pytest.mark.parametrize(
    "change, fault",
    [
        ({"logits": np.zeros((2, 3), "float32")}, r"shape \(2, 3\) where \(1, 3\)"),
        ({"logits": np.zeros((1, 2), "float32")}, r"shape \(1, 2\)"),
        ({"logits": np.float32([[0, np.nan, 0]])}, "not finite"),
        ({"logits": np.float32([[0, np.inf, 0]])}, "not finite"),
        ({"logits": np.full((1, 3), -np.inf, "float32")}, "not finite"),
        ({"ends": np.zeros(0, "int32")}, "1 starts and 0 ends"),
        ({"vectors": np.float32([[np.nan]])}, "vectors of shape"),
        ({"vectors": np.zeros((3, 1), "float32")}, "vectors of shape"),
    ],
)
def test_malformed_outputs(tmp_path, change, fault):
    with Store.create(tmp_path / "x", TAGS) as store:
        with pytest.raises(HoneError, match=rf"(?s)\[H935\].*{fault}"):
            store.put([("good", output("good")), ("b", output("b")._replace(**change))])
        assert len(store) == 0


def test_another_teacher(tmp_path):
    Store.create(tmp_path / "x", TAGS)
    labels = ["O", "B-LOC", "I-LOC"]
    for other in (
        TAGS._replace(key="d" * 64),
        TAGS._replace(task=TAGS.task._replace(columns=labels)),
        CATEGORIES,
    ):
        with pytest.raises(HoneError, match=r"\[H932\]") as caught:
            Store.create(tmp_path / "x", other)
        assert TAGS.key in str(caught.value) and other.key in str(caught.value)
        assert "B-PER" in str(caught.value) and other.task.columns[1] in str(caught.value)


def test_files_that_are_no_cache(tmp_path):
    text, foreign, old = tmp_path / "text", tmp_path / "foreign", tmp_path / "old"
    text.write_text("no database, " * 200, encoding="utf8")
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE outputs (a)")
    Store.create(old, TAGS)
    with sqlite3.connect(old) as connection:
        connection.execute("PRAGMA user_version = 99")
    for path in (text, foreign, old):
        before = path.read_bytes()
        for use in (Store.open, lambda path: Store.create(path, TAGS)):
            with pytest.raises(HoneError, match=r"\[H930\]"):
                use(path)
        assert path.read_bytes() == before
    with pytest.raises(HoneError, match=r"\[H931\].*cache-teacher"):
        Store.open(tmp_path / "none")
    with pytest.raises(HoneError, match=r"\[H933\]"):
        Store.create(text / "below", TAGS)
    with pytest.raises(HoneError, match=r"\[H933\]"):
        Store.create(tmp_path, TAGS)


def test_a_damaged_file(tmp_path):
    path = tmp_path / "x"
    with Store.create(path, TAGS) as store:
        store.put((text, output(text)) for text in TEXTS)
    data = bytearray(path.read_bytes())
    data[4096 * 2 :] = b"\xff" * (len(data) - 4096 * 2)
    path.write_bytes(data)
    with pytest.raises(HoneError, match=r"\[H933\]"):
        store = Store.open(path)
        [store.get(text) for text in TEXTS]


def test_all_of_a_batch_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "x"
    with Store.create(path, TAGS) as store:
        store.put([("first", output("first"))])
        rows = iter([store._row("second", output("second"))])

        def fail(text, _):
            if text == "third":
                return (None,) * 4  # against NOT NULL: SQLite refuses in the middle of the transaction
            return next(rows)

        monkeypatch.setattr(store, "_row", fail)
        with pytest.raises(HoneError, match=r"\[H933\]"):
            store.put([("second", None), ("third", None)])
        assert len(store) == 1 and not store.has("second")


def test_readers_beside_a_writer(tmp_path):
    path = tmp_path / "x"
    with Store.create(path, TAGS) as writer, Store.open(path) as one, Store.open(path) as other:
        for text in TEXTS[:10]:
            assert one.get(text) is None and other.get(text) is None
            writer.put([(text, output(text))])
            assert one.get(text) and other.has(text)


def test_reading_needs_no_permission_to_write(tmp_path, monkeypatch):
    path = tmp_path / "x"
    with Store.create(path, TAGS) as store:
        store.put([("a", output("a"))])
    monkeypatch.setattr("spacy_hone.teachers.store.access", lambda *_: False)
    with Store.open(path) as store:
        assert store.get("a")
        with pytest.raises(HoneError, match=r"\[H933\].*readonly"):
            store.put([("b", output("b"))])


KILLED = """
import os, signal, sys
from test_store import *
with Store.create(Path(sys.argv[1]), TAGS) as store:
    store._connection.execute("PRAGMA cache_size = 1")  # pages reach the file before the end of the transaction
    for start in range(0, 60, 20):
        if start == 40:
            kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
            store._connection.set_progress_handler(kill, 500)
        store.put((text, output(text)) for text in TEXTS[start : start + 20])
"""
WRITER = """
import sys
from test_store import *
with Store.create(Path(sys.argv[1]), TAGS) as store:
    for start in range(0, 60, 10):
        store.put((text, output(text)) for text in TEXTS[start : start + 10])
"""


def start(script: str, path: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=Path(__file__).parent)


def test_killed_while_it_writes(tmp_path):
    path = tmp_path / "x"
    assert start(KILLED, path).wait() == -signal.SIGKILL
    assert path.with_name("x-journal").exists()  # it was in the middle of a transaction
    with Store.open(path) as store:
        assert [store.has(text) for text in TEXTS] == [True] * 40 + [False] * 20
        np.testing.assert_allclose(
            softmax(store.get(TEXTS[39]).logits), softmax(output(TEXTS[39]).logits), atol=2e-3
        )
    assert fingerprint(path) == "ok"
    with Store.create(path, TAGS) as store:
        store.put((text, output(text)) for text in TEXTS[40:])
        assert len(store) == 60


def test_several_writers(tmp_path):
    path = tmp_path / "x"
    writers = [start(WRITER, path) for _ in range(2)]
    assert [writer.wait() for writer in writers] == [0, 0]
    with Store.open(path) as store:
        assert len(store) == len(TEXTS) and json.dumps(store.header) == json.dumps(TAGS)
        assert all(store.has(text) for text in TEXTS)
    assert fingerprint(path) == "ok"
