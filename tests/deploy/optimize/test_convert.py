"""Encoders of each kind as graphs, held against torch."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from onnxruntime import InferenceSession

from spacy_hone.deploy.optimize.checks import LIMIT
from spacy_hone.deploy.optimize.convert import convert, pack
from spacy_hone.deploy.optimize.export import explain, export
from spacy_hone.deploy.optimize.fuse import fuse
from spacy_hone.deploy.optimize.prune import prune
from spacy_hone.deploy.optimize.source import Source
from spacy_hone.deploy.optimize.split import LEAST
from spacy_hone.errors import HoneError
from spacy_hone.models.onnx.session import Session
from spacy_hone.models.tokenization import from_hugging_face

TEXTS = ["two cups of sugar", "salt", "a pinch of salt, and some more than that"]


@pytest.fixture
def source(checkpoint):
    def make(kind="Bert"):
        folder = checkpoint(kind)
        wordpieces = from_hugging_face(transformers.AutoTokenizer.from_pretrained(folder), kind)
        transformer = transformers.AutoModel.from_pretrained(folder).eval()
        return Source("transformer", transformer, wordpieces, {"kind": "doc", "window": 0, "stride": 0}, 64)

    return make


@pytest.mark.parametrize("provider, attention", [("cpu", None), ("cuda", 2)])
@pytest.mark.parametrize("kind", ["Bert", "DistilBert", "Albert"])
def test_vectors_stay(source, kind, provider, attention):
    found = convert(source(kind), TEXTS, provider)
    assert found.probe.gap(found.network) <= LIMIT
    if kind == "Bert":
        assert found.fused.get("Attention") == attention and found.fused["BiasGelu"] == 2


def test_any_shape_can_be_run(source):
    bert = source()
    session = Session(convert(bert, TEXTS).network.code, threads=1)
    for shape in ((1, 1), (5, 64)):
        ids = np.random.default_rng(0).integers(5, 50, shape)
        with torch.inference_mode():
            expected = bert.transformer(torch.from_numpy(ids)).last_hidden_state.numpy()
        found = session.run({"input_ids": ids, "attention_mask": np.ones_like(ids)})
        np.testing.assert_allclose(found, expected, atol=LIMIT)


def test_a_fusion_that_fails_is_left_out(source):
    bert = source()
    exported = export(bert.transformer)
    for gap in (lambda graph: 1.0, lambda graph: float("nan")):
        assert fuse(exported, bert.transformer.config, "cuda", gap, LIMIT) == (exported, {})


def bent(source: Source, bend: Callable[[torch.Tensor], torch.Tensor]) -> Source:
    """An encoder of a kind that is not known: it does something with its vectors at the end."""

    class Strange(type(source.transformer)):
        def forward(self, input_ids=None, **given):
            output = super().forward(input_ids, **given)
            output.last_hidden_state = bend(output.last_hidden_state)
            return output

    return replace(source, transformer=Strange(source.transformer.config).eval())


def test_operators_that_do_not_export_are_named(source):
    with pytest.raises(HoneError, match=r"H715.*Strange.*bessel_j0"):
        convert(bent(source(), torch.special.bessel_j0), TEXTS)
    assert explain(RuntimeError("first\nsecond")) == "first"


def test_graphs_that_are_bound_to_a_length_are_refused(source):
    with pytest.raises(HoneError, match=r"H715.*Strange.*rows of any length"):
        convert(bent(source(), lambda vectors: vectors + torch.zeros([int(n) for n in vectors.shape])), TEXTS)


def test_encoders_of_other_inputs_are_refused(source):
    sizes = {"vocab_size": 900, "hidden_size": 16, "num_hidden_layers": 1, "intermediate_size": 32}
    fourier = transformers.FNetModel(transformers.FNetConfig(**sizes))
    with pytest.raises(HoneError, match=r"H715.*FNetModel.*ids and a mask.*attention_mask"):
        convert(replace(source(), transformer=fourier), TEXTS)


def test_a_graph_goes_with_its_tokenizer(source):
    bert = source()
    packed = pack(bert, convert(bert, TEXTS).network, "fp32")
    assert packed.settings["width"] == 16 and packed.settings["max_positions"] == 64
    assert packed.tokenizer == bert.wordpieces.files["tokenizer.json"]


def test_weights_lie_beside_their_graph(source, tmp_path):
    bert = source()
    whole = convert(bert, TEXTS).network
    packed = pack(bert, whole, "fp32")
    sizes = [array.nbytes for array in packed.weights.values()]
    assert sizes and min(sizes) >= LEAST and len(packed.code) < len(whole.code) - 0.8 * sum(sizes)
    ids = np.random.default_rng(0).integers(5, 50, (3, 7))
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    expected = Session(whole.code, threads=1).run(inputs)
    found = Session(packed.code, threads=1, weights=packed.weights).run(inputs)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    packed.to_disk(tmp_path)  # as any program opens it
    [found] = InferenceSession(tmp_path / "encoder.onnx", providers=["CPUExecutionProvider"]).run(
        None, inputs
    )
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_unseen_wordpieces_fall_out(source):
    bert = source()
    pruned = prune(bert, lambda: TEXTS)
    before, after = len(bert.wordpieces.strings), len(pruned.wordpieces.strings)
    assert after < before / 2
    assert pruned.transformer.get_input_embeddings().weight.shape == (after, 16)
    assert len(bert.transformer.get_input_embeddings().weight) == before
    found = convert(pruned, TEXTS)
    rows = [[*bert.wordpieces.prefix, *p.ids, *bert.wordpieces.suffix] for p in bert.wordpieces(TEXTS[:1])]
    with torch.inference_mode():
        expected = bert.transformer(torch.tensor(rows)).last_hidden_state[0].numpy()
    np.testing.assert_allclose(found.probe.expected[: len(expected)], expected, atol=LIMIT)


def test_a_corpus_without_texts_prunes_nothing(source):
    with pytest.raises(HoneError, match="H725"):
        prune(source(), list)
