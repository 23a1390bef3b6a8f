"""Categories from JSON lines and tables: complete, located where wrong, divided, mapped and counted."""

import json
from collections import Counter
from pathlib import Path

import pytest
from spacy.vocab import Vocab

from spacy_hone.corpora.convert import convert
from spacy_hone.corpora.docs import read_docs
from spacy_hone.corpora.formats import format_of


def lines(*rows: dict) -> str:
    return "".join(json.dumps({"text": "t", **row}) + "\n" for row in rows)


def cats(bench, content: str, name: str = "data.jsonl", **options) -> list[dict[str, float]]:
    return [doc.cats for doc in bench.docs(content, name, **options)]


def test_a_label_is_the_only_category_of_all(bench) -> None:
    text = lines({"label": "a"}, {"label": "b"}, {"label": "c"}, {"label": None})
    a, b, c, unknown = cats(bench, text)
    assert a == {"a": 1, "b": 0, "c": 0}
    assert b == {"a": 0, "b": 1, "c": 0}
    assert c == {"a": 0, "b": 0, "c": 1}
    assert unknown == {}


@pytest.mark.parametrize("key", ["label", "labels", "accept"])
def test_of_a_list_all_hold(bench, key: str) -> None:
    text = lines({key: []}, {key: ["b", "a"]}, {key: ["c"]})
    assert cats(bench, text) == [
        {"a": 0, "b": 0, "c": 0},
        {"a": 1, "b": 1, "c": 0},
        {"a": 0, "b": 0, "c": 1},
    ]


def test_scores_are_taken_as_they_are(bench) -> None:
    text = lines({"cats": {"a": 1}}, {"cats": {"b": False, "a": 0.0}}, {"cats": {}})
    assert cats(bench, text) == [{"a": 1}, {"b": 0, "a": 0}, {}]
    assert cats(bench, text + lines({"label": "c"}))[-1] == {"a": 0, "b": 0, "c": 1}


def test_the_labels_of_all_inputs_count(tmp_path: Path) -> None:
    files = [tmp_path / f"{label}.jsonl" for label in ("legal", "other")]
    for file in files:
        file.write_text(lines({"label": file.stem}))
    convert(files, tmp_path / "out")
    found = [next(read_docs(tmp_path / "out" / f"{file.stem}.spacy", Vocab())).cats for file in files]
    assert found == [{"legal": 1, "other": 0}, {"legal": 0, "other": 1}]


def test_labels_may_be_given(bench) -> None:
    bad = lines({"label": "sport"}, {"label": "spot"})
    assert "data.jsonl:2: the label 'spot' (near: 'sport') is none of --labels (sport, art)" in bench.error(
        bad, "data.jsonl", labels=["sport", "art"]
    )
    assert cats(bench, lines({"label": "b"}), labels=["b", "a"]) == [{"b": 1, "a": 0}]


def test_spans_and_categories_in_one_corpus(bench) -> None:
    text = lines({"entities": [[0, 1, "X"]], "label": "a"}, {"label": [[0, 1, "X"]], "cats": {"a": 0}})
    docs = bench.docs(text, "data.jsonl")
    assert [([ent.label_ for ent in doc.ents], doc.cats) for doc in docs] == [
        (["X"], {"a": 1}),
        (["X"], {"a": 0}),
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"label": 1}, "the label 1 is neither a name nor a list of names"),
        ({"label": " "}, "the label ' ' is neither"),
        ({"labels": ["a", 2]}, "the label ['a', 2] is neither"),
        ({"label": {"a": 1}}, "the label {'a': 1} is neither"),
        ({"label": "a", "cats": {"a": 1}}, "there are categories in cats and by name"),
        ({"label": "a", "accept": ["a"]}, "there are categories under label and accept"),
        ({"cats": {"a": 2}}, "the cats {'a': 2} are not an object with 0 or 1 for each"),
        ({"cats": {"a": [1]}}, "the cats {'a': [1]} are not"),
        ({"cats": ["a"]}, "the cats ['a'] are not"),
    ],
)
def test_faults_name_the_line_and_the_value(bench, row: dict, problem: str) -> None:
    message = bench.error(lines({"label": "a"}, row), "data.jsonl")
    assert message.startswith("[H100] 1 fault")
    assert f"data.jsonl:2: {problem}" in message


def test_other_keys_of_json(bench) -> None:
    assert "there is no 'topic' in it" in bench.error(lines({}), "data.json", label_column="topic")
    text = '{"sentence": "s", "label": 100, "label_desc": "news"}\n'
    (doc,) = bench.docs(text, "data.json", text_column="sentence", label_column="label_desc")
    assert (doc.text, doc.cats) == ("s", {"news": 1})


def test_a_table_with_line_breaks_in_quotes(bench) -> None:
    text = 'text,category\r\n"\nwhy, ""me""?\n",a\r\nso,b\r\n\r\nwhat,\r\n'
    docs = bench.docs(text, "data.csv")
    assert [(doc.text, doc.cats) for doc in docs] == [
        ('\nwhy, "me"?\n', {"a": 1, "b": 0}),
        ("so", {"a": 0, "b": 1}),
        ("what", {}),
    ]
    report = bench.report(text, "data.csv")
    assert report.counts.categories == {"a": 1, "b": 1}
    assert report.log.notes["documents_without_annotation"] == 1
    assert report.log.layout["columns"] == {"separator": ",", "count": 2, "text": "text", "label": "category"}


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("d.tsv", "id\tLabel\tText\n1\tx\ta;b,c\n", {}),
        ("d.csv", '\ufeffIntent;Sentence\nx;"a;b,c"\n', {}),
        ("d.csv", 'why,what\nx,"a;b,c"\n', {"text_column": "what", "label_column": "why"}),
        ("d.csv", '"a;b,c",x\n', {"text_column": "1", "label_column": "2"}),
    ],
)
def test_columns_are_found_or_named(bench, name: str, content: str, options: dict[str, str]) -> None:
    assert [(doc.text, doc.cats) for doc in bench.docs(content, name, **options)] == [("a;b,c", {"x": 1})]


