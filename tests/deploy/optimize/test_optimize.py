"""From a pipeline's folder to an optimised one, which is loaded where there is no torch."""

import hashlib
import json
import os
import site
import subprocess
import sys
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_hone.cli.optimize import optimize
from spacy_hone.deploy.optimize.choices import Choices
from spacy_hone.deploy.optimize.saving import save
from spacy_hone.deploy.optimize.scores import decide
from spacy_hone.deploy.optimize.stand import Stand
from spacy_hone.errors import HoneError

TEXTS = ["two cups of strong sugar and salt", "", "salt, flour", "a pinch of bread flour, chopped. " * 20]
HEAVY = (
    "torch",
    "transformers",
    "spacy_transformers",
    "sentence_transformers",
    "onnx-",
    "onnx_",
)
ROOT = Path(__file__).parents[3]
PREDICT = """
import json, sys
import spacy
from spacy_hone.deploy.optimize.scores import decide
print(json.dumps([decide(doc) for doc in spacy.load(sys.argv[1]).pipe(sys.argv[2:])]), *sys.modules, sep="\\n")
"""


def predict_without_torch(path: Path, folder: Path) -> list:
    """Decisions in an environment of links to all that is installed here, less what stands on torch."""
    for each in chain.from_iterable(Path(place).iterdir() for place in site.getsitepackages()):
        if not each.name.startswith(HEAVY) and each.name != "onnx" and each.suffix != ".pth":
            (folder / each.name).symlink_to(each)
    (folder / "spacy_hone").symlink_to(ROOT / "components" / "spacy_hone")
    command = [sys.executable, "-S", "-c", PREDICT, path, *TEXTS]
    env = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env, check=False)
    assert not done.returncode, done.stderr
    found, *modules = done.stdout.splitlines()
    assert not {"torch", "transformers", "onnx"} & set(modules)
    return json.loads(found)


def hashes(path: Path) -> dict[str, str]:
    files = (file for file in sorted(path.rglob("*")) if file.is_file())
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def decisions(path: Path) -> list:
    return json.loads(json.dumps([decide(doc) for doc in spacy.load(path).pipe(TEXTS)]))


@pytest.mark.parametrize("architecture", ["ours", "stock"])
def test_float32_decides_the_same_without_torch(pipeline, dev, tmp_path, architecture):
    model, out = pipeline(architecture), tmp_path / "out"
    before = hashes(model)
    report = optimize(str(model), out, Choices(dev=dev, precision="fp32"))
    assert hashes(model) == before
    assert report.precision == "fp32" and report.gap < 1e-4 and report.same == 1
    assert report.score[0] == report.score[1]
    assert min(report.scores[name][1] for name in ("ents_f", "tag_acc")) > 0  # they do decide
    packages = tmp_path / "packages"
    packages.mkdir()
    assert predict_without_torch(out, packages) == decisions(model)


def test_int8_says_what_it_did(pipeline, dev, tmp_path):
    out = tmp_path / "out"
    report = optimize(str(pipeline()), out, Choices(dev=dev, max_drop=1.0, threads=1))
    meta = json.loads((out / "meta.json").read_text(encoding="utf8"))
    data = json.loads((out / "optimized.json").read_text(encoding="utf8"))
    assert report.precision == data["precision"] == meta["optimized"]["precision"] == "int8"
    assert data["sizes"][1] == pytest.approx(
        sum(f.stat().st_size for f in out.rglob("*") if f.is_file()), rel=0.1
    )
    assert data["trials"][0]["kept"] == [] and data["versions"]["onnxruntime"]
    assert meta["performance"]["ents_f"] == report.scores["ents_f"][1]
    [requirement] = [each for each in meta["requirements"] if each.startswith("spacy-hone")]
    assert requirement.startswith("spacy-hone[onnx]>=") and len(meta["requirements"]) == 1
    config = spacy.load(out).config["components"]["transformer"]
    assert config["factory"] == "hone_encoder" and config["model"]["threads"] == 1


@pytest.fixture
def scores(monkeypatch) -> list[float]:
    """To be filled with the scores that graphs shall have: in float32, in int8, with one part in float32 ..."""
    given: list[float] = []
    score = Stand.score
    monkeypatch.setattr(Stand, "score", lambda self, graph: score(self, graph) * 0 + given.pop(0))
    return given


def test_a_pipeline_for_a_gpu_requires_its_onnx_runtime(pipeline, dev, tmp_path):
    report = optimize(str(pipeline()), tmp_path / "out", Choices(dev=dev, precision="fp32"))
    save(spacy.load(tmp_path / "out"), replace(report, provider="cuda"), {}, tmp_path / "cuda")
    [requirement] = spacy.load(tmp_path / "cuda").meta["requirements"]
    assert requirement.startswith("spacy-hone[onnx-gpu]>=")


def test_layers_stay_in_float32_where_the_score_falls(pipeline, dev, tmp_path, scores):
    scores[:] = [1.0, 0.0, 1.0]
    report = optimize(str(pipeline()), tmp_path / "out", Choices(dev=dev, max_drop=0.2))
    assert report.precision == "mixed" and len(report.errors) == 3
    assert report.kept == (min(report.errors, key=report.errors.__getitem__),)


def test_a_score_that_falls_writes_nothing(pipeline, dev, tmp_path, scores):
    scores[:] = [1.0, 0.0, 0.1, 0.0]
    with pytest.raises(HoneError, match=r"H720.*0\.0000, 0\.1000, 0\.0000"):
        optimize(str(pipeline()), tmp_path / "out", Choices(dev=dev))
    assert not list(tmp_path.iterdir())


def test_what_torch_still_computes_is_said_and_required(pipeline, dev, tmp_path):
    nlp = spacy.load(pipeline())
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    nlp.to_disk(tmp_path / "model")
    report = optimize(str(tmp_path / "model"), tmp_path / "out", Choices(dev=dev, precision="fp32"))
    [warning] = report.warnings
    assert warning.startswith("[H732] ner:")
    [requirement] = spacy.load(tmp_path / "out").meta["requirements"]
    assert requirement.startswith("spacy-hone[train,onnx]>=")


@pytest.mark.parametrize("kind, share", [("Bert", 0.5), ("Roberta", 1), ("XLMRoberta", 0.5)])
def test_a_pruned_pipeline_is_smaller(pipeline, dev, tmp_path, kind, share):
    corpus = tmp_path / "corpus.txt"
    nlp = spacy.blank("en")
    corpus.write_text(
        "\n".join(doc.text for doc in DocBin().from_disk(dev).get_docs(nlp.vocab)), encoding="utf8"
    )
    choices = Choices(dev=dev, precision="fp32", prune_vocab=corpus)
    report = optimize(str(pipeline("ours", kind)), tmp_path / "out", choices)
    assert report.entries[1] < report.entries[0] * share and report.same == 1
    before, after = spacy.load(pipeline("ours", kind)), spacy.load(tmp_path / "out")
    seen = corpus.read_text(encoding="utf8").splitlines()
    assert [decide(doc) for doc in after.pipe(seen)] == [decide(doc) for doc in before.pipe(seen)]
