import json
from pathlib import Path

import pytest
import spacy
from spacy.cli import app
from spacy.tokens import Doc, DocBin
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

    ours, theirs = evaluate(model, corpus, raw_text=True)[0], evaluate_spacy(model, corpus)
    assert ours.scores.micro == pytest.approx([theirs[f"ents_{key}"] for key in "prf"], abs=1e-9)


def test_span_groups(corpus, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("span_ruler", config={"spans_key": "food"}).add_patterns(PATTERNS)
    nlp.to_disk(tmp_path / "model")
    docs = list(DocBin().from_disk(corpus).get_docs(nlp.vocab))[:3]
    for doc in docs:
        doc.spans["food"] = list(doc.ents)
        doc.set_ents([])
    DocBin(docs=docs).to_disk(tmp_path / "spans.spacy")
    summary, facts = evaluate(str(tmp_path / "model"), tmp_path / "spans.spacy", spans_key="food")
    assert summary.scores.micro.f1 == pytest.approx(10 / 13) and facts["spans_key"] == "food"


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


def test_gpu_that_is_not_there(model, corpus):
    with pytest.raises(HoneError, match=r"\[H610\] GPU 99 "):
        evaluate(model, corpus, gpu_id=99)


def test_it_is_a_command_of_spacy(model, corpus, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    result = CliRunner().invoke(app, ["hone", "evaluate", model, str(corpus), "--bootstrap", "0"])
    assert result.exit_code == 0 and "\x1b" not in result.output
    assert "| QUANTITY |       2 |" in result.stdout
