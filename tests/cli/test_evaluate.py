import json
from pathlib import Path

import pytest
import spacy
from spacy.cli import app
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from typer.testing import CliRunner

from spacy_hone.cli import hone_cli
from spacy_hone.cli.evaluate import evaluate
from spacy_hone.errors import HoneError

TEXTS = {
    "2 cups flour": ["QUANTITY", None, "FOOD"],
    "flour or sugar": ["FOOD", None, "FOOD"],
    "red salt \n 2": ["COLOR", "FOOD", None, "QUANTITY"],
}
PATTERNS = [{"label": "FOOD", "pattern": "flour"}, {"label": "FOOD", "pattern": "sugar"}]
PATTERNS += [{"label": "QUANTITY", "pattern": "2"}, {"label": "FOOD", "pattern": "red"}]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(PATTERNS)
    path = tmp_path_factory.mktemp("model")
    nlp.to_disk(path)
    return str(path)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    vocab = spacy.blank("en").vocab
    docs = []
    for text, labels in TEXTS.items():
        words = text.split(" ")
        ents = [f"B-{label}" if label else "O" for label in labels]
        docs.append(Doc(vocab, words=words, spaces=[True] * len(words), ents=ents))
    docs.append(Doc(vocab, words=["not", "annotated"]))
    path = tmp_path_factory.mktemp("corpus") / "test.spacy"
    DocBin(docs=docs).to_disk(path)
    return path


def invoke(*args: object):
    return CliRunner().invoke(hone_cli, ["evaluate", *map(str, args)])


def test_everything_is_written(model, corpus, tmp_path):
    files = {name: tmp_path / "out" / f"{name}.x" for name in ("output", "predictions", "documents")}
    result = invoke(model, corpus, *(part for name, path in files.items() for part in (f"--{name}", path)))
    assert result.exit_code == 0, result.output
    data = json.loads(files["output"].read_text(encoding="utf8"))
    assert (data["micro"]["tp"], data["micro"]["fp"], data["micro"]["fn"]) == (5, 1, 2)
    assert data["micro"]["f1"] == pytest.approx(10 / 13) and len(data["interval"]) == 2
    assert (data["documents"], data["skipped_documents"]) == (3, 1)
    assert data["words_per_second"] > 0
    assert all(peer["difference"] < 1e-9 for peer in data["scorers"].values())
    assert "red B-COLOR B-FOOD\nsalt B-FOOD O\n\\u000a O O\n" in files["predictions"].read_text(
        encoding="utf8"
    )
    assert json.loads(files["documents"].read_text(encoding="utf8").splitlines()[0])["document"] == 2
    for part in ("| FOOD ", "0.7692", "Warning: [H608]", "COLOR (1)", "seqeval strict"):
        assert part in result.output


def test_the_numbers_are_those_of_spacy_evaluate(model, corpus):
    from spacy.cli.evaluate import evaluate as evaluate_spacy

    [ours], theirs = evaluate(model, corpus, raw_text=True).sections, evaluate_spacy(model, corpus)
    assert ours.summary.scores.micro == pytest.approx([theirs[f"ents_{key}"] for key in "prf"], abs=1e-9)


