from pathlib import Path

import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_hone.errors import HoneError
from spacy_hone.evaluation.golds import read_golds


@pytest.fixture
def corpus(tmp_path: Path, doc_of) -> Path:
    """Two shards: an annotated document, an empty one and one without annotation; then two annotated ones."""
    vocab = Vocab()
    shards = [
        [doc_of("Anna sings", (0, 1, "PER")), Doc(vocab), Doc(vocab, words=["no", "annotation"])],
        [doc_of("nothing here"), doc_of("Rome Anna", (0, 1, "LOC"), (1, 2, "PER"))],
    ]
    for i, docs in enumerate(shards):
        DocBin(docs=docs).to_disk(tmp_path / f"test-{i}.spacy")
    return tmp_path


def test_directory_in_the_order_of_its_files(corpus):
    golds = read_golds(corpus, Vocab())
    assert [doc[0].text for doc in golds.docs] == ["Anna", "nothing", "Rome"]
    assert (golds.numbers, golds.skipped) == ([0, 2, 3], 1)
    assert golds.label_counts() == {"LOC": 1, "PER": 2}


def test_one_file(corpus):
    assert len(read_golds(corpus / "test-1.spacy", Vocab()).docs) == 2


def test_faults_are_coded(tmp_path, corpus):
    empty = tmp_path / "empty.spacy"
    DocBin().to_disk(empty)
    bare = tmp_path / "bare.spacy"
    DocBin(docs=[Doc(Vocab(), words=["a"])]).to_disk(bare)
    (tmp_path / "nothing").mkdir()
    faults = {tmp_path / "missing.spacy": "H124", empty: "H603", tmp_path / "nothing": "H124", bare: "H604"}
    for path, code in faults.items():
        with pytest.raises(HoneError, match=rf"\[{code}\].*{path.name}"):
            read_golds(path, Vocab())


@pytest.mark.parametrize("content", [b"", b"Anna B-PER\n", bytes(range(256)) * 40])
def test_other_files_are_not_docbins(tmp_path, content):
    path = tmp_path / "words.spacy"
    path.write_bytes(content)
    with pytest.raises(HoneError, match=r"\[H124\].*words.spacy"):
        read_golds(path, Vocab())


def test_span_groups_are_named(corpus, doc_of):
    doc = doc_of("a b")
    doc.spans["chunks"] = [doc[0:1]]
    DocBin(docs=[doc]).to_disk(corpus / "groups.spacy")
    assert read_golds(corpus / "groups.spacy", Vocab(), "chunks").label_counts("chunks") == {"": 1}
    with pytest.raises(HoneError, match=r"\[H604\].*doc.spans\['sc'\].*chunks"):
        read_golds(corpus / "groups.spacy", Vocab(), "sc")
