"""Where time goes: the clock, what is watched, the variants, the tables, over a toy BERT."""

import time
from types import SimpleNamespace

import pytest
import spacy
from harness import parts_tables
from harness.clock import Clock, replaced
from harness.data_sets import DATA_SETS, MINILM
from peers import checkpoints, huggingface, parts, pipelines, speed, variants
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_hone.models import shim
from spacy_hone.models.tokenization import Wordpieces
from spacy_hone.training.optimizer import AdamW

VOCAB = Vocab()


@pytest.fixture
def docs(encoder, monkeypatch) -> list[Doc]:
    """Documents of several lengths; the data set's encoder is a toy."""
    assert DATA_SETS[speed.DATA].encoder == MINILM
    for module in (huggingface, pipelines, speed):
        monkeypatch.setattr(module, "encoder_path", lambda name: encoder)
    words, tags = ["two", "cups", "milk"], ["B-N", "B-UNIT", "B-FOOD"]
    return [Doc(VOCAB, words * n, ents=tags * n) for n in (1, 5, 2, 4)]


def test_parts_are_counted_without_those_inside():
    clock = Clock()

    def inner() -> tuple[int, object]:
        time.sleep(0.02)
        return 1, lambda: time.sleep(0.02)

    owner = SimpleNamespace(inner=inner)
    with clock.watch([(owner, "inner", "inside")]), clock.part("around"):
        time.sleep(0.01)
        _, callback = owner.inner()
        callback()
    assert owner.inner is inner
    assert 0.01 <= clock.seconds["around"] < 0.03 and clock.seconds["inside"] >= 0.04


def test_what_was_replaced_is_put_back():
    before = shim.EncoderShim.__call__
    with replaced(shim.EncoderShim, "__call__", len):
        assert shim.EncoderShim.__call__ is len
    assert shim.EncoderShim.__call__ is before
    instance = Clock()
    with replaced(instance, "wrap", len):
        assert instance.wrap is len
    assert "wrap" not in vars(instance)


def test_an_update_is_taken_apart(docs):
    nlp = speed.make_pipeline(speed.CONFIG, {speed.PRECISION: "fp32"}, docs, 4)
    step, clock = speed.step_of(nlp, docs), Clock()
    with clock.watch(parts.watched_in_update(nlp)):
        parts.time_update(clock, step, docs)
    assert set(clock.seconds) == {
        "wordpieces",
        "windows and alignment",
        "encoder, forward",
        "encoder, backward",
        "vectors of tokens",
        "head",
        "targets and loss",
        "optimiser",
        parts.REST,
    }
    assert "__wrapped__" not in vars(Wordpieces.__call__) and "__wrapped__" not in vars(AdamW.__call__)


def test_a_prediction_is_taken_apart(docs, tmp_path):
    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    from spacy_hone.cli.optimize import optimize
    from spacy_hone.deploy.optimize.choices import Choices

    DocBin(docs=docs).to_disk(tmp_path / "dev.spacy")
    speed.make_pipeline(speed.CONFIG, {}, docs, 1).to_disk(tmp_path / "model")
    choices = Choices(dev=tmp_path / "dev.spacy", precision="int8", max_drop=1.0)
    optimize(str(tmp_path / "model"), tmp_path / "out", choices)
    nlp, clock = spacy.load(tmp_path / "out"), Clock()
    with clock.watch(parts.watched_in_prediction(nlp)):
        parts.time_prediction(clock, nlp, [doc.text for doc in docs], 2)
    names = ("tokens", "wordpieces", "windows and alignment", "ONNX Runtime", "batches and pooling", "head")
    assert set(clock.seconds) == {*names, "annotation", parts.REST}
    assert len(list(nlp.pipe(doc.text for doc in docs))) == 4  # as before


@pytest.mark.parametrize(
    "name", [name for name in variants.VARIANTS if "compile" not in name and "float" not in name]
)
def test_variants_learn(docs, name, monkeypatch):
    monkeypatch.setattr(variants, "SIZE", 2)
    seen = []
    run = shim.EncoderShim.__call__

    def watch(self, inputs, is_train):
        seen.append(len(inputs[1]))
        return run(self, inputs, is_train)

    variant = variants.VARIANTS[name](docs, 3)
    before = next(variant.shim.transformer.parameters()).clone()
    with replaced(shim.EncoderShim, "__call__", watch):
        words, seconds = speed.time_turn(variant, [docs[:2], docs[2:]])
    assert sum(seen) == 4 and words == 36 and seconds > 0
    assert not before.equal(next(variant.shim.transformer.parameters()))
    assert len(seen) == (4 if variants.VARIANTS[name] is variants.Halves else 2)


def test_checkpoints_are_whole(docs, monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoints, "make_batches", lambda joined: (docs, [docs]))
    monkeypatch.setitem(
        checkpoints._FROZEN, "components.transformer.model.freeze_layers", "[0]"
    )  # the toy has one layer
    found = checkpoints.write_each(tmp_path, 2)
    assert [record["system"] for record in found] == [
        name for name in checkpoints.CHECKPOINTS for _ in range(2)
    ]
    assert all(record["bytes"] > 0 and record["seconds"] > 0 for record in found)
    assert (tmp_path / "hone" / "model-best" / "meta.json").is_file()


def test_tables():
    update = {"measure": "update", "name": "x", "parts": {"a": 0.3, "b": 0.1}}
    variant = {"measure": "variant", "words": 100}
    rows = [("as it is", 1, 1.0), ("as it is", 2, 4.0), ("other", 1, 2.0), ("other", 2, 8.0)]
    written = {"measure": "checkpoint", "system": "hone", "seconds": 0.4, "copy_seconds": 0.03, "bytes": 9e7}
    text = parts_tables.tables(
        [update, *({**variant, "name": n, "block": b, "seconds": s} for n, b, s in rows), written], "as it is"
    )
    for row in (
        "| x | a | 1 | 300.0 | 75.0% |",
        "| x | all | 1 | 400.0 |  |",
        "| other | 2 | 31 | 22–41 | 0.50 | 0.50–0.50 |",
        "| hone | 1 | 90 | 400 | 30 |",
    ):
        assert row in text, text
