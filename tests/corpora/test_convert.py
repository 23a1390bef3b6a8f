"""The conversion as a whole: outputs, reports, agreement of tokens, all or nothing."""

import json
import re
from pathlib import Path
from unittest.mock import Mock

import pytest
from spacy.vocab import Vocab

from spacy_hone.corpora.convert import convert
from spacy_hone.corpora.docs import DocBinWriter, read_docs
from spacy_hone.corpora.staging import staging
from spacy_hone.errors import HoneError

CONLL = Path(__file__).parents[1] / "data" / "conll"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_conll_files(tmp_path: Path) -> None:
    reports = convert([CONLL / f"{part}.txt" for part in ("train", "dev", "test")], tmp_path)
    assert names(tmp_path) == sorted(
        f"{part}.{end}" for part in ("train", "dev", "test") for end in ("report.json", "spacy")
    )
    train = json.loads((tmp_path / "train.report.json").read_text())
    assert train["documents"] == 3
    assert train["sentences"] == 7
    assert train["scheme"] == "BIO"
    assert train["columns"] == {
        "separator": "space",
        "count": 4,
        "token": 1,
        "tag": 4,
        "style": "prefix",
        "missing": None,
    }
    assert train["entities"] == {"LOC": 5, "PER": 4, "MISC": 3, "ORG": 2}
    assert all(report.log.layout["documents_by"] == "document marks" for report in reports)


def test_the_same_entities_as_spacys_converter_where_it_is_right(tmp_path: Path) -> None:
    from spacy.training.converters import conll_ner_to_docs

    text = (CONLL / "train.txt").read_text().replace("-DOCSTART- -X- -X- O", "-DOCSTART- -X- O O")
    theirs = conll_ner_to_docs(text, n_sents=0, no_print=True)
    convert([CONLL / "train.txt"], tmp_path)
    ours = read_docs(tmp_path / "train.spacy", Vocab())
    for our, their in zip(ours, theirs, strict=True):
        assert [token.text for token in our] == [token.text for token in their]
        assert [token.is_sent_start for token in our] == [token.is_sent_start for token in their]
        assert [(e.start, e.end, e.label_) for e in our.ents] == [
            (e.start, e.end, e.label_) for e in their.ents
        ]


def test_disagreement_with_the_tokenizer_is_reported(bench, rows) -> None:
    report = bench.report(rows("near-record B-X", "sum O", "", "ok O"))
    assert (report.agreement.documents, report.agreement.disagree) == (2, 1)
    assert report.agreement.tokens_differ == 1
    assert report.agreement.entities_misaligned == 0
    assert report.agreement.first[0]["corpus"] == ["near-record", "sum"]
    assert report.agreement.first[0]["document"].endswith("data.conll:1")


def test_entities_that_the_tokenizer_cannot_give(bench, rows) -> None:
    text = rows("# text = 500ml rum", "500 B-N", "ml B-U", "rum B-F")
    agreement = bench.report(text, lang="xx").agreement
    assert (agreement.entities, agreement.entities_misaligned) == (3, 2)
    assert bench.report(text, lang="xx", tokenizer="mixed").agreement.disagree == 0


@pytest.mark.parametrize(("limit", "checked"), [(0, 0), (2, 2), (-1, 3), (1_000, 3)])
def test_how_many_documents_are_compared(bench, rows, limit: int, checked: int) -> None:
    assert bench.report(rows("a O", "", "b O", "", "c O"), check_tokens=limit).agreement.documents == checked


def test_split_writes_train_dev_and_test(bench) -> None:
    text = "".join(f"w{i} {'B-X' if i % 5 == 0 else 'O'}\n\n" for i in range(50))
    report = bench.report(text, split="0.8,0.1,0.1", seed=3)
    assert names(bench.out) == ["data.report.json", "dev.spacy", "test.spacy", "train.spacy"]
    sizes = {name: (counts.documents, counts.entities) for name, counts in report.outputs.items()}
    assert list(sizes) == ["train.spacy", "dev.spacy", "test.spacy"]
    assert sizes == {"train.spacy": (40, {"X": 8}), "dev.spacy": (5, {"X": 1}), "test.spacy": (5, {"X": 1})}


