"""What prediction costs: texts of any length, bare loops, tables and curves, on toy documents and a toy BERT."""

from pathlib import Path

import numpy as np
import pytest
from harness import growth_plot, inference_tables, texts
from harness.results import Record
from harness.turns import choose, in_turn
from peers import inference, loops
from spacy.tokens import Doc
from spacy.vocab import Vocab

VOCAB = Vocab()
TEXTS = ["two cups milk", "of red onions two cups of milk two cups red onions of milk", "milk", ""]


@pytest.fixture(scope="module")
def folder(encoder, tmp_path_factory) -> Path:
    """A token classifier, where `prepare` would put it."""
    from transformers import AutoModelForTokenClassification, AutoTokenizer, set_seed

    set_seed(0)
    path = tmp_path_factory.mktemp("speed")
    model = AutoModelForTokenClassification.from_pretrained(encoder, num_labels=5)
    model.save_pretrained(path / "hf")
    AutoTokenizer.from_pretrained(encoder, model_max_length=8).save_pretrained(path / "hf")
    return path


def test_a_loop_tags_every_wordpiece(folder, monkeypatch):
    import torch

    monkeypatch.setattr(loops, "LONGEST", 8)
    loop = loops.TorchLoop(folder, 1)
    found = loop(TEXTS, 3)
    pieces = loop.tokenizer.encode(TEXTS[1])
    rows = [
        loop.tokenizer.encode(TEXTS[0]),
        pieces,
        *pieces.overflowing,
        *map(loop.tokenizer.encode, TEXTS[2:]),
    ]
    assert len(pieces.overflowing) == 2 and len(found) == len(rows)
    for row, tags in zip(rows, found):
        with torch.inference_mode():
            alone = loop.model(torch.tensor([row.ids])).logits[0].argmax(-1)
        assert tags.tolist() == alone.tolist()


def test_runtimes_agree(folder):
    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    from spacy_hone.deploy.optimize.export import export

    torch_loop = loops.TorchLoop(folder, 1)
    graph = folder / "fp32" / "transformer" / "encoder.onnx"
    graph.parent.mkdir(parents=True)
    graph.write_bytes(export(torch_loop.model.base_model))
    found = loops.OnnxLoop(folder, 1)(TEXTS, 4)
    assert [tags.tolist() for tags in found] == [tags.tolist() for tags in torch_loop(TEXTS, 4)]


def test_the_hugging_face_pipeline_reads_it_all(folder, monkeypatch):
    monkeypatch.setattr(inference, "LONGEST", 8)
    found = inference.hf_pipeline(folder, 1)(TEXTS[:3], 2)
    assert len(found) == 3 and max(entity["end"] for entity in found[1]) > 40


def test_documents_of_any_length():
    docs = [Doc(VOCAB, ["a", "b", "c"]), Doc(VOCAB, ["d", "e"])]
    assert [len(doc) for doc in texts.cut(docs, 2)] == [2, 2]
    assert texts.cut(docs, 0) == docs
    blocks = texts.make_blocks(docs, 4)
    assert [next(blocks).words for _ in range(2)] == [5, 5]
    assert texts.make_block(docs, 3) == (["a b c ", "d e ", "a b c "], 8)


def test_points_have_words_enough(monkeypatch):
    monkeypatch.setattr(texts, "load_recipes", lambda: [Doc(VOCAB, ["a"] * 4)] * 5)
    length, batch, large = texts.make_points([8], [2, 7], 16)
    assert length[:2] == ("length", 8) and length.block.words == 16 and length.batch_size == texts.BATCH
    assert (batch.batch_size, len(batch.block.texts), len(large.block.texts)) == (2, 4, 7)


def test_turns_and_names():
    assert list(in_turn(["a", "b"], 2)) == [(0, "b"), (0, "a"), (1, "a"), (1, "b"), (2, "b"), (2, "a")]
    assert choose("", ["a", "b"]) == ["a", "b"] and choose("b, a", ["a", "b"]) == ["b", "a"]
    with pytest.raises(SystemExit, match="No system is called c"):
        choose("a,c", ["a", "b"])


def records() -> list[Record]:
    base, ours = {"system": "spacy"}, {"system": "hone-int8"}
    speed = {"measure": "speed", "length": 0, "words": 100}
    blocks = [(1, 2.0, 0.5), (2, 20.0, 5.0)]
    start = {
        "measure": "start",
        "environment": "x",
        "loaded_bytes": 2**20,
        "peak_bytes": 2**22,
        "seconds": 1.5,
        "import_seconds": 0.9,
        "load_seconds": 0.5,
    }
    weight = {"measure": "weight", "disk_bytes": 2e6, "wheel_bytes": 1e6, "p": 0.5, "r": 0.5, "f": 0.5}
    growth = {"measure": "growth", "threads": 1, "words": 100}
    return [
        *({**base, **speed, "block": block, "seconds": slow} for block, slow, _ in blocks),
        *({**ours, **speed, "block": block, "seconds": fast} for block, _, fast in blocks),
        {**base, "measure": "latency", "texts": "lines", "block": 1, "seconds": [0.01, 0.03]},
        {**ours, "measure": "latency", "texts": "lines", "block": 1, "seconds": [0.005, 0.005]},
        {**ours, **start},
        {**base, **start, "environment": "y", "seconds": 3.0},
        {**base, **weight, "f": 0.51},
        {**ours, **weight},
        *({**ours, **growth, "axis": "length", "at": at, "seconds": 1.0} for at in (10, 1000)),
        {**ours, **growth, "axis": "batch", "at": 4, "seconds": 2.0},
    ]


def test_tables():
    text = inference_tables.tables(records())
    for row in (
        "| recipes | hone-int8 | 2 | 110 | 65–155 | 4.00 (4.00–4.00) |  |",
        "| hone-int8 | 2 | 5.0 | 5.0 | 5.0 | 0.25 |",
        "| x | hone-int8 | 1 | 0.90 (1.00) | 0.50 (1.00) | 1.50 (0.50) | 1 (1.00) | 4 (1.00) |",
        "| hone-int8 | 2.0 | 1.0 | 0.5000 | 0.5000 | 0.5000 | -0.0100 |",
        "| words/s by length | threads | 10 | 1,000 |",
        "| hone-int8 | 1 | 100 | 100 |",
        "| words/s by batch | threads | 4 |",
    ):
        assert row in text


def test_curves():
    pytest.importorskip("matplotlib")
    growth = [record for record in records() if record["measure"] == "growth"]
    assert growth_plot.collect(growth, "length", "hone-int8", 1) == {10: [100], 1000: [100]}
    assert growth_plot.draw_growth(growth, Path("x.png")).startswith(b"\x89PNG")
    assert np.isclose(growth_plot.collect(growth, "batch", "hone-int8", 1)[4][0], 50)
