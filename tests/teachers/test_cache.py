import hashlib
import pickle
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc

from spacy_hone.errors import HoneError
from spacy_hone.losses.cross_entropy import make_cross_entropy
from spacy_hone.losses.distillation import make_distillation
from spacy_hone.teachers import cache
from spacy_hone.teachers.base import Output, Task, Teacher
from spacy_hone.teachers.cache import CachedTeacher, make_cached_teacher
from spacy_hone.teachers.fill import fill
from spacy_hone.teachers.mapping import prepare
from spacy_hone.teachers.store import Header, Store

NLP = spacy.blank("xx")
TYPES = ["PER", "LOC", "ORG", "FOOD", "TIME", "A", "B", "C", "D"]
TAGS = Task("tags", True, ["O", *(f"{letter}-{name}" for name in TYPES for letter in "BI")], "BIO")
TEXTS = [
    f"Frau {name} kauft {n} Äpfel in 深圳 寶安區 ." for n, name in enumerate(["Ott", "Rau", "Li", "Abt"] * 20)
]
TEXTS[5] = ""


class Fake(Teacher):
    """Says the same of a word in every process, and counts the texts it is asked about."""

    def __init__(self, task: Task = TAGS, key: str = "k" * 64, width: int | None = 4):
        self.asked: list[str] = []
        self._task, self._key, self.width = task, key, width

    task = property(lambda self: self._task)
    key = property(lambda self: self._key)

    def outputs(self, texts, *, vectors=False):
        self.asked += [doc.text for doc in texts]
        return [self._output(doc.text, vectors) for doc in texts]

    def _output(self, text: str, vectors: bool) -> Output:
        words = list(re.finditer(r"\S+", text))
        spans = [match.span() for match in words]
        if self.task.kind == "categories":
            words, spans = [text] if text else [], []
        starts, ends = np.array(spans, "int32").reshape(-1, 2).T
        rows = [self._row(str(word), len(self.columns)) for word in words]
        logits = np.array(rows, "float32").reshape(-1, len(self.columns))
        some = vectors and self.width and words  # as pipelines: none of nothing
        return Output(logits, starts, ends, logits[:, : self.width] if some else None)

    def _row(self, word: str, n_columns: int):
        random = np.random.default_rng(list(hashlib.sha256(word.encode()).digest()))
        row = random.normal(-2, 1.5, n_columns)
        row[random.choice(n_columns, 2)] += random.uniform(4, 14, 2)
        return row


def docs(texts=TEXTS) -> list[Doc]:
    return [NLP.make_doc(text) for text in texts]


@pytest.fixture
def path(tmp_path):
    with Store.create(tmp_path / "cache", Header.of(Fake())) as store:
        assert fill(store, Fake(), TEXTS, NLP, batch_size=16) == (0, len(TEXTS))
    return tmp_path / "cache"


def test_it_says_what_the_teacher_says(path):
    cached = make_cached_teacher(str(path))
    assert (cached.task, cached.key, cached.labels) == (TAGS, "k" * 64, None)
    cached.prepare(docs())
    for found, expected in zip(cached.outputs(docs()), Fake().outputs(docs())):
        np.testing.assert_array_equal(found.starts, expected.starts)
        np.testing.assert_array_equal(found.ends, expected.ends)
        exact = expected.logits - expected.logits.max(axis=1, keepdims=True, initial=-1e9)
        np.testing.assert_allclose(found.logits, exact, rtol=1e-3)
        assert found.vectors is None


@pytest.mark.parametrize("task", [TAGS, Task("categories", True, TYPES), Task("categories", False, TYPES)])
@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_the_same_loss_with_and_without(tmp_path, task, temperature):
    teacher = Fake(task)
    with Store.create(tmp_path / "cache", Header.of(teacher)) as store:
        fill(store, teacher, TEXTS, NLP)
    link = "softmax" if task.exclusive else "sigmoid"
    loss = make_distillation(make_cross_entropy(link), alpha=0.0, temperature=temperature)
    for batch in (docs(TEXTS[:4]), docs(TEXTS[20:36]), docs()):
        soft, cached = (
            targets(source, task, batch) for source in (teacher, make_cached_teacher(tmp_path / "cache"))
        )
        student = (
            np.random.default_rng(0).normal(0, 1, soft.shape) + np.maximum(soft, -10) / 2
        )  # half trained
        masked = np.zeros(len(soft))
        expected, value = loss(student, np.zeros_like(soft), masked, soft=soft)
        gradient, found = loss(student, np.zeros_like(soft), masked, soft=cached)
        assert value > 0.1 and found == pytest.approx(value, abs=1e-3)
        np.testing.assert_allclose(gradient, expected, atol=1e-3)


def targets(teacher: Teacher, task: Task, batch: list[Doc]):
    found = prepare(teacher, task).to_student(teacher.outputs(batch), batch)
    assert found.known.sum() >= len(found.known) - 1  # all but the empty text
    return found.logits[found.known]


