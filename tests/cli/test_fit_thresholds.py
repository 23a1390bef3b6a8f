"""`hone evaluate --fit-thresholds`, and `hone evaluate` with what it has stored."""

import json
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import fix_random_seed
from typer.testing import CliRunner

from spacy_hone.cli import hone_cli
from spacy_hone.cli.evaluate import evaluate, fit
from spacy_hone.errors import HoneError

WORDS = ("wage", "ball", "sun", "rain")
EXCLUSIVE = [{"law": 1.0, "other": 0.0}, {"law": 0.0, "other": 1.0}, {"other": 1.0}, {"other": 1.0}]
INDEPENDENT = [
    {"law": 1.0, "sport": 0.0, "never": 0.0},
    {"law": 1.0, "sport": 1.0},
    {"law": 0.0},
    {"sport": 0.0},
]


def make_docs(nlp: Language, rows: list[dict], seed: int, n: int = 24) -> list[Doc]:
    """Documents whose words do not quite say what they are about."""
    rng = np.random.default_rng(seed)
    docs = []
    for i in range(n):
        words = [WORDS[i % 4] if rng.random() < 0.6 else str(rng.choice(WORDS)) for _ in range(2)]
        doc = Doc(nlp.vocab, words=words)
        doc.cats = rows[i % 4]
        docs.append(doc)
    return docs


