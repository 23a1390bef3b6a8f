"""The token classifier: logits, dropout, growth."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Adam, Model, set_dropout_rate

from spacy_hone.models.heads import build_token_classifier, resize_output


def embed() -> Model:
    """A toy encoder: length of the token, its position, and one."""

    def forward(model, docs, is_train):
        return [
            model.ops.asarray2f([[len(t), t.i, 1] for t in doc] or np.zeros((0, 3))) for doc in docs
        ], lambda dY: docs

    return Model("embed", forward, dims={"nO": 3})


@pytest.fixture
def docs() -> list[Doc]:
    return [Doc(Vocab(), words=words) for words in (["a", "bb", "ccc"], [], ["dddd"])]


@pytest.fixture
def model(docs) -> Model:
    return build_token_classifier(embed(), dropout=0.5, nO=4).initialize(X=docs)


def randomize(model: Model) -> None:
    output = model.get_ref("output")
    rng = np.random.default_rng(0)
    for name in ("W", "b"):
        output.set_param(name, rng.normal(size=output.get_param(name).shape).astype("float32"))


def test_logits_are_linear_in_the_vectors(model, docs):
    randomize(model)
    W, b = (model.get_ref("output").get_param(name) for name in ("W", "b"))
    logits = model.predict(docs)
    assert [doc_logits.shape for doc_logits in logits] == [(3, 4), (0, 4), (1, 4)]
    assert_allclose(logits[2], [[4, 0, 1]] @ W.T + b, rtol=1e-5)


def test_references_are_there(model):
    assert model.get_ref("tok2vec").name == "embed"
    assert model.get_ref("output").get_dim("nO") == 4


def test_dropout_is_the_heads_own_and_off_at_zero(model, docs):
    randomize(model)
    sharp = model.predict(docs)[0]
    set_dropout_rate(model, 0.0)
    assert_allclose(model.begin_update(docs)[0][0], sharp)
    set_dropout_rate(model, 0.01)
    noisy = [model.begin_update(docs)[0][0] for _ in range(20)]
    assert np.mean([not np.allclose(each, sharp) for each in noisy]) > 0.9
    assert_allclose(model.predict(docs)[0], sharp)


def test_gradient_passes_through(model, docs):
    logits, backprop = model.begin_update(docs)
    backprop([np.ones_like(doc_logits) for doc_logits in logits])
    assert_allclose(model.get_ref("output").get_grad("b"), [4, 4, 4, 4])


def test_growth_keeps_the_rows_and_trains_on(model, docs):
    randomize(model)
    optimizer = Adam(0.01)

    def update():
        logits, backprop = model.begin_update(docs)
        backprop([np.ones_like(doc_logits) for doc_logits in logits])
        model.finish_update(optimizer)

    update()
    before = model.predict(docs)[0]
    resize_output(model, 6)
    assert model.get_ref("output").get_dim("nO") == 6
    assert_allclose(model.predict(docs)[0][:, :4], before, rtol=1e-6)
    assert not model.predict(docs)[0][:, 4:].any()
    update()
    assert model.predict(docs)[0][:, 4:].all()


@pytest.mark.parametrize("crf", [False, True])
def test_registered_name_builds(crf):
    config = {
        "@architectures": "hone.TokenClassifier.v1",
        "tok2vec": embed(),
        "dropout": 0.2,
        "crf": crf,
        "nO": 3,
    }
    model = registry.resolve({"model": config})["model"]
    assert model.get_ref("output").get_dim("nO") == 3
    assert (model.maybe_get_ref("crf") is not None) is crf


@pytest.fixture
def crf_model(docs) -> Model:
    model = build_token_classifier(embed(), dropout=0.5, crf=True)
    model.get_ref("output").set_dim("nO", 4)
    return model.initialize(X=docs)


def test_crf_holds_transitions_and_passes_the_logits_on(crf_model, docs):
    crf = crf_model.get_ref("crf")
    assert crf.get_param("transitions").shape == (4, 4)
    assert not crf.get_param("transitions").any()
    crf.set_param("transitions", np.ones((4, 4), dtype="float32"))
    W, b = (crf_model.get_ref("output").get_param(name) for name in ("W", "b"))
    assert_allclose(crf_model.predict(docs)[0], embed().predict(docs)[0] @ W.T + b, rtol=1e-5)
    _, backprop = crf_model.begin_update(docs)
    backprop([np.ones((len(doc), 4), dtype="float32") for doc in docs])
    assert_allclose(crf_model.get_ref("output").get_grad("b"), [4, 4, 4, 4])


def test_transitions_are_updated_saved_and_loaded(crf_model, docs):
    crf_model.get_ref("crf").inc_grad("transitions", np.ones((4, 4), dtype="float32"))
    crf_model.finish_update(Adam(0.1))
    trained = crf_model.get_ref("crf").get_param("transitions")
    assert (trained < 0).all()
    loaded = build_token_classifier(embed(), crf=True).from_bytes(crf_model.to_bytes())
    assert_allclose(loaded.get_ref("crf").get_param("transitions"), trained)
    assert loaded.predict(docs)[0].shape == (3, 4)


def test_growth_keeps_the_transitions_and_trains_on(crf_model, docs):
    optimizer = Adam(0.01)
    old = np.random.default_rng(0).normal(size=(4, 4)).astype("float32")
    crf_model.get_ref("crf").set_param("transitions", old)
    crf_model.get_ref("crf").inc_grad("transitions", np.zeros((4, 4), dtype="float32"))
    crf_model.finish_update(optimizer)
    resize_output(crf_model, 6)
    crf = crf_model.get_ref("crf")
    assert crf in list(crf_model.walk())
    assert_allclose(crf.get_param("transitions")[:4, :4], old)
    assert not crf.get_param("transitions")[4:].any() and not crf.get_param("transitions")[:, 4:].any()
    assert crf_model.predict(docs)[0].shape == (3, 6)
    crf.inc_grad("transitions", np.ones((6, 6), dtype="float32"))
    crf_model.finish_update(optimizer)
    assert (crf.get_param("transitions")[4:] < 0).all()
    loaded = build_token_classifier(embed(), crf=True).from_bytes(crf_model.to_bytes())
    assert_allclose(loaded.get_ref("crf").get_param("transitions"), crf.get_param("transitions"))