def test_interrupted_and_resumed(tmp_path):
    """What was written stays, and is not asked again."""
    texts = [f"text {i}" for i in range(50)]

    def interrupted():
        yield from texts[:34]
        raise KeyboardInterrupt

    first, second, third = Fake(), Fake(), Fake()
    with Store.create(tmp_path / "cache", Header.of(first)) as store, pytest.raises(KeyboardInterrupt):
        fill(store, first, interrupted(), NLP, batch_size=10)
    assert first.asked == texts[:30]
    with Store.create(tmp_path / "cache", Header.of(second)) as store:
        assert fill(store, second, texts, NLP, batch_size=10) == (30, 20)
        assert second.asked == texts[30:]
        assert fill(store, third, [*texts, *texts], NLP) == (100, 0)
        assert fill(store, third, ["new", "new", *texts], NLP) == (51, 1)
        assert third.asked == ["new"]


def test_a_teacher_that_fails(tmp_path):
    class Failing(Fake):
        def outputs(self, texts, *, vectors=False):
            if any(doc.text == "text 25" for doc in texts):
                raise RuntimeError("out of memory")
            return super().outputs(texts, vectors=vectors)

    with Store.create(tmp_path / "cache", Header.of(Fake())) as store:
        with pytest.raises(RuntimeError):
            fill(store, Failing(), (f"text {i}" for i in range(50)), NLP, batch_size=10)
        assert len(store) == 20


def test_texts_that_are_not_there(path):
    cached = CachedTeacher(path)
    others = docs([TEXTS[0], "寶安區 不在 這裡", "nor is this"])
    for use in (cached.prepare, cached.outputs):
        with pytest.raises(
            HoneError, match=r"\[H934\].*outputs of 2 of 3 texts.*document 2: '寶安區 不在 這裡'"
        ) as caught:
            use(others)
        assert f"hone cache-teacher CONFIG {path}`" in str(caught.value)
    with pytest.raises(HoneError, match=r"\[H934\].*vectors of 1 of 1 .*--vectors"):
        cached.prepare(docs(TEXTS[:1]), vectors=True)


def test_a_teacher_is_asked_what_is_not_there(path):
    teacher = Fake()
    cached = make_cached_teacher(path, teacher)
    size = path.stat().st_size
    others = docs(["one", TEXTS[0], "two", "", TEXTS[1]])
    cached.prepare(others)
    assert teacher.asked == []
    found = cached.outputs(others)
    assert teacher.asked == ["one", "two"]
    np.testing.assert_array_equal(found[2].logits, Fake().outputs(docs(["two"]))[0].logits)
    assert [len(output.logits) for output in found] == [1, len(TEXTS[0].split()), 1, 0, len(TEXTS[1].split())]
    assert path.stat().st_size == size


@pytest.mark.parametrize("other", [Fake(key="o" * 64), Fake(Task("tags", True, ["O", "B-X", "I-X"], "BIO"))])
def test_a_cache_of_another_teacher(path, other):
    cached = make_cached_teacher(path, other)
    with pytest.raises(HoneError, match=r"\[H932\]") as caught:
        prepare(cached, TAGS)
    assert "k" * 64 in str(caught.value) and other.key in str(caught.value)


def test_no_cache(tmp_path):
    cached = make_cached_teacher(tmp_path / "none")  # lazy
    with pytest.raises(HoneError, match=r"\[H931\]"):
        prepare(cached, TAGS)


def test_vectors(tmp_path):
    teacher = Fake()
    with Store.create(tmp_path / "cache", Header.of(teacher)) as store:
        fill(store, teacher, TEXTS, NLP)
        assert fill(store, teacher, TEXTS, NLP, vectors=True).misses == len(set(TEXTS))
        assert fill(store, teacher, TEXTS, NLP, vectors=True).misses == 0
        with pytest.raises(HoneError, match=r"\[H936\]"):
            fill(store, Fake(width=None), ["new"], NLP, vectors=True)
    found = make_cached_teacher(tmp_path / "cache").outputs(docs(), vectors=True)
    expected = [output.logits[:, :4] for output in teacher.outputs(docs())]
    for output, vectors in zip(found, expected):
        np.testing.assert_allclose(output.vectors, vectors, rtol=1e-3)


def test_outputs_are_read_once(path, monkeypatch):
    cached, read = make_cached_teacher(path), []
    get = Store.get
    monkeypatch.setattr(Store, "get", lambda self, text, **how: read.append(text) or get(self, text, **how))
    first, again = cached.outputs(docs()), cached.outputs(docs())
    assert set(read) == set(TEXTS) and len(read) == len(set(TEXTS))
    for a, b in zip(first, again):
        np.testing.assert_array_equal(a.logits, b.logits)
    monkeypatch.setattr(cache, "MOST_REMEMBERED", 0)
    cached.outputs(docs(TEXTS[:1]))
    assert not cached._remembered and cached._n_remembered == 0


def test_names_of_labels(path):
    pairs = [["PER", "PERSON"]]
    named = Fake()
    named.labels = [["LOC", None]]
    assert make_cached_teacher(path, named).labels == [["LOC", None]]
    assert make_cached_teacher(path, named, pairs).labels == pairs


def test_threads_and_processes(path):
    cached = make_cached_teacher(path)
    expected = [output.logits for output in cached.outputs(docs())]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: cached.outputs(docs()), range(8)):
            for output, logits in zip(found, expected):
                np.testing.assert_array_equal(output.logits, logits)
    again = pickle.loads(pickle.dumps(cached))
    np.testing.assert_array_equal(again.outputs(docs())[0].logits, expected[0])