def make_pipeline(folder: Path, factory: str, rows: list[dict], **config: str) -> tuple[str, Path]:
    """A pipeline with a listener that has seen a few batches, and a corpus."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "tok2vec",
        config={
            "model": {
                "@architectures": "spacy.HashEmbedCNN.v2",
                "width": 8,
                "depth": 1,
                "embed_size": 50,
                "window_size": 1,
                "maxout_pieces": 2,
                "subword_features": False,
                "pretrained_vectors": None,
            }
        },
    )
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 8}
    nlp.add_pipe(factory, name="cat", config={"model": {"tok2vec": listener}, **config})
    docs = make_docs(nlp, rows, seed=0)
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
    sgd = nlp.initialize(lambda: examples)
    for _ in range(8):
        nlp.update(examples, sgd=sgd)
    nlp.to_disk(folder / "model")
    docs = make_docs(nlp, rows, seed=1)
    DocBin(docs=[*docs, Doc(nlp.vocab, words=["not", "annotated"])]).to_disk(folder / "dev.spacy")
    return str(folder / "model"), folder / "dev.spacy"


@pytest.fixture
def exclusive(tmp_path) -> tuple[str, Path]:
    return make_pipeline(tmp_path, "hone_textcat", EXCLUSIVE, positive_label="law")


@pytest.fixture
def independent(tmp_path) -> tuple[str, Path]:
    return make_pipeline(tmp_path, "hone_textcat_multilabel", INDEPENDENT)


def invoke(*args: object):
    return CliRunner().invoke(hone_cli, ["evaluate", *map(str, args)])


def contents(folder: str) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def test_independent_labels(independent, tmp_path):
    model, corpus = independent
    before, old = evaluate(model, corpus).sections[0], contents(model)
    output = tmp_path / "fit.json"
    result = invoke(model, corpus, "--fit-thresholds", "-o", output)
    assert result.exit_code == 0, result.output
    data = json.loads(output.read_text(encoding="utf8"))["fit"]["cat"]
    assert data["documents"] == 24 and data["positives"] == {"law": 12, "never": 0, "sport": 6}
    assert data["before"]["thresholds"] == [] and data["before"]["temperature"] == 1
    assert [label for label, _ in data["after"]["thresholds"]] == ["law", "sport"]
    assert data["after"]["loss"] < data["before"]["loss"]
    assert data["after"]["macro_f1"] >= data["before"]["macro_f1"]
    for part in (
        "now optimistic",
        "[H618] Component 'cat': no document holds never",
        "| never |         0 | 0.5000 | 0.5000 |",
    ):
        assert part in result.stdout
    [changed] = [path for path, content in contents(model).items() if old[path] != content]
    assert changed == Path(model) / "cat" / "cfg"

    after = evaluate(model, corpus).sections[0]
    for state, section in (("before", before), ("after", after)):
        assert section.scores.scores.macro.f1 == pytest.approx(data[state]["macro_f1"])
        assert section.scores.calibration_error == pytest.approx(data[state]["calibration_error"])
    assert dict(after.samples.group.thresholds) == pytest.approx(dict(data["after"]["thresholds"]))
    decided = after.samples.probabilities >= [
        dict(data["after"]["thresholds"]).get(x, 0.5) for x in after.samples.labels
    ]
    assert (after.samples.decided == decided).all()


def test_positive_label(exclusive):
    model, corpus = exclusive
    [found] = fit(model, corpus)
    [(label, threshold)] = found.after.thresholds
    assert label == "law" and 0 < threshold < 1 and found.positives == {"law": 6, "other": 18}
    [section] = evaluate(model, corpus).sections
    assert section.scores.loss == pytest.approx(found.after.loss, rel=1e-5)
    p = section.samples.probabilities[:, section.samples.labels.index("law")]
    assert (section.samples.decided[:, section.samples.labels.index("law")] == (p >= threshold)).all()


def test_temperature_only_without_a_positive_label(tmp_path):
    model, corpus = make_pipeline(tmp_path, "hone_textcat", EXCLUSIVE)
    result = invoke(model, corpus, "--fit-thresholds")
    assert result.exit_code == 0 and "positives" not in result.stdout
    cfg = json.loads((Path(model) / "cat" / "cfg").read_text(encoding="utf8"))
    assert cfg["thresholds"] == [] and cfg["temperature"] != 1


def test_fitting_again_finds_the_same(independent):
    (first,), (second,) = fit(*independent), fit(*independent)
    for state in (second.before, second.after):
        assert state[2:] == pytest.approx(first.after[2:])
        assert state.temperature == pytest.approx(first.after.temperature)
        assert dict(state.thresholds) == pytest.approx(dict(first.after.thresholds))


def test_what_is_stored_survives_spacy(independent, tmp_path):
    model, corpus = independent
    [found] = fit(model, corpus)
    spacy.load(model).to_disk(tmp_path / "again")
    cfg = spacy.load(tmp_path / "again").get_pipe("cat").cfg
    assert cfg["temperature"] == pytest.approx(found.after.temperature)
    assert dict(cfg["thresholds"]) == pytest.approx(dict(found.after.thresholds))


def test_faults_change_nothing(exclusive, tmp_path, monkeypatch):
    model, corpus = exclusive
    (tmp_path / "file").touch()
    nlp = spacy.blank("en")
    nlp.to_disk(tmp_path / "blank")
    foreign, bare = Doc(nlp.vocab, words=["a"]), Doc(nlp.vocab, words=["a"])
    foreign.cats = {"x": 1.0}
    DocBin(docs=[foreign]).to_disk(tmp_path / "foreign.spacy")
    foreign.cats = {"law": 0.0}
    DocBin(docs=[foreign]).to_disk(tmp_path / "zero.spacy")
    DocBin(docs=[bare]).to_disk(tmp_path / "bare.spacy")
    faults = {
        "H601": ("no_such_model", corpus),
        "H604": (model, tmp_path / "bare.spacy"),
        "H604] No document": (model, tmp_path / "zero.spacy"),
        "H606": (model, tmp_path / "foreign.spacy"),
        "H607": (model, corpus, "-o", tmp_path / "file" / "x.json"),
        "H616": (tmp_path / "blank", corpus),
        "H617] --predictions": (model, corpus, "--predictions", tmp_path / "x"),
        "H617] --spans-key": (model, corpus, "--spans-key", "sc"),
        "H617] --raw-text": (model, corpus, "--raw-text"),
    }
    before = contents(str(tmp_path))
    for code, args in faults.items():
        result = invoke(*args, "--fit-thresholds")
        assert result.exit_code == 1, code
        assert f"[{code}" in result.stderr and not result.stdout and "Traceback" not in result.output
    assert contents(str(tmp_path)) == before


def test_installed_packages_are_left_alone(monkeypatch):
    monkeypatch.setattr("spacy_hone.cli.evaluate.is_package", lambda name: name == "en_installed")
    with pytest.raises(HoneError, match=r"\[H615\].*en_installed"):
        fit("en_installed", Path("x.spacy"))


def test_folders_that_cannot_be_written(exclusive, monkeypatch):
    model, corpus = exclusive
    before = contents(model)
    with monkeypatch.context() as patch:
        patch.setattr("os.access", lambda *args: False)
        with pytest.raises(HoneError, match=r"\[H607\].*cat.cfg.*no permission"):
            fit(model, corpus)

    def fail(*args: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(HoneError, match=r"\[H607\].*disk full"):
        fit(model, corpus)
    assert contents(model) == before