def test_what_an_earlier_split_left_is_told(bench, rows) -> None:
    content = rows(*["a B-X", ""] * 20)
    assert bench.report(content, split="0.8,0.1,0.1").left == []
    assert bench.report(content, split="0.8,0.1,0.1", seed=1).left == []
    assert bench.report(content, split="0.9,0.1").left == ["test.spacy"]
    bench.report(content, split="0.8,0.1,0.1")
    bench.report(content, "test.conll")  # makes test.spacy anew, of another file
    (bench.out / "other.report.json").write_text("[]")
    assert bench.report(content, split="0.9,0.1").left == []
    assert bench.report(content).left == ["dev.spacy", "train.spacy"]


def test_split_of_too_few_documents(bench, rows) -> None:
    assert "[H125]" in bench.error(rows("a O", "", "b O"), split="0.8,0.1,0.1")


def test_several_inputs_are_divided_together(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.txt").write_text("a B-X\n\nb O\n\n" * 10)
    convert([tmp_path / "one.txt", tmp_path / "two.txt"], tmp_path / "out", split="0.9,0.1")
    assert len(list(read_docs(tmp_path / "out" / "train.spacy", Vocab()))) == 36
    assert "one.report.json" in names(tmp_path / "out")


def test_inputs_of_the_same_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HoneError, match="H120"):
        convert([CONLL / "train.txt", CONLL / ".." / "conll" / "train.txt"], tmp_path / "out")


@pytest.mark.parametrize(("split", "target"), [(None, "train.spacy"), ("0.5,0.5", "train.report.json")])
def test_what_inputs_of_the_same_name_collide_in(tmp_path: Path, split: str | None, target: str) -> None:
    with pytest.raises(HoneError, match=f"would both be written to {target}"):
        convert([CONLL / "train.txt"] * 2, tmp_path / "out", split=split)


def test_a_failure_leaves_the_tokenizer_usable(bench, rows, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(OSError, match="disk") as caught:
        patch.setattr(DocBinWriter, "add", Mock(side_effect=OSError("disk")))
        bench.report(rows("a O", "", "b O"))
    assert caught and len(bench.docs(rows("a O", "", "b O"))) == 2


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ({"scheme": "BILOUX"}, "H119"),
        ({"format": "xml"}, "H119"),
        ({"on_error": "ignore"}, "H119"),
        ({"tokenizer": "jieba"}, "H119"),
        ({"script": "s2x"}, "H119"),
        ({"script": ""}, "H119"),
        ({"split": ""}, "H118"),
        ({"split": "1"}, "H118"),
        ({"lang": "qq"}, "H123"),
        ({"map_labels": Path("absent.json")}, "H110"),
    ],
)
def test_options_out_of_range(bench, rows, option: dict, code: str) -> None:
    assert f"[{code}]" in bench.error(rows("a B-X"), **option)


def test_a_label_map_that_is_a_folder(bench, rows) -> None:
    message = bench.error(rows("a B-X"), map_labels=bench.folder)
    assert (
        f"[H110] {bench.folder}: there is no such file, but a folder: --map-labels names the file" in message
    )


def test_absent_input_and_output_that_is_a_file(tmp_path: Path) -> None:
    with pytest.raises(HoneError, match="H110"):
        convert([tmp_path / "absent.txt"], tmp_path / "out")
    (tmp_path / "out").write_text("")
    with pytest.raises(HoneError, match="H126"):
        convert([CONLL / "train.txt"], tmp_path / "out")


def test_input_that_must_not_be_read(bench, rows, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *args: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    path = bench.write(rows("a B-X"))
    monkeypatch.setattr(Path, "open", refuse)  # root may read whatever the mode says
    with pytest.raises(
        HoneError, match=rf"\[H114\] {re.escape(str(path))}: cannot be read \(Permission denied\)"
    ):
        convert([path], bench.folder / "out")


def test_failure_leaves_earlier_outputs_as_they_were(bench, rows) -> None:
    bench.report(rows("a B-X"))
    before = {path.name: path.read_bytes() for path in bench.out.iterdir()}
    with pytest.raises(HoneError):
        bench.report(rows("a B-X", "b"))
    assert {path.name: path.read_bytes() for path in bench.out.iterdir()} == before


def test_shards_replace_a_file_and_a_file_replaces_shards(bench, rows) -> None:
    few, many = rows("a O"), "a O\n\n" * 5
    for text, size in ((few, 1), (many, 5), (few, 1)):
        assert len(bench.docs(text, shard_size=2)) == size


def test_staging_puts_back_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("old")
    rename = Path.rename

    def fail(path: Path, target: Path) -> Path:
        if path.name == "b" and path.parent.name == "new":
            raise OSError("disk")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="disk"), staging(tmp_path) as folder:
        for name in ("a", "b"):
            (folder / name).write_text("new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old", "b": "old"}
