"""Character spans from JSON lines and CSV: fitted to tokens, checked, repaired."""

import json
from collections import Counter
from pathlib import Path

import pytest

from spacy_hone.corpora.align import cut, fit, trim


def line(text: str, spans=None, **more) -> str:
    return json.dumps({"text": text, **({} if spans is None else {"spans": spans}), **more}) + "\n"


def row(text: str, *entities: dict) -> str:
    quoted = [value.replace('"', '""') for value in (text, json.dumps(entities))]
    return f'ingredients,ingredients_entities\n"{quoted[0]}","{quoted[1]}"\n'


def test_spans_as_objects_or_lists(bench) -> None:
    text = line("in Oslo", [{"start": 3, "end": 7, "label": "LOC"}]) + line("Rita sang", [[0, 4, "PER"]])
    assert bench.ents(text, "data.jsonl") == [("Oslo", "LOC"), ("Rita", "PER")]


def test_tokens_are_split_where_a_span_needs_it(bench) -> None:
    report = bench.report(line("a 500mlx", [[2, 5, "N"], [5, 7, "U"]]), "data.jsonl", lang="xx")
    assert report.log.notes["spans_misaligned"] == 2
    assert report.log.notes["tokens_added_by_splitting"] == 2
    docs = bench.docs(line("a 500mlx", [[2, 5, "N"], [5, 7, "U"]]), "data.jsonl", lang="xx")
    assert [(ent.text, ent.label_) for ent in docs[0].ents] == [("500", "N"), ("ml", "U")]
    assert docs[0].text == "a 500mlx"


def test_misaligned_spans_can_be_dropped(bench) -> None:
    text = line("a bcd", [[0, 1, "X"], [3, 4, "Y"]])
    assert bench.ents(text, "data.jsonl", misaligned="drop") == [("a", "X")]


def test_own_tokens_are_kept_with_the_texts_spaces(bench) -> None:
    (doc,) = bench.docs(line("New York\ncity", [[0, 8, "LOC"]], tokens=["New York", "city"]), "data.jsonl")
    assert [token.text for token in doc] == ["New York", "\n", "city"]
    assert doc.text == "New York\ncity"


def test_tokens_that_spell_another_text_are_a_fault(bench) -> None:
    assert "the tokens do not spell the text" in bench.error(line("ab", [], tokens=["a", "c"]), "data.jsonl")


def test_without_spans_there_is_no_annotation(bench) -> None:
    (doc,) = bench.docs(line("hello there", cats={"GREETING": 1, "LEGAL": 0}), "data.jsonl")
    assert not doc.has_annotation("ENT_IOB")
    assert doc.cats == {"GREETING": 1.0, "LEGAL": 0.0}


def test_empty_spans_are_annotation(bench) -> None:
    (doc,) = bench.docs(line("hello there", []), "data.jsonl")
    assert doc.has_annotation("ENT_IOB")


@pytest.mark.parametrize("key", ["spans", "entities", "label", "labels"])
def test_spans_by_the_names_of_other_tools(bench, key: str) -> None:
    text = line("Rita sang", **{key: [[0, 4, "PER"]]}) + line("no one did", **{key: []})
    assert bench.ents(text, "data.jsonl") == [("Rita", "PER")]
    assert not bench.report(text, "data.jsonl").log.notes["documents_without_annotation"]


@pytest.mark.parametrize("more", [{}, {"spans": None}, {"label": None}, {"labels": None}, {"meta": {}}])
def test_documents_without_annotation_are_counted(bench, more: dict) -> None:
    text = line("hello", **more) + line("bye", []) + line("so", cats={"A": False})
    assert bench.report(text, "data.jsonl").log.notes["documents_without_annotation"] == 1


def test_what_prodigy_did_not_accept_is_left_out(bench) -> None:
    answers = ("accept", "reject", "ignore", None)
    text = "".join(line(f"Rita {answer}", [[0, 4, "PER"]], answer=answer) for answer in answers)
    report = bench.report(text, "data.jsonl")
    assert report.log.skips == {"documents_not_accepted": 2}
    assert report.counts.documents == 2


@pytest.mark.parametrize(
    "content", ['[{"text": "a"}, {"text": "b"}]', '[\n{"text": "a"},\n{"text": "b"}\n]\n']
)
def test_a_json_array_is_one_fault(bench, content: str) -> None:
    message = bench.error(content, "data.json")
    assert message.startswith("[H100] 1 fault in")
    assert "data.json:1: a JSON array, not JSON lines. Expected one JSON object a line" in message


