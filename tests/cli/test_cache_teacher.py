import json
import re
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.cli import app
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from typer.testing import CliRunner

from spacy_hone.cli import hone_cli
from spacy_hone.cli.cache_teacher import cache_teacher
from spacy_hone.teachers.base import Output, Task, Teacher
from spacy_hone.teachers.cache import make_cached_teacher
from spacy_hone.teachers.pipeline import make_pipeline_teacher
from spacy_hone.teachers.store import Store

TEXTS = ["2 cups flour", "red salt", "深圳 寶安區", "2 cups flour"]


class Fake(Teacher):
    task = Task("tags", True, ["O", "B-FOOD", "I-FOOD"], "BIO")
    stop_at = "nowhere"  # a text at which the user presses control-C
    tokens: list[int]

    def __init__(self, key: str):
        self._key = key

    key = property(lambda self: self._key)

    def outputs(self, texts, *, vectors=False):
        Fake.tokens += [len(doc) for doc in texts]
        if self.stop_at in [doc.text for doc in texts]:
            raise KeyboardInterrupt
        starts = np.zeros(1, "int32")
        return [Output(np.zeros((1, 3), "float32"), starts, starts + 1) for _ in texts]


@pytest.fixture(autouse=True)
def teachers():
    Fake.tokens = []
    spacy.registry.misc.register("test.Fake.v1", func=Fake)
    spacy.registry.misc.register("test.Cached.v1", func=make_cached_teacher)


CONFIG = """
[paths]
train = null

[nlp]
lang = "en"
pipeline = ["ner"]

[components]

[components.ner]
factory = "hone_ner"

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = ${paths.train}

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${paths.train}

[training]
train_corpus = "corpora.train"

[initialize]

[initialize.components]

[initialize.components.ner]
"""
TEACHER = """
[initialize.components.ner.teacher]
@misc = "test.Fake.v1"
key = "abc"
"""


@pytest.fixture
def config(tmp_path) -> Path:
    path = tmp_path / "config.cfg"
    path.write_text(CONFIG + TEACHER, encoding="utf8")
    return path


@pytest.fixture
def corpus(tmp_path) -> Path:
    nlp = spacy.blank("en")
    DocBin(docs=[nlp.make_doc(text) for text in TEXTS]).to_disk(tmp_path / "train.spacy")
    return tmp_path / "train.spacy"


def invoke(*args: object):
    return CliRunner().invoke(hone_cli, ["cache-teacher", *map(str, args)])


def test_the_training_corpus_of_a_config(config, corpus, tmp_path):
    out = tmp_path / "new" / "cache"
    result = invoke(config, out, "--paths.train", corpus)
    assert result.exit_code == 0, result.output
    assert re.search(r"abc \(tags of entities \(BIO\); 3 columns: O, B-FOOD, I-FOOD\)", result.stdout)
    assert "Documents 4: 1 were there, 3 asked" in result.stdout
    assert re.search(r"cache: 3 texts, 0\.0 MiB", result.stdout)
    assert Fake.tokens == [3, 2, 2]  # the student's
    again = invoke(config, out, "--paths.train", corpus)
    assert "Documents 4: 4 were there, 0 asked" in again.stdout
    make_cached_teacher(out).prepare([spacy.blank("en")(text) for text in TEXTS])


def test_files_of_texts(config, corpus, tmp_path):
    lines, rows, folder = tmp_path / "lines.txt", tmp_path / "rows.jsonl", tmp_path / "shards"
    lines.write_bytes("\ufeffone two\r\n\n  \n深圳\u2028x\nlast".encode())
    rows.write_text(
        f"{json.dumps({'text': 'a row'})}\n\n{json.dumps({'text': '', 'x': 1})}\n", encoding="utf8"
    )
    folder.mkdir()
    corpus.rename(folder / "0001.spacy")
    paths = [option for path in (lines, rows, folder) for option in ("--corpus", path)]
    result = invoke(config, tmp_path / "out", *paths)
    assert result.exit_code == 0, result.output
    with Store.open(tmp_path / "out") as store:
        assert len(store) == 8
        assert all(store.has(text) for text in ("one two", "深圳\u2028x", "last", "a row", "", "red salt"))


def test_a_config_that_reads_what_it_writes(config, corpus, tmp_path):
    block = f'{CONFIG}\n[initialize.components.ner.teacher]\n@misc = "test.Cached.v1"\npath = "x"\n'
    config.write_text(block, encoding="utf8")
    result = invoke(config, tmp_path / "out", "--corpus", corpus)
    assert result.exit_code == 1 and "[H937]" in result.stderr and "without `teacher`" in result.stderr
    inner = '[initialize.components.ner.teacher.teacher]\n@misc = "test.Fake.v1"\nkey = "abc"\n'
    config.write_text(block + inner, encoding="utf8")
    assert invoke(config, tmp_path / "out", "--corpus", corpus).exit_code == 0


