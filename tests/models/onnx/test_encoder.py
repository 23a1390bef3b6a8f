"""Token vectors are those of the encoder that was exported, under its own component and listeners."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc

from spacy_hone.errors import HoneError
from spacy_hone.models.onnx import encoder as module
from spacy_hone.models.onnx.encoder import build_onnx_encoder
from spacy_hone.models.onnx.pooling import POOLS

from ..conftest import build_nlp

pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")

TEXTS = [
    "two cups of sugar",
    "",
    "don't over-mix (o'brien)\u200d!",
    "x" * 70 + " and more",
    "chocolates " * 12,
]
SPANS = [
    ({"kind": "strided", "window": 5, "stride": 3}, {"window": 5, "stride": 3}),
    ({"kind": "strided", "window": 3, "stride": 3}, {"window": 3, "stride": 3}),
    ({"kind": "doc"}, {}),
    ({"kind": "sent"}, {}),
]


def encode(graph, docs, *poolings: str, **options) -> list[dict[str, np.ndarray]]:
    model = build_onnx_encoder(**{"threads": 1, **options})
    model.shims[0].set_graph(graph)
    return model.shims[0].encode(docs, poolings or ("mean",))


def stock(nlp, doc) -> np.ndarray:
    """Vectors as spacy-transformers' listener hands them to its component."""
    if not len(doc):
        return np.zeros((0, 16))
    doc = nlp.get_pipe("transformer")(doc)
    return nlp.get_pipe("ner").model.get_ref("tok2vec").layers[0].predict([doc])[0]


def sentences(doc: Doc) -> Doc:
    for token in doc:
        token.is_sent_start = token.i % 4 == 0
    return doc


@pytest.mark.parametrize("pooling", POOLS)
def test_windows_of_hone(toy_nlp, toy_graph, pooling):
    nlp = toy_nlp(f"reduce_{pooling}.v1", window=20, stride=6)
    docs = [nlp.make_doc(text) for text in (*TEXTS, " \n ", "a \n\n b")]
    for doc, found in zip(docs, encode(toy_graph(window=20, stride=6), docs, pooling)):
        np.testing.assert_allclose(found[pooling], stock(nlp, doc), atol=1e-5)


@pytest.mark.parametrize("pooling", POOLS)
@pytest.mark.parametrize(("windows", "options"), SPANS)
def test_windows_of_spacy_transformers(toy_bert, toy_graph, pooling, windows, options):
    spans = {"@span_getters": f"spacy-transformers.{windows['kind']}_spans.v1", **options}
    model = {
        "@architectures": "spacy-transformers.TransformerModel.v3",
        "name": str(toy_bert()),
        "get_spans": spans,
        "tokenizer_config": {"use_fast": True, "model_max_length": 64},
    }
    nlp = build_nlp(model, f"reduce_{pooling}.v1", initialize=False)
    nlp.get_pipe("transformer").model.initialize()
    nlp._link_components()
    texts = [text for text in TEXTS if len(text) < 60] + ["a \n\n b"] * (pooling in ("mean", "sum"))
    docs = [sentences(nlp.make_doc(text)) for text in texts]
    for doc, found in zip(docs, encode(toy_graph(**windows), docs, pooling)):
        np.testing.assert_allclose(found[pooling], stock(nlp, doc), atol=1e-5)


@pytest.mark.parametrize("most", [1, 40, 100_000])
def test_documents_do_not_depend_on_their_batch(toy_graph, most):
    nlp = spacy.blank("en")
    docs = [nlp(text) for text in TEXTS]
    graph = toy_graph(window=20, stride=6)
    together = encode(graph, docs, "mean", "first", max_batch_wordpieces=most)
    for doc, found in zip(docs, together):
        (alone,) = encode(graph, [doc], "mean", "first")
        for pooling in alone:
            assert found[pooling].shape == (len(doc), 16)
            np.testing.assert_allclose(found[pooling], alone[pooling], atol=1e-5)


@pytest.mark.parametrize("windows", [{}, {"kind": "doc"}])
def test_long_documents_run_in_batches(toy_graph, windows, monkeypatch):
    shapes = []
    run = module.Session.run

    def watched(self, ids, **how):
        shapes.append(ids["input_ids"].shape)
        return run(self, ids, **how)

    monkeypatch.setattr(module.Session, "run", watched)
    doc = Doc(spacy.blank("en").vocab, words=["chocolates"] * 5000)
    (found,) = encode(toy_graph(**windows), [doc], max_batch_wordpieces=1024)
    assert (np.abs(found["mean"]).max(axis=1) > 0).all()
    assert len(shapes) > 40 and max(rows * width for rows, width in shapes) <= 1024


def test_batches_side_by_side_and_one_after_another(toy_graph):
    docs = [spacy.blank("en")(text) for text in TEXTS]
    graph = toy_graph(window=20, stride=6)
    expected, found = (encode(graph, docs, max_batch_wordpieces=40, threads=n) for n in (1, 3))
    for one, other in zip(expected, found):
        np.testing.assert_allclose(other["mean"], one["mean"], atol=1e-6)


def test_nothing_to_do(toy_graph):
    nlp = spacy.blank("en")
    assert encode(toy_graph(), []) == []
    assert [found["mean"].shape for found in encode(toy_graph(), [nlp(""), nlp("")])] == [(0, 16)] * 2


def test_the_model_pools_as_it_is_told_to(toy_graph):
    doc = spacy.blank("en")("chocolates")
    model = build_onnx_encoder(pooling="last")
    model.shims[0].set_graph(toy_graph())
    model.initialize()
    (found,) = model.predict([doc])
    assert model.get_dim("nO") == 16
    np.testing.assert_array_equal(found, encode(toy_graph(), [doc], "last")[0]["last"])
    loaded = build_onnx_encoder(pooling="last").from_bytes(model.to_bytes())
    np.testing.assert_array_equal(loaded.predict([doc])[0], found)
    np.testing.assert_array_equal(model.copy().predict([doc])[0], found)


def test_wrong_options_and_no_graph():
    with pytest.raises(HoneError, match=r"H208.*max_batch_wordpieces"):
        build_onnx_encoder(max_batch_wordpieces=0)
    with pytest.raises(HoneError, match="H214"):
        build_onnx_encoder(pooling="median")
    with pytest.raises(HoneError, match=r"H222.*hone optimize"):
        build_onnx_encoder().initialize()
    with pytest.raises(HoneError, match="H222"):
        build_onnx_encoder().predict([spacy.blank("en")("a")])
