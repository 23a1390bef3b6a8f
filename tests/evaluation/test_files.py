import json

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_hone.errors import HoneError
from spacy_hone.evaluation.entities import Entities
from spacy_hone.evaluation.files import check_writable, conll_lines, document_lines, write_files
from spacy_hone.evaluation.seqeval_scores import score_strict
from spacy_hone.evaluation.summary import summarise


def test_columns_never_break():
    words = ["1 1/2", "\n", " ", "\u3000", "cups", "x"]
    gold = Doc(Vocab(), words=words)
    gold.set_ents([Span(gold, 0, 2, "AN AMOUNT")], missing=[gold[5:6]])
    lines = list(conll_lines([gold], [Entities(summarise([gold], [gold]), [0])]))
    assert lines == [
        r"1\u00201/2 B-AN\u0020AMOUNT B-AN\u0020AMOUNT",
        r"\u000a I-AN\u0020AMOUNT I-AN\u0020AMOUNT",
        r"\u0020 O O",
        r"\u3000 O O",
        "cups O O",
        "x - O",
        "",
    ]


def test_file_scores_as_the_summary_does(random_pairs):
    golds, preds = random_pairs(1)
    summary = summarise(golds, preds, bootstrap=0)
    blocks = "\n".join(conll_lines(golds, [Entities(summary, range(len(golds)))])).strip().split("\n\n")
    rows = [[line.split() for line in block.split("\n")] for block in blocks]
    assert {len(row) for block in rows for row in block} == {3} and len(blocks) == len(golds)
    columns = [[[row[i] for row in block] for block in rows] for i in (1, 2)]
    assert score_strict(*columns)[0] == pytest.approx(summary.scores.micro)


def test_worst_documents_first(doc_of):
    golds = [
        doc_of("nothing"),
        doc_of("right", (0, 1, "X")),
        doc_of("half right", (0, 1, "X"), (1, 2, "X")),
        doc_of("wrong", (0, 1, "X")),
        doc_of("wrong twice", (0, 2, "X")),
    ]
    preds = [
        doc_of("nothing"),
        doc_of("right", (0, 1, "X")),
        doc_of("half right", (0, 1, "X"), (1, 2, "Y")),
        doc_of("wrong"),
        doc_of("wrong twice", (0, 1, "X")),
    ]
    section = Entities(summarise(golds, preds), [10, 11, 12, 13, 14])
    rows = [json.loads(line) for line in document_lines([section])]
    assert [row["document"] for row in rows] == [14, 13, 12, 11, 10]
    assert [row["f1"] for row in rows] == [0.0, 0.0, 0.5, 1.0, None]
    assert rows[2]["missed"] == [[5, 10, "X", "right"]] and rows[2]["spurious"] == [[5, 10, "Y", "right"]]
    assert (rows[0]["tp"], rows[0]["fp"], rows[0]["fn"]) == (0, 1, 1)


def test_files_are_whole_or_not_there(tmp_path):
    def broken():
        yield "a line"
        raise OSError("disk full")

    old = tmp_path / "old.json"
    old.write_text("old\n", encoding="utf8")
    with pytest.raises(HoneError, match=r"\[H607\].*new.conll.*disk full"):
        write_files({old: ["new"], tmp_path / "sub" / "new.conll": broken()})
    assert old.read_text(encoding="utf8") == "old\n"
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["old.json"]
    write_files({old: ["new"], tmp_path / "sub" / "new.conll": ["é"]})
    assert old.read_text(encoding="utf8") == "new\n"
    assert (tmp_path / "sub" / "new.conll").read_bytes() == "é\n".encode()
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["new.conll", "old.json"]


def test_unwritable_outputs_are_found_first(tmp_path):
    file = tmp_path / "file"
    file.touch()
    new = tmp_path / "new" / "deep" / "x.json"
    check_writable([new])
    assert not new.parent.exists()
    for paths in ([tmp_path], [file / "x.json"], [new, new]):
        with pytest.raises(HoneError, match=r"\[H607\]"):
            check_writable(paths)