def test_interrupted(config, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(Fake, "stop_at", "red salt")
    args = (config, tmp_path / "out", "--corpus", corpus, "--batch-size", 1)
    result = invoke(*args)
    assert result.exit_code == 130
    assert f"Interrupted. What {tmp_path / 'out'} holds is kept; the same command goes on" in result.stderr
    monkeypatch.undo()
    assert "2 were there, 2 asked" in invoke(*args).stdout


def test_faults(config, corpus, tmp_path):
    empty, binary, row, text = (
        tmp_path / name for name in ("empty.txt", "binary.txt", "row.jsonl", "x.spacy")
    )
    empty.touch()
    binary.write_bytes(b"\xff\xfe\x00")
    row.write_text('{"text": "a"}\n{"txt": 1}\n', encoding="utf8")
    text.write_text("no DocBin", encoding="utf8")
    several = tmp_path / "several.cfg"
    several.write_text(
        CONFIG + TEACHER + f"[initialize.components.tagger]\n{TEACHER.replace('ner', 'tagger')}",
        encoding="utf8",
    )
    (tmp_path / "broken.cfg").write_text("[nlp", encoding="utf8")
    (tmp_path / "unknown.cfg").write_text(CONFIG + TEACHER.replace("Fake", "None"), encoding="utf8")
    (tmp_path / "without.cfg").write_text(CONFIG, encoding="utf8")
    out = tmp_path / "out"
    ours = ("--corpus", corpus)
    faults = [
        ("H939", (tmp_path / "none.cfg", out, *ours)),
        ("H939", (tmp_path / "broken.cfg", out, *ours)),
        ("H939", (tmp_path / "unknown.cfg", out, *ours)),
        ("H937", (tmp_path / "without.cfg", out, *ours)),
        ("H937", (config, out, "--component", "tagger", *ours)),
        ("H937", (several, out, *ours)),
        ("H938", (config, out, "--corpus", "trian")),
        ("H938", (out, "--teacher", "anything")),
        ("H940", (config, out)),
        ("H109", (config, out, "--corpus", empty)),
        ("H108", (config, out, "--corpus", binary)),
        ("H114", (config, out, "--corpus", row)),
        ("H124", (config, out, "--corpus", text)),
        ("H610", (config, out, "--gpu-id", "99", *ours)),
        ("H908", (out, "--teacher", tmp_path / "nothing", *ours)),
        ("H933", (config, tmp_path, *ours)),
        ("H930", (config, binary, *ours)),
    ]
    for code, args in faults:
        result = invoke(*args)
        assert result.exit_code == 1 and f"[{code}]" in result.stderr, (code, args, result.output)
        assert not result.stdout and "Traceback" not in result.output and not out.exists()
    assert f"{row}:2: there is no 'text' in it" in invoke(config, out, "--corpus", row).stderr
    assert "[H938] It is not said which texts" in invoke(out, "--teacher", "anything").stderr
    assert "[H938] --corpus trian: neither" in invoke(config, out, "--corpus", "trian").stderr
    elsewhere = invoke(config, out, "--training.train_corpus", "corpora.more")
    assert "[H938] [training] train_corpus names 'more'" in elsewhere.stderr
    assert "(train, dev)" in elsewhere.stderr
    cached = (tmp_path / "cached.cfg", out, *ours)
    cached[0].write_text(
        f'{CONFIG}\n[initialize.components.ner.teacher]\n@misc = "hone.CachedTeacher.v1"\npath = null\n',
        encoding="utf8",
    )
    assert invoke(*cached).stderr.startswith("[H922]")
    assert "ner, tagger" in invoke(several, out, *ours).stderr
    assert invoke(several, out, "--component", "ner", *ours).exit_code == 0
    other = invoke(
        several, out, "--component", "ner", *ours, "--initialize.components.ner.teacher.key", "xyz"
    )
    assert "[H932]" in other.stderr and "abc" in other.stderr and "xyz" in other.stderr
    assert invoke(out, *ours).exit_code == 2 and invoke(config, out, "--batchsize", 3).exit_code == 2
    assert "[H936]" in invoke(config, out, "--vectors", *ours).stderr


def test_a_trained_pipeline(corpus, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat_multilabel", config={"threshold": 0.5})
    nlp.add_pipe("tagger")
    doc = Doc(nlp.vocab, ["2", "cups", "flour"], tags=["CD", "NNS", "NN"])
    doc.cats = {"sweet": 1.0, "salt": 0.0}
    nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc)])
    nlp.to_disk(tmp_path / "model")
    command = ["hone", "cache-teacher", tmp_path / "out", "--teacher", tmp_path / "model", "--corpus", corpus]
    result = CliRunner().invoke(app, [*map(str, command), "--component", "tagger", "--vectors"])
    assert result.exit_code == 0, result.output
    docs = [spacy.blank("en")(text) for text in TEXTS]
    teacher, cached = (
        make_pipeline_teacher(tmp_path / "model", "tagger"),
        make_cached_teacher(tmp_path / "out"),
    )
    assert (cached.task, cached.key) == (teacher.task, teacher.key)
    for found, expected in zip(cached.outputs(docs, vectors=True), teacher.outputs(docs, vectors=True)):
        exact = expected.logits - expected.logits.max(axis=1, keepdims=True)
        np.testing.assert_allclose(found.logits, exact, atol=2e-3)
        np.testing.assert_array_equal(found.starts, expected.starts)
        np.testing.assert_allclose(found.vectors, expected.vectors, atol=5e-3)
    done = cache_teacher(
        None,
        tmp_path / "cats",
        teacher=str(tmp_path / "model"),
        component="textcat_multilabel",
        corpora=[corpus],
    )
    assert done.header.task._replace(columns=[]) == Task("categories", False, [])
    assert (sorted(done.header.task.columns), done.texts) == (["salt", "sweet"], 3)
    with pytest.raises(ValueError, match=r"\[H932\]"):
        cache_teacher(
            None, tmp_path / "cats", teacher=str(tmp_path / "model"), component="tagger", corpora=[corpus]
        )
