"""Script conversion with offsets, and label maps."""

from pathlib import Path

import pytest

from spacy_hone.corpora.records import Record
from spacy_hone.corpora.transform import LabelMap, convert_script, load_script, offsets
from spacy_hone.errors import HoneError


def grow(text: str) -> str:
    """A conversion that changes lengths, as that of regional words does."""
    return (
        text.replace("软件", "軟體")
        .replace("U盘", "隨身碟")
        .replace("打印机", "印表機")
        .replace("鼠标", "滑鼠")
    )


def test_spans_follow_a_change_of_length() -> None:
    text = "买U盘和软件"
    record = Record(Path("x"), 1, text=text, spans=[(1, 3, "A"), (4, 6, "B")])
    convert_script(record, grow)
    assert [(record.text[start:end], label) for start, end, label in record.spans or ()] == [
        ("隨身碟", "A"),
        ("軟體", "B"),
    ]


def test_tokens_follow_a_change_of_length() -> None:
    record = Record(Path("x"), 1, ["买", "U盘", "，", "软件"], [False] * 4, [0], [(1, 2, "A")])
    convert_script(record, grow)
    assert record.tokens == ["买", "隨身碟", "，", "軟體"]
    assert record.ents == [(1, 2, "A")]


def test_own_tokens_of_a_text_follow_too(bench) -> None:
    record = Record(Path("x"), 1, ["U盘", "软件"], text="U盘 软件", spans=[(0, 2, "A")])
    convert_script(record, grow)
    assert (record.tokens, record.text, record.spans) == (["隨身碟", "軟體"], "隨身碟 軟體", [(0, 3, "A")])


def test_offsets_of_equal_length_are_the_same() -> None:
    assert offsets("软件", "軟體", grow) == [0, 1, 2]


def test_opencc_looks_at_neighbours(bench) -> None:
    pytest.importorskip("opencc")
    docs = bench.docs("干 B-X\n部 I-X\n干 O\n净 O\n", lang="zh", script="s2t")
    assert docs[0].text == "幹部乾淨"
    assert [ent.text for ent in docs[0].ents] == ["幹部"]


def test_traditional_to_simplified_of_spans(bench) -> None:
    pytest.importorskip("opencc")
    line = '{"text": "皇后在後面", "spans": [[0, 2, "PER"], [3, 5, "LOC"]]}\n'
    assert bench.ents(line, "data.jsonl", lang="zh", script="t2s") == [("皇后", "PER"), ("后面", "LOC")]


def test_missing_opencc_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opencc", None)
    with pytest.raises(HoneError, match="H121"):
        load_script("s2t")


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_labels_are_renamed_merged_and_dropped(bench, rows, suffix: str) -> None:
    content = '[["a:b", "X"], ["#c", "X"], ["NN=P", null]]'
    if suffix == "yaml":
        content = '- ["a:b", X]\n- ["#c", X]\n- ["NN=P", null]\n'
    path = bench.write(content, f"map.{suffix}")
    text = rows("1 B-a:b", "2 B-#c", "3 B-NN=P", "4 B-Y")
    assert bench.ents(text, map_labels=path) == [("1", "X"), ("2", "X"), ("4", "Y")]


def test_unknown_names_are_refused_naming_near_ones(bench, rows) -> None:
    path = bench.write('[["PERSN", "PER"]]', "map.json")
    message = bench.error(rows("a B-PERSON", "b O"), map_labels=path)
    assert "'PERSN' (near: 'PERSON')" in message
    assert "[H116]" in message
    assert "Correct the names, or take these pairs out of the map" in message


@pytest.mark.parametrize(
    "content",
    ['{"a": "b"}', "[]", '[["a"]]', '[["a", 1]]', "[[", '[["a", "b"], ["a", "c"]]', '[["X", "\\ud800"]]'],
)
def test_bad_maps(bench, rows, content: str) -> None:
    path = bench.write(content, "map.json")
    assert "[H117]" in bench.error(rows("a B-X", "b O"), map_labels=path)


def test_categories_are_mapped_too() -> None:
    record = Record(Path("x"), 1, text="t", cats={"a": 1.0, "b": 0.0, "c": 1.0})
    LabelMap({"a": "z", "b": "z", "c": None}, Path("m")).apply(record)
    assert record.cats == {"z": 1.0}
