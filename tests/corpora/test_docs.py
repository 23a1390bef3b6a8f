"""DocBins: the same as spaCy's own, in shards, and read back."""

from pathlib import Path

import numpy
import pytest
import spacy
from spacy.attrs import ENT_IOB, ENT_TYPE, ORTH, SENT_START
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus
from spacy.vocab import Vocab

from spacy_hone.corpora import docs
from spacy_hone.corpora.docs import DocBinWriter, in_zones, load_tokenizer, read_docs
from spacy_hone.corpora.records import Record
from spacy_hone.errors import HoneError


def record(**changes) -> Record:
    base = Record(
        Path("x"), 1, ["In", "New", "York", "."], [True, True, False, False], [0, 3], [(1, 3, "LOC")]
    )
    for name, value in changes.items():
        setattr(base, name, value)
    return base


def write(path: Path, *records: Record, shard_size: int = 100) -> None:
    writer = DocBinWriter(path, shard_size)
    for one in records:
        writer.add(one)
    writer.close()


def test_equals_what_spacy_makes_of_a_doc(tmp_path: Path) -> None:
    doc = Doc(
        Vocab(),
        words=["In", "New", "York", "."],
        spaces=[True, True, False, False],
        sent_starts=[True, False, False, True],
    )
    doc.set_ents([Span(doc, 1, 3, "LOC")])
    doc.cats = {"A": 1.0}
    theirs = DocBin(attrs=[ORTH, ENT_IOB, ENT_TYPE, SENT_START], docs=[doc])
    write(tmp_path / "x.spacy", record(cats={"A": 1.0}))
    ours = DocBin().from_disk(tmp_path / "x.spacy")
    assert ours.attrs == theirs.attrs
    numpy.testing.assert_array_equal(ours.tokens[0], theirs.tokens[0])
    numpy.testing.assert_array_equal(ours.spaces[0], theirs.spaces[0])
    assert (ours.cats, ours.flags) == (theirs.cats, theirs.flags)
    assert ours.strings == theirs.strings - {""}


def test_words_that_are_names_of_attributes_survive(tmp_path: Path) -> None:
    write(tmp_path / "x.spacy", record(tokens=["ORG", "LEMMA", "I", "ORTH"]))
    (doc,) = read_docs(tmp_path / "x.spacy", Vocab())
    assert [token.text for token in doc] == ["ORG", "LEMMA", "I", "ORTH"]


def test_missing_annotation(tmp_path: Path) -> None:
    write(tmp_path / "x.spacy", record(ents=None, sent_starts=None), record(missing=[0]))
    none, part = read_docs(tmp_path / "x.spacy", Vocab())
    assert not none.has_annotation("ENT_IOB")
    assert not none.has_annotation("SENT_START")
    assert [token.ent_iob for token in part] == [0, 3, 1, 2]


@pytest.mark.parametrize("count", [1, 3, 4, 10])
def test_shards_are_read_by_spacy_in_the_files_place(tmp_path: Path, count: int) -> None:
    path = tmp_path / "train.spacy"
    write(path, *(record(tokens=[str(i), "New", "York", "."]) for i in range(count)), shard_size=3)
    assert path.is_dir() == (count > 3)
    examples = list(Corpus(path)(spacy.blank("en")))
    assert [example.reference[0].text for example in examples] == [str(i) for i in range(count)]
    assert [doc[0].text for doc in read_docs(path, Vocab())] == [str(i) for i in range(count)]


def test_long_documents_fill_a_shard_sooner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "MAX_TOKENS", 8)
    write(tmp_path / "x.spacy", *(record() for _ in range(5)))
    assert sorted(path.name for path in (tmp_path / "x.spacy").iterdir()) == [
        "0001.spacy",
        "0002.spacy",
        "0003.spacy",
    ]


def test_read_docs_refuses_what_is_no_corpus(tmp_path: Path) -> None:
    (tmp_path / "bad.spacy").write_text("nothing")
    (tmp_path / "other.txt").write_text("nothing")
    (tmp_path / "empty").mkdir()
    for name in ("bad.spacy", "other.txt", "empty", "absent"):
        with pytest.raises(HoneError, match="H124"):
            list(read_docs(tmp_path / name, Vocab()))


def test_a_folder_with_files_and_folders_of_shards(tmp_path: Path) -> None:
    write(tmp_path / "b.spacy", record(), record(), shard_size=1)
    write(tmp_path / "a.spacy", record(tokens=["Up", "New", "York", "."]))
    assert [doc[0].text for doc in read_docs(tmp_path, Vocab())] == ["Up", "In", "In"]
    with pytest.raises(HoneError, match=r"\[H124\] A corpus: its path is not given"):
        docs.docbin_paths(None)


@pytest.mark.parametrize("name", ["stock", "mixed"])
def test_the_tokenizer_forgets_what_it_read(name, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "ZONE", 2)
    nlp = load_tokenizer("en", name)
    before, grown = len(nlp.vocab.strings), []
    stream = [record(line=i) for i in range(7)]
    for one in in_zones(stream, nlp):
        assert len(nlp.make_doc(f"{'ujv' * (one.line + 1)} {'owk' * (one.line + 1)}")) == 2
        grown.append(len(nlp.vocab.strings) - before)
    assert len(grown) == 7
    assert grown[-1] == grown[0] == 2
    assert max(grown) == 4
    assert len(nlp.vocab.strings) == before


def test_unknown_spaces_make_spacy_use_the_corpus_tokens(bench) -> None:
    text = "state-of-the-art\tO\nU.S.-based\tB-X\n"
    (example,) = Corpus(_written(bench, text, gold_tokens=True))(spacy.blank("en"))
    assert [token.text for token in example.predicted] == ["state-of-the-art", "U.S.-based"]
    (example,) = Corpus(_written(bench, text, gold_tokens=False))(spacy.blank("en"))
    assert len(example.predicted) > 2


def _written(bench, text: str, *, gold_tokens: bool) -> Path:
    bench.report(text, gold_tokens=gold_tokens)
    return bench.out / "data.spacy"