@pytest.mark.parametrize(
    ("content", "code", "part"),
    [
        ("{not json}\n", "H114", "data.jsonl:1"),
        ('["list"]\n', "H114", "data.jsonl:1"),
        ('{"label": 1}\n', "H114", "no 'text' in it"),
        ('{"text": ""}\n', "H114", "the text is ''"),
        ('{"text": "ab", "spans": [[0, "1", "X"]]}\n', "H114", "is not start, end and label"),
        ('{"text": "ab", "spans": [0, 1, "X"]}\n', "H114", "the span 0 is not start, end and label"),
        ('{"text": "ab", "spans": [[0, 1, null]]}\n', "H114", "is not start, end and label"),
        ('{"text": "ab", "span": [[0, 1, "X"]]}\n', "H114", "the key 'span', where 'spans' may be meant"),
        ('{"text": "ab", "Entites": []}\n', "H114", "'entities' may be meant"),
        ('{"text": "ab", "spans": [], "entities": []}\n', "H114", "spans under spans and entities"),
        ('{"text": "ab", "cats": {"X": 0.5}}\n', "H114", "{'X': 0.5} are not an object with 0 or 1"),
        ('{"text": "ab", "cats": {"X": "1"}}\n', "H114", "data.jsonl:1: the cats"),
        ('{"text": "ab", "cats": ["X"]}\n', "H114", "the cats ['X'] are not an object"),
        ('{"text": "ab", "spans": [[0, 9, "X"]]}\n', "H112", "of 2 characters"),
        (
            '{"text": "ab", "spans": [[-1, 1, "X"]]}\n',
            "H112",
            "-1-1 'X' lies outside the text of 2 characters",
        ),
        (
            '{"text": "ab", "spans": [[1, 1, "X"]]}\n',
            "H112",
            "1-1 'X' is empty. Expected start, end and label",
        ),
        ('{"text": "ab", "spans": [[2, 1, "X"]]}\n', "H112", "2-1 'X' ends before it begins"),
        ('{"text": "a b", "spans": [[1, 2, "X"]]}\n', "H112", "1-2 'X' holds nothing but white space"),
        ('{"text": "ab", "spans": [[0, 1, ""]]}\n', "H112", "0-1 '' has no label. Expected"),
        ('{"text": "ab", "spans": [[0, 1, " "]]}\n', "H112", "0-1 ' ' has no label"),
        ('{"text": "a b", "spans": [[0, 3, "X"], [2, 3, "Y"]]}\n', "H113", "0-3 X 'a b' and 2-3 Y 'b'"),
    ],
)
def test_faults_say_where(bench, content: str, code: str, part: str) -> None:
    message = bench.error(content, "data.jsonl")
    assert f"[{code}]" in message
    assert part in message


def test_repair_keeps_the_longest_and_drops_what_lies_outside(bench) -> None:
    text = line("a b c", [[0, 3, "X"], [2, 5, "Y"], [2, 3, "Z"], [4, 90, "W"]]) + line("d", [])
    report = bench.report(text, "data.jsonl", on_error="repair")
    assert report.log.repairs == {"overlap-longest-kept": 2, "span-dropped": 1}
    assert report.counts.entities == {"X": 1}


HALF = {
    "text": {"text": "a \ud800 b", "spans": [[0, 1, "X"]]},
    "label": {"text": "a b", "spans": [[0, 1, "X\ud83d"]]},
    "category": {"text": "a b", "label": "X\udfff"},
    "score": {"text": "a b", "cats": {"X\udc80": 1}},
    "token": {"text": "a \ud800", "tokens": ["a", "\ud800"]},
    "far away": {"text": "a " * 99 + "\ud800", "spans": []},
}


@pytest.mark.parametrize("case", HALF)
def test_half_of_a_surrogate_pair(bench, case: str) -> None:
    good = line("b a", [[0, 1, "X"]])
    text = good + json.dumps(HALF[case]) + "\n" + good
    message = bench.error(text, "data.jsonl")
    assert message.startswith("[H100] 1 fault")
    assert "[H130] " in message and "data.jsonl:2: half of a surrogate pair" in message
    assert "\\ud" in message and message.isascii()
    report = bench.report(text, "data.jsonl", on_error="repair")
    assert (report.log.repairs, report.counts.documents) == ({"document-dropped": 1}, 2)
    assert bench.report(text, "data.jsonl", on_error="skip").log.skips == {"documents": 1}


def test_whole_surrogate_pairs_and_escaped_backslashes_are_text(bench) -> None:
    text = '{"text": "\\ud83d\\ude00 \\\\ud800", "spans": [[0, 1, "\\uD83D\\uDE00"]]}\n'
    (doc,) = bench.docs(text, "data.jsonl")
    assert doc.text == "\U0001f600 \\ud800"
    assert [ent.label_ for ent in doc.ents] == ["\U0001f600"]