def test_span_groups(corpus, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("span_ruler", config={"spans_key": "food"}).add_patterns(PATTERNS)
    nlp.to_disk(tmp_path / "model")
    docs = list(DocBin().from_disk(corpus).get_docs(nlp.vocab))[:3]
    for doc in docs:
        doc.spans["food"] = list(doc.ents)
        doc.set_ents([])
    DocBin(docs=docs).to_disk(tmp_path / "spans.spacy")
    [section], facts, _ = evaluate(str(tmp_path / "model"), tmp_path / "spans.spacy", spans_key="food")
    assert section.summary.scores.micro.f1 == pytest.approx(10 / 13) and facts["spans_key"] == "food"


def test_faults_exit_and_write_nothing(model, corpus, tmp_path):
    (tmp_path / "file").touch()
    foreign = Doc(spacy.blank("en").vocab, words=["a"], ents=["B-B-PER"])
    DocBin(docs=[foreign]).to_disk(tmp_path / "foreign.spacy")
    blank = tmp_path / "blank"
    spacy.blank("en").to_disk(blank)
    output = tmp_path / "metrics.json"
    faults = {
        "H601": ("no_such_model", corpus, "-o", output),
        "H602": (tmp_path, corpus, "-o", output),
        "H124": (model, tmp_path / "none.spacy", "-o", output),
        "H604": (model, corpus, "-o", output, "--spans-key", "sc"),
        "H605": (blank, corpus, "-o", output),
        "H606": (model, tmp_path / "foreign.spacy", "-o", output),
        "H607": (model, corpus, "-o", output, "--documents", tmp_path / "file" / "x"),
    }
    before = sorted(tmp_path.rglob("*"))
    for code, args in faults.items():
        result = invoke(*args)
        assert result.exit_code == 1, code
        assert f"[{code}]" in result.stderr and not result.stdout and "Traceback" not in result.output
    assert sorted(tmp_path.rglob("*")) == before


@Language.component("test_evaluate_cats", assigns=["doc.cats"])
def set_cats(doc: Doc) -> Doc:
    doc.cats = {"法律": 0.8, "sport": 0.2} if "flour" in doc.text else {"法律": 0.3, "sport": 0.7}
    return doc


@Language.component("test_evaluate_tags", assigns=["token.tag"])
def set_tags(doc: Doc) -> Doc:
    for token in doc:
        token.tag_ = "NUM" if token.text == "2" else "X"
    return doc


@pytest.fixture
def everything(corpus, tmp_path) -> tuple[str, Path]:
    """A pipeline that finds entities, categories and tags, and a corpus with a document for each and one for all."""
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(PATTERNS)
    nlp.add_pipe("test_evaluate_cats")
    nlp.add_pipe("test_evaluate_tags")
    nlp.to_disk(tmp_path / "model")
    docs = list(DocBin().from_disk(corpus).get_docs(nlp.vocab))
    docs[0].cats, docs[1].cats = {"法律": 1.0, "sport": 0.0}, {"法律": 0.0, "sport": 1.0}
    for token, tag in zip(docs[0], ("NUM", "N", "N")):
        token.tag_ = tag
    extra = Doc(nlp.vocab, words=["only", "categories"])
    extra.cats = {"法律": 0.0, "sport": 1.0}
    DocBin(docs=[*docs, extra]).to_disk(tmp_path / "test.spacy")
    return str(tmp_path / "model"), tmp_path / "test.spacy"


def test_all_that_both_sides_have_is_compared(everything, tmp_path):
    model, corpus = everything
    files = {name: tmp_path / f"{name}.x" for name in ("output", "predictions", "documents")}
    result = invoke(model, corpus, *(part for name, path in files.items() for part in (f"--{name}", path)))
    assert result.exit_code == 0, result.output
    data = json.loads(files["output"].read_text(encoding="utf8"))
    assert (data["documents"], data["compared_documents"], data["skipped_documents"]) == (3, 4, 1)
    assert data["micro"]["tp"] == 5
    assert data["categories"]["doc.cats"]["accuracy"] == pytest.approx(2 / 3)
    assert data["tag"]["accuracy"] == pytest.approx(1 / 3)
    for part in (
        "4 documents, 7 entities, 3 with categories of doc.cats, 3 tokens with tag_; 1 documents without",
        "\nEntities\n",
        "\nCategories of doc.cats (exclusive labels)\n",
        "\nTags (token.tag_)\n",
        "| 法律  |",
    ):
        assert part in result.stdout
    blocks = files["predictions"].read_text(encoding="utf8").split("\n\n")
    assert blocks[0].splitlines()[0] == "2 B-QUANTITY B-QUANTITY NUM NUM"
    assert blocks[1].splitlines()[0] == "flour B-FOOD B-FOOD - -" and len(blocks) == 4
    rows = [json.loads(line) for line in files["documents"].read_text(encoding="utf8").splitlines()]
    found = [(row.get("kind"), row["document"]) for row in rows]
    assert found[:3] == [(None, 2), (None, 0), (None, 1)]
    assert found[3:] == [("categories", 1), ("categories", 4), ("categories", 0), ("tag", 0)]


def test_entities_alone_have_no_heading(model, corpus):
    text = invoke(model, corpus).stdout
    assert "(3 documents, 7 entities; 1 documents without annotation skipped)" in text
    assert "Entities" not in text and "alibration" not in text


def test_the_numbers_of_categories_are_those_of_spacy(everything):
    model, corpus = everything
    nlp = spacy.load(model)
    docs = [doc for doc in DocBin().from_disk(corpus).get_docs(nlp.vocab) if doc.cats]
    examples = [Example(nlp(doc.text), doc) for doc in docs]
    theirs = Scorer.score_cats(examples, "cats", labels=["法律", "sport"], multi_label=False)
    ours = evaluate(model, corpus).sections[1].scores.scores
    assert ours.micro == pytest.approx([theirs[f"cats_micro_{key}"] for key in "prf"], abs=1e-9)
    assert ours.macro.f1 == pytest.approx(theirs["cats_macro_f"], abs=1e-9)


def test_categories_alone(everything, tmp_path):
    nlp, corpus = spacy.blank("en"), everything[1]
    nlp.add_pipe("test_evaluate_cats")
    nlp.to_disk(tmp_path / "cats")
    result = invoke(tmp_path / "cats", corpus, "--bootstrap", "0", "--raw-text")
    assert result.exit_code == 0 and "entities" not in result.stdout
    assert "Accuracy 0.6667: documents with right label" in result.stdout
    result = invoke(tmp_path / "cats", corpus, "--predictions", tmp_path / "x")
    assert result.exit_code == 1 and result.stderr.startswith("[H613]") and not (tmp_path / "x").exists()


def test_gpu_that_is_not_there(model, corpus):
    with pytest.raises(HoneError, match=r"\[H610\] GPU 99 "):
        evaluate(model, corpus, gpu_id=99)


def test_it_is_a_command_of_spacy(model, corpus, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    result = CliRunner().invoke(app, ["hone", "evaluate", model, str(corpus), "--bootstrap", "0"])
    assert result.exit_code == 0 and "\x1b" not in result.output
    assert "| QUANTITY |       2 |" in result.stdout
