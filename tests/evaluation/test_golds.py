from pathlib import Path

import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_hone.errors import HoneError
from spacy_hone.evaluation.golds import read_golds, require_annotation
from spacy_hone.evaluation.kinds import make_kinds


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
    assert [doc[0].text for doc in read_golds(corpus, Vocab())] == ["Anna", "no", "nothing", "Rome"]


def test_one_file(corpus):
    assert len(read_golds(corpus / "test-1.spacy", Vocab())) == 2


def test_faults_are_coded(tmp_path, corpus):
    empty = tmp_path / "empty.spacy"
    DocBin().to_disk(empty)
    (tmp_path / "nothing").mkdir()
    faults = {tmp_path / "missing.spacy": "H124", empty: "H603", tmp_path / "nothing": "H124"}
    for path, code in faults.items():
        with pytest.raises(HoneError, match=rf"\[{code}\].*{path.name}"):
            read_golds(path, Vocab())


@pytest.mark.parametrize("content", [b"", b"Anna B-PER\n", bytes(range(256)) * 40])
def test_other_files_are_not_docbins(tmp_path, content):
    path = tmp_path / "words.spacy"
    path.write_bytes(content)
    with pytest.raises(HoneError, match=r"\[H124\].*words.spacy"):
        read_golds(path, Vocab())


def test_what_the_corpus_has_is_named(doc_of):
    bare, grouped = Doc(Vocab(), words=["a"]), doc_of("a b")
    grouped.spans["chunks"] = [grouped[0:1]]
    kinds = make_kinds("sc")
    require_annotation(Path("x.spacy"), [bare, grouped], make_kinds())
    require_annotation(Path("x.spacy"), [grouped], make_kinds("chunks"))
    with pytest.raises(HoneError, match=r"\[H604\].*x.spacy.*doc.ents or doc.cats or token.tag_"):
        require_annotation(Path("x.spacy"), [bare], make_kinds())
    with pytest.raises(HoneError, match=r"\[H604\].*doc.spans\['sc'\].*chooses: chunks"):
        require_annotation(Path("x.spacy"), [grouped], kinds[:1])
    with pytest.raises(HoneError, match=r"\[H604\].*leave out --spans-key"):
        require_annotation(Path("x.spacy"), [bare], kinds[:1])
