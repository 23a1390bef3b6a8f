"""`hone evaluate --before`: what a pipeline has forgotten."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

from spacy_hone.cli import hone_cli
from spacy_hone.cli.evaluate import evaluate
from spacy_hone.errors import HoneError

WORDS = {"Ann": "PER", "Bob": "PER", "Rome": "LOC", "555": "PHONE", "hall": "FACILITY"}
CATS = {"good": "POS", "bad": "NEG", "dull": "BORING"}


def ruler(nlp: Language, words: dict[str, str]) -> None:
    patterns = [{"label": label, "pattern": word} for word, label in words.items()]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)


@Language.factory("test_before_tags", assigns=["token.tag"], default_config={"tags": {}})
class Tags:
    def __init__(self, nlp: Language, name: str, tags: dict[str, str]):
        self.tags = tags

    def __call__(self, doc: Doc) -> Doc:
        for token in doc:
            token.tag_ = self.tags.get(token.text, "X")
        return doc


@Language.factory("test_before_cats", assigns=["doc.cats"], default_config={"cats": {}})
class Cats:
    def __init__(self, nlp: Language, name: str, cats: dict[str, str]):
        self.cats, self.labels, self.cfg = cats, sorted(set(cats.values())), {"multi_label": True}

    def __call__(self, doc: Doc) -> Doc:
        held = {self.cats.get(token.text) for token in doc}
        doc.cats = {label: float(label in held) for label in self.labels}
        return doc


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """An old pipeline that knows people and places, a new one that has lost a person, and a corpus."""
    folder = tmp_path_factory.mktemp("before")
    kept = {word: label for word, label in WORDS.items() if word != "Bob"}
    for name, words, cats, tags in (
        ("old", {"Ann": "PER", "Bob": "PER", "Rome": "LOC", "x": "GPE"}, ["good", "bad"], ["Ann"]),
        ("new", kept, CATS, ["Ann", "Rome"]),
    ):
        nlp = spacy.blank("en")
        ruler(nlp, words)
        nlp.add_pipe("test_before_cats", config={"cats": {word: CATS[word] for word in cats}})
        nlp.add_pipe("test_before_tags", config={"tags": dict.fromkeys(tags, "NNP")})
        nlp.to_disk(folder / name)
    vocab = spacy.blank("en").vocab
    docs = []
    for text in ("Ann met Bob good", "Rome and Bob bad", "555 is the hall dull", "Ann saw Rome good") * 5:
        words = text.split()
        doc = Doc(vocab, words=words, ents=[f"B-{WORDS[w]}" if w in WORDS else "O" for w in words])
        doc.cats = {label: float(any(CATS.get(w) == label for w in words)) for label in CATS.values()}
        for token in doc:
            token.tag_ = "NNP" if token.text in ("Ann", "Rome") else "X"
        docs.append(doc)
    DocBin(docs=[*docs, Doc(vocab, words=["bare"])], store_user_data=True).to_disk(folder / "test.spacy")
    return folder


def invoke(*args: object):
    return CliRunner().invoke(hone_cli, ["evaluate", *map(str, args)])


def test_the_forgetting_table(folder, tmp_path):
    result = invoke(
        folder / "new", folder / "test.spacy", "--before", folder / "old", "-o", tmp_path / "x.json"
    )
    assert result.exit_code == 0, result.output
    for part in (
        "before     " + str(folder / "old"),
        "\nBefore and after: Entities\n",
        "| LOC             |      10 | 1.0000 | 1.0000 |    +0.0000 | +0.0000 to +0.0000 |",
        "| PER             |      20 | 1.0000 | 0.6667 |    -0.3333 | ",
        "| FACILITY        |       5 |      - | 1.0000 |          - |                    |",
        "| micro (2 known) |      30 | 1.0000 | 0.8000 |    -0.2000 | ",
        "| macro (2 new)   |      10 |      - | 1.0000 |",
        "Forgotten (the interval is below 0): PER",
        "Known before, but not in the corpus, so not compared: GPE",
        "\nBefore and after: Categories of test_before_cats (independent labels)\n",
        "\nBefore and after: Tags (token.tag_)\n",
    ):
        assert part in result.stdout, part
    data = json.loads((tmp_path / "x.json").read_text(encoding="utf8"))["before"]
    assert data["model"] == str(folder / "old") and data["pipeline"] == "en_pipeline 0.0.0"
    entities = data["entities"]
    assert entities["known"]["labels"] == ["LOC", "PER"] and entities["new"]["labels"] == [
        "FACILITY",
        "PHONE",
    ]
    per = entities["labels"]["PER"]
    assert (per["before"]["tp"], per["after"]["tp"], per["after"]["fn"]) == (20, 10, 10)
    assert per["difference"] == pytest.approx(-1 / 3)
    assert per["interval"][0] < per["difference"] < per["interval"][1] < 0 and per["p_value"] < 0.01
    assert entities["labels"]["PHONE"]["before"] is None is entities["new"]["micro"]["interval"]
    assert entities["known"]["macro"]["difference"] == pytest.approx(-1 / 6)
    assert entities["not_in_corpus"] == ["GPE"]
    cats = data["categories"]["test_before_cats"]
    assert cats["labels"]["POS"]["difference"] == 0 and cats["labels"]["BORING"]["before"] is None
    assert data["tag"]["labels"]["NNP"]["difference"] > 0


def test_itself_has_forgotten_nothing(folder):
    sections = evaluate(
        str(folder / "new"), folder / "test.spacy", before=str(folder / "new"), raw_text=True
    ).sections
    assert [section.path for section in sections[3:]] == [
        ("before", "entities"),
        ("before", "categories", "test_before_cats"),
        ("before", "tag"),
    ]
    for section in sections[3:]:
        assert list(section.means) == ["known"]
        assert all(line.comparison.interval == (0, 0) for line in section.lines)


def test_without_resamples(folder):
    result = invoke(folder / "new", folder / "test.spacy", "--before", folder / "old", "--bootstrap", 0)
    assert result.exit_code == 0 and "|    -0.3333 |               |" in result.stdout
    assert "Forgotten" not in result.stdout


def test_an_old_pipeline_that_has_only_some_of_it(folder, tmp_path):
    nlp = spacy.blank("en")
    ruler(nlp, {"Rome": "LOC"})
    nlp.to_disk(tmp_path / "places")
    sections = evaluate(str(folder / "new"), folder / "test.spacy", before=str(tmp_path / "places")).sections
    assert [section.path for section in sections[3:]] == [("before", "entities")]
    assert sections[3].means["known"].labels == ["LOC"]


def test_faults(folder, tmp_path):
    spacy.blank("en").to_disk(tmp_path / "blank")
    foreign = spacy.blank("en")
    ruler(foreign, {"x": "DRUG"})
    foreign.to_disk(tmp_path / "foreign")
    silent = spacy.blank("en")
    silent.add_pipe("test_before_silent")
    silent.to_disk(tmp_path / "silent")
    (tmp_path / "empty").mkdir()
    for code, before in (
        ("H601", "no_such_pipeline"),
        ("H602", tmp_path / "empty"),
        (r"H620.*sets doc\.ents or doc\.cats", tmp_path / "blank"),
        ("H620.*knows DRUG while the corpus has FACILITY, LOC", tmp_path / "foreign"),
        ("H620.*knows ODD while", tmp_path / "silent"),
    ):
        with pytest.raises(HoneError, match=code):
            evaluate(str(folder / "new"), folder / "test.spacy", before=str(before), output=tmp_path / "x")
    assert not (tmp_path / "x").exists()
    result = invoke(folder / "new", folder / "test.spacy", "--before", folder / "old", "--fit-thresholds")
    assert result.exit_code == 1 and result.stderr.startswith("[H617] --before")


@Language.component("test_before_silent")
def set_odd(doc: Doc) -> Doc:
    doc.ents = [doc.char_span(0, len(doc[0]), label="ODD")]
    return doc