def test_half_of_a_surrogate_pair_in_tasteset(bench) -> None:
    text = row("rum", {"start": 0, "end": 3, "type": "FOOD\ud800", "entity": "rum"})
    assert "[H130] " in (message := bench.error(text, "data.csv")) and "data.csv:2:" in message
    text = row("rum", {"start": 0, "end": 3, "type": "FOOD", "entity": "rum"})
    bad = text.encode().replace(b"FOOD", b"FO\xe9D")
    assert "data.csv:2: not valid UTF-8 text" in (message := bench.error(bad, "data.csv"))
    assert "FO\\xe9D" in message


def test_json_that_is_nested_too_deeply(bench) -> None:
    text = line("a") + '{"text": "a", "meta": ' + "[" * 10**5 + "]" * 10**5 + "}\n"
    assert "data.jsonl:2: it is nested too deeply" in bench.error(text, "data.jsonl")


def test_no_span_may_be_all_that_is_left(bench) -> None:
    message = bench.error(line("a b", [[0, 9, "X"]]) + line("c", []), "data.jsonl", on_error="repair")
    assert message.startswith("[H131]")
    assert message.endswith(
        "no entity of 1 span (repairs: 1 span-dropped). Without it the faults are listed."
    )


@pytest.mark.parametrize(
    ("content", "skipped"),
    [("[]", "1 file"), ('{"text": "a", "answer": "reject"}', "1 document not accepted")],
)
def test_nothing_left_says_what_was_skipped(bench, content: str, skipped: str) -> None:
    assert f"[H109] {bench.folder}/data.jsonl: no documents in it; skipped: {skipped}." in bench.error(
        content, "data.jsonl", on_error="skip"
    )


def test_skip_drops_documents(bench) -> None:
    text = line("a", [[0, 9, "X"]]) + "nonsense\n" + line("d", [[0, 1, "Y"]])
    report = bench.report(text, "data.jsonl", on_error="skip")
    assert report.log.skips == {"documents": 2}
    assert report.counts.entities == {"Y": 1}


def test_white_space_is_trimmed_and_counted(bench) -> None:
    report = bench.report(line("x\nrum \n", [[1, 6, "FOOD"]]), "data.jsonl")
    assert report.log.notes["spans_trimmed"] == 1
    assert bench.ents(line("x\nrum \n", [[1, 6, "FOOD"]]), "data.jsonl") == [("rum", "FOOD")]


def test_tasteset_rows_and_their_line_numbers(bench) -> None:
    good = row("5 ounces\nrum\n", {"start": 0, "end": 1, "type": "QUANTITY", "entity": "5"})
    assert bench.ents(good, "data.csv") == [("5", "QUANTITY")]
    bench.out.rename(bench.folder / "aside")
    bad = good + '"a","[{]"\n'
    assert "data.csv:5" in bench.error(bad, "data.csv")


def test_tasteset_counts_entities_with_another_text(bench) -> None:
    text = row('1" thick', {"start": 0, "end": 2, "type": "SIZE", "entity": "1'"})
    assert bench.report(text, "data.csv").log.notes["spans_differ_from_their_text"] == 1


@pytest.mark.parametrize("wrong", [{"type": None}, {"start": "0"}, {"start": 0.5}, {"end": True}])
def test_tasteset_with_lax_values(bench, wrong: dict) -> None:
    text = row("rum", {"start": 0, "end": 3, "type": "FOOD", "entity": "rum"} | wrong)
    assert "data.csv:2: the span (" in bench.error(text, "data.csv")


def test_tasteset_needs_its_columns(bench) -> None:
    message = bench.error("a,b\n1,2\n", "data.csv", format="tasteset")
    assert "[H115]" in message
    assert "the header has a, b. Expected ingredients and ingredients_entities: rename the columns" in message


def test_fit_prefers_tokens_as_they_are() -> None:
    notes: Counter[str] = Counter()
    assert fit(["a", "bc"], [True, False], [(2, 4, "X")], "split", notes) == (
        ["a", "bc"],
        [True, False],
        [(1, 2, "X")],
    )
    assert not notes


def test_cut_keeps_the_space_after_the_last_piece() -> None:
    assert cut(["abc", "d"], [True, False], {1, 2}) == (["a", "b", "c", "d"], [False, False, True, False])


def test_trim_drops_entities_of_white_space() -> None:
    assert trim([(0, 1, "X"), (1, 3, "Y")], ["\n", "a", " "], Counter()) == [(1, 2, "Y")]


@pytest.mark.realdata
def test_tasteset_entities_are_all_kept(bench, shared_data: Path) -> None:
    report = bench.report(
        (shared_data / "tasteset" / "TASTEset.csv").read_bytes(), "t.csv", split="0.9,0.1", seed=1337
    )
    assert sum(report.counts.entities.values()) == 13_362
    assert report.log.notes["spans_differ_from_their_text"] == 5
    assert {name: counts.documents for name, counts in report.outputs.items()} == {
        "train.spacy": 630,
        "dev.spacy": 70,
    }