def test_several_labels_in_a_cell(bench) -> None:
    text = "text,labels\nt,a///b\nt, b\nt,\n"
    assert cats(bench, text, "d.csv", label_separator="///") == [
        {"a": 1, "b": 1},
        {"a": 0, "b": 1},
        {"a": 0, "b": 0},
    ]


def test_a_table_of_texts_alone(bench) -> None:
    assert cats(bench, "text\nt\n", "d.csv") == [{}]


@pytest.mark.parametrize(
    ("content", "options", "parts"),
    [
        ("a,label\n1,2\n", {}, ("H129", ":1", "--text-column", "a, label")),
        ("text,b\n1,2\n", {}, ("H129", "--label-column")),
        (
            "text,b\n1,2\n",
            {"label_column": "c"},
            ("H115", "'c'", "text, b. Give --label-column one of these"),
        ),
        ("1,2\n", {"text_column": "1", "label_column": "3"}, ("H122", "--label-column 3")),
        ("text,label\nt,a\nt\n", {}, ("H114", ":3", "there are 1 fields. Expected 2 fields")),
        ('text,label\n"a\nb",x\n ,a\n', {}, ("H114", ":4", "the text is empty")),
        ('text,label\nt,a\n"t" u,a\nt,b\n', {}, ("H114", ":3", "quotation mark")),
        ('text,label\nt,a\n"t,a\nt,b\n', {}, ("H114", ":3", "quotation mark")),
        (b"text,label\nt\xff,a\n", {}, ("H107", ":2", "\\xff")),
        ("text,label\nt,a\n", {"labels": ["b"]}, ("H114", ":2", "the label 'a' is none of --labels (b)")),
    ],
)
def test_faults_of_tables(bench, content: str | bytes, options: dict, parts: tuple[str, ...]) -> None:
    message = bench.error(content, "data.csv", **options)
    assert all(part in message for part in parts), message


def test_faulty_rows_can_be_skipped(bench) -> None:
    report = bench.report("text,label\nt,a\n,b\nt\n", "data.csv", on_error="skip")
    assert (report.counts.documents, report.log.skips) == (1, {"documents": 2})


def test_tasteset_is_known_by_its_header(bench) -> None:
    tasteset = bench.write("ingredients,ingredients_entities\n", "one.csv")
    assert format_of(tasteset) == "tasteset"
    assert format_of(bench.write("text,label\n", "two.csv")) == "csv"
    assert format_of(tasteset, "csv") == "csv"


def test_a_tsv_may_be_a_column_file(bench) -> None:
    assert format_of(bench.write("id\tSentence\tLabel\n", "one.tsv")) == "csv"
    assert format_of(bench.write("Rita\tB-PER\n", "two.tsv")) == "conll"


def test_parts_have_each_category_in_proportion(bench) -> None:
    text = lines(*({"label": "legal" if i % 5 == 0 else "other"} for i in range(200)))
    report = bench.report(text, "data.jsonl", split="0.8,0.1,0.1")
    assert {name: counts.categories for name, counts in report.outputs.items()} == {
        "train.spacy": {"legal": 32, "other": 128},
        "dev.spacy": {"legal": 4, "other": 16},
        "test.spacy": {"legal": 4, "other": 16},
    }
    assert report.to_dict()["categories"] == {"other": 160, "legal": 40}


def test_mapped_labels_merge_and_what_is_dropped_is_unknown(bench) -> None:
    path = bench.write('[["a", "z"], ["b", "z"], ["c", null]]', "map.json")
    one = lines(*({"label": label} for label in "abcd"))
    assert cats(bench, one, map_labels=path) == [{"z": 1, "d": 0}, {"z": 1, "d": 0}, {}, {"z": 0, "d": 1}]
    many = lines({"labels": ["a", "c"]}, {"labels": ["c"]}, {"labels": ["b", "d"]})
    assert cats(bench, many, "many.jsonl", map_labels=path) == [
        {"z": 1, "d": 0},
        {"z": 0, "d": 0},
        {"z": 1, "d": 1},
    ]


@pytest.mark.realdata
def test_banking77(tmp_path: Path, shared_data: Path) -> None:
    paths = [shared_data / "banking77" / f"{part}.csv" for part in ("train", "test")]
    train, test = convert(paths, tmp_path, check_tokens=0)
    assert (train.counts.documents, test.counts.documents) == (10_003, 3_080)
    assert len(train.counts.categories) == 77 and min(train.counts.categories.values()) == 35
    assert test.counts.categories == dict.fromkeys(test.counts.categories, 40)
    docs = read_docs(tmp_path / "test.spacy", Vocab())
    assert Counter(sum(doc.cats.values()) for doc in docs) == {1.0: 3_080}
