"""The text classifier: poolings and their gradients, documents without tokens, growth."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spacy.ml.models.tok2vec import build_hash_embed_cnn_tok2vec
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Adam, Model, fix_random_seed, set_dropout_rate

from spacy_hone.errors import HoneError
from spacy_hone.models.pooling import POOLINGS, pool
from spacy_hone.models.text_classifier import build_text_classifier

LENGTHS = (3, 0, 1, 5, 0)
each_pooling = pytest.mark.parametrize("pooling", POOLINGS)


@pytest.fixture
def arrays() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(length, 4)).astype("float32") for length in LENGTHS]


@pytest.fixture
def docs() -> list[Doc]:
    vocab = Vocab()
    return [Doc(vocab, words=[chr(97 + i) * n for i in range(n)]) for n in LENGTHS]


def classifier(docs: list[Doc], pooling: str, dropout: float = 0.5) -> Model:
    fix_random_seed(0)
    tok2vec = build_hash_embed_cnn_tok2vec(
        width=8,
        depth=1,
        embed_size=50,
        window_size=1,
        maxout_pieces=2,
        subword_features=False,
        pretrained_vectors=None,
    )
    model = build_text_classifier(tok2vec, pooling, dropout, nO=3).initialize(X=docs)
    model.get_ref("output").set_param("b", np.array([1, 2, 3], dtype="float32"))
    return model


def torch_pool(X, pooling: str, q):
    if not len(X):
        return X.sum(axis=0)
    return {
        "mean": lambda: X.mean(axis=0),
        "max": lambda: X.max(axis=0).values,
        "first": lambda: X[0],
        "attention": lambda: (X @ q).softmax(0) @ X,
    }[pooling]()


@each_pooling
def test_value_and_gradient_are_those_of_torch(pooling, arrays):
    torch = pytest.importorskip("torch")
    layer = pool(pooling).initialize(X=arrays)
    nodes = [node for node in layer.walk() if node.has_param("Q")]
    assert len(nodes) == (pooling == "attention")
    q = torch.tensor(nodes[0].get_param("Q") if nodes else [], requires_grad=True)
    inputs = [torch.tensor(X, requires_grad=True) for X in arrays]
    expected = torch.stack([torch_pool(X, pooling, q) for X in inputs])
    dY = np.random.default_rng(1).normal(size=(len(arrays), 4)).astype("float32")
    expected.backward(torch.tensor(dY))

    Y, backprop = layer.begin_update(arrays)
    assert_allclose(Y, expected.detach(), atol=1e-6)
    for dX, X in zip(backprop(dY), inputs, strict=True):
        assert_allclose(dX, X.grad, atol=1e-6)
    if nodes:
        assert_allclose(nodes[0].get_grad("Q"), q.grad, atol=1e-6)


@each_pooling
def test_documents_without_tokens_get_the_bias(pooling, docs):
    model = classifier(docs, pooling)
    logits = model.predict(docs)
    assert logits.shape == (5, 3)
    assert_allclose(logits[[1, 4]], [[1, 2, 3]] * 2)
    for doc, row in zip(docs, logits):
        assert_allclose(model.predict([doc])[0], row, rtol=1e-5)
    assert_allclose(model.predict([docs[1]]), [[1, 2, 3]])


@each_pooling
@pytest.mark.parametrize("n_docs", [0, 2])
def test_a_batch_without_tokens_is_zero(pooling, n_docs, arrays):
    layer = pool(pooling).initialize(X=arrays)
    Y, backprop = layer.begin_update([arrays[1]] * n_docs)
    assert_allclose(Y, np.zeros((n_docs, 4)))
    assert [dX.shape for dX in backprop(Y)] == [(0, 4)] * n_docs


@each_pooling
def test_trains(pooling, docs):
    model = classifier(docs, pooling)
    before = model.predict(docs)
    logits, backprop = model.begin_update(docs)
    backprop(np.ones_like(logits))
    assert_allclose(model.get_ref("output").get_grad("b"), [5, 5, 5])
    model.finish_update(Adam(0.01))
    assert (model.predict(docs) < before).all()


@each_pooling
def test_a_document_without_tokens_may_have_no_width(pooling, arrays):
    """As transformer listeners give it."""
    arrays = [np.zeros((0, 0), dtype="float32"), *arrays]
    Y, backprop = pool(pooling).initialize(X=arrays).begin_update(arrays)
    assert Y.shape == (6, 4) and not Y[0].any()
    assert [dX.shape for dX in backprop(Y)] == [X.shape for X in arrays]


def test_dropout_is_the_heads_own_and_off_at_zero(docs):
    model = classifier(docs, "mean")
    sharp = model.predict(docs)
    set_dropout_rate(model, 0.0)
    assert_allclose(model.begin_update(docs)[0], sharp, rtol=1e-6)
    set_dropout_rate(model, 0.01)
    assert not np.allclose(model.begin_update(docs)[0], sharp)


def test_growth_keeps_the_rows(docs):
    model = classifier(docs, "mean")
    before = model.predict(docs)
    model.attrs["resize_output"](model, 5)
    after = model.predict(docs)
    assert_allclose(after[:, :3], before, rtol=1e-6)
    assert after.shape == (5, 5) and not after[:, 3:].any()


@each_pooling
def test_bytes_restore_it(pooling, docs):
    model, fresh = classifier(docs, pooling), classifier(docs, pooling)
    for node in fresh.walk():
        for name in node.param_names:
            node.set_param(name, node.get_param(name) + 1)
    assert_allclose(fresh.from_bytes(model.to_bytes()).predict(docs), model.predict(docs))


def test_registered_name_builds_and_refuses_unknown_poolings():
    tok2vec = {"@architectures": "spacy.HashEmbedCNN.v2", "width": 8, "depth": 1, "embed_size": 50}
    tok2vec |= {
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": False,
        "pretrained_vectors": None,
    }
    config = {"@architectures": "hone.TextClassifier.v1", "tok2vec": tok2vec, "pooling": "max", "nO": 2}
    assert registry.resolve({"model": config})["model"].get_ref("output").get_dim("nO") == 2
    with pytest.raises(HoneError, match=r"\[H214\].*median.*mean, max, first, attention"):
        pool("median")
