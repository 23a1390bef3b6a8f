"""Several corpora as one, each with what it is annotated with; texts without annotation."""

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.util import registry
from thinc.api import Config

from spacy_hone.errors import HoneError
from spacy_hone.pipes.ner import ANNOTATED


@pytest.fixture
def folder(tmp_path):
    nlp = spacy.blank("en")
    doc = nlp("Ann sees Rome")
    doc.set_ents([Span(doc, 2, 3, label="LOC")])
    DocBin(docs=[doc]).to_disk(tmp_path / "new.spacy")
    (tmp_path / "texts.jsonl").write_text('{"text": "Bob leaves"}\n\n{"text": "无标注"}\n', encoding="utf8")
    (tmp_path / "lines.txt").write_text("one line\n", encoding="utf8")
    return tmp_path


def read(text: str):
    reader = registry.resolve(Config().from_str(f"[corpora]\n{text}"))["corpora"]["train"]
    return list(reader(spacy.blank("en")))


def test_corpora_are_read_one_after_the_other(folder):
    found = read(f"""
[corpora.train]
@readers = "hone.Corpora.v1"

[corpora.train.*.new]
@readers = "hone.Corpus.v1"
path = "{folder}/new.spacy"
annotated = ["LOC"]

[corpora.train.*.texts]
@readers = "hone.Corpus.v1"
path = "{folder}/texts.jsonl"

[corpora.train.*.lines]
@readers = "hone.Corpus.v1"
path = "{folder}/lines.txt"
""")
    assert [eg.reference.text for eg in found] == ["Ann sees Rome", "Bob leaves", "无标注", "one line"]
    assert [eg.reference.user_data.get(ANNOTATED) for eg in found] == [("LOC",), None, None, None]
    assert [eg.reference.has_annotation("ENT_IOB") for eg in found] == [True, False, False, False]
    assert [ent.text for ent in found[0].reference.ents] == ["Rome"]
    assert all(isinstance(eg.predicted, Doc) for eg in found)


def test_a_folder_keeps_its_annotation_whatever_it_is_called(folder):
    (folder / "corpus.v2").mkdir()
    (folder / "new.spacy").rename(folder / "corpus.v2" / "new.spacy")
    [eg] = read(f'[corpora.train]\n@readers = "hone.Corpus.v1"\npath = "{folder}/corpus.v2"\n')
    assert [ent.text for ent in eg.reference.ents] == ["Rome"]


@pytest.mark.parametrize("name", ["empty.txt", "empty.jsonl", "empty.spacy"])
def test_nothing_is_no_corpus(folder, name):
    (folder / "empty.txt").write_text("\n  \n", encoding="utf8")
    (folder / "empty.jsonl").write_text("", encoding="utf8")
    DocBin().to_disk(folder / "empty.spacy")
    with pytest.raises(HoneError, match=f"H109.*{name}"):
        read(f"""
[corpora.train]
@readers = "hone.Corpora.v1"

[corpora.train.*.new]
@readers = "hone.Corpus.v1"
path = "{folder}/new.spacy"

[corpora.train.*.texts]
@readers = "hone.Corpus.v1"
path = "{folder}/{name}"
""")


def test_a_path_that_has_still_to_be_named():
    with pytest.raises(HoneError, match=r"H124.*its path is not given.*--paths\.train"):
        read('[corpora.train]\n@readers = "hone.Corpus.v1"\npath = null\n')


@pytest.mark.parametrize(("name", "code"), [("none.spacy", "H124"), ("none.jsonl", "H110")])
def test_what_is_not_there_is_named(folder, name, code):
    with pytest.raises(HoneError, match=rf"{code}.*{name}"):
        read(f'[corpora.train]\n@readers = "hone.Corpus.v1"\npath = "{folder}/{name}"\n')
