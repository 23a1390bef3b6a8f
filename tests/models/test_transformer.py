"""`hone.TransformerModel.v1` under spacy-transformers' stock component and listeners."""

import copy
import pickle

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam

from spacy_hone.errors import HoneError
from spacy_hone.models.transformer import build_transformer_model

from .conftest import build_nlp, examples

TEXTS = ["two cups of sugar", "", " \n ", "x" * 200 + " and\u200d more", "chocolates " * 30]
POOLINGS = ["reduce_first.v1", "reduce_mean.v1", "reduce_max.v1"]


def vectors(nlp, doc) -> np.ndarray:
    """Token vectors as the listener hands them to the component."""
    return nlp.get_pipe("ner").model.get_ref("tok2vec").layers[0].predict([doc])[0]


def hidden(nlp, text) -> np.ndarray:
    return nlp(text)._.trf_data.model_output.last_hidden_state


@pytest.mark.parametrize("pooling", POOLINGS)
def test_every_token_has_a_vector(toy_nlp, pooling):
    nlp = toy_nlp(pooling, window=20, stride=6)
    for doc in nlp.pipe(TEXTS):
        data = doc._.trf_data
        assert len(data.align.lengths) == len(doc)
        if len(doc):
            assert data.model_output.last_hidden_state.shape == (*data.wordpieces.input_ids.shape, 16)
            assert (np.abs(vectors(nlp, doc)).max(axis=1) > 0).all()


@pytest.mark.parametrize(("word", "n_words"), [("chocolates", 300), ("ab", 5000)])
def test_long_documents_lose_nothing(toy_nlp, word, n_words):
    nlp = toy_nlp(window=64, stride=16)
    doc = nlp(Doc(nlp.vocab, words=[word] * n_words))
    data = doc._.trf_data
    assert data.align.lengths.tolist() == [len(word)] * n_words
    strings = np.array(data.wordpieces.strings).ravel()[data.align.dataXd]
    assert "".join(s.removeprefix("##") for s in strings) == word * n_words
    assert (np.abs(vectors(nlp, doc)).max(axis=1) > 0).all()


def test_alignment_is_that_of_spacy_transformers(toy_nlp):
    from spacy_transformers.align import get_alignment_via_offset_mapping

    nlp = toy_nlp()
    doc = nlp("Don't over-mix: 1/2 cup (o'brien).")
    shim = nlp.get_pipe("transformer").model.shims[0]
    encoding = shim.wordpieces.backend.encode(doc.text)
    expected = get_alignment_via_offset_mapping([doc[:]], np.array([encoding.offsets]))
    assert doc._.trf_data.align.dataXd.tolist() == expected.dataXd.tolist()
    assert doc._.trf_data.align.lengths.tolist() == expected.lengths.tolist()
    assert doc._.trf_data.wordpieces.strings == [encoding.tokens]


def test_vectors_are_those_of_hugging_face(toy_nlp, toy_bert):
    import torch
    from transformers import AutoModel, AutoTokenizer

    nlp = toy_nlp()
    text = "two cups of sugar"
    with torch.no_grad():
        inputs = AutoTokenizer.from_pretrained(toy_bert())(text, return_tensors="pt")
        expected = AutoModel.from_pretrained(toy_bert()).eval()(**inputs).last_hidden_state
    np.testing.assert_allclose(hidden(nlp, text), expected.numpy(), atol=1e-6)


def test_documents_do_not_depend_on_their_batch(toy_nlp):
    nlp = toy_nlp(window=20, stride=6, max_batch_wordpieces=64)
    for text, doc in zip(TEXTS, nlp.pipe(TEXTS)):
        if len(doc):
            np.testing.assert_allclose(vectors(nlp, nlp(text)), vectors(nlp, doc), atol=1e-5)


def test_training_reduces_the_loss(toy_nlp):
    nlp = toy_nlp()
    sgd = Adam(0.005)
    losses = []
    for _ in range(25):
        record = {}
        empty = Example.from_dict(nlp.make_doc(""), {})
        nlp.update([*examples(nlp), empty], sgd=sgd, losses=record)
        losses.append(float(record["ner"]))
    assert losses[-1] < 0.5 * losses[0]


def test_reloads_bit_by_bit(toy_nlp, tmp_path):
    nlp = toy_nlp(window=20, stride=6)
    nlp.update(examples(nlp), sgd=nlp.create_optimizer())
    nlp.to_disk(tmp_path / "model")
    other = spacy.load(tmp_path / "model")
    for text in (TEXTS[0], TEXTS[3]):
        assert (hidden(other, text) == hidden(nlp, text)).all()
    sgd = other.resume_training()
    for _ in range(2):  # the stock component steps with the gradient of the update before
        other.update(examples(other), sgd=sgd)
    assert not (hidden(other, TEXTS[0]) == hidden(nlp, TEXTS[0])).all()


def test_loading_obeys_the_config(toy_nlp, tmp_path):
    toy_nlp(window=20, stride=6).to_disk(tmp_path / "model")
    nlp = spacy.load(tmp_path / "model", config={"components.transformer.model.window": 40})
    assert nlp("chocolates " * 20)._.trf_data.wordpieces.input_ids.shape[1] == 1 + 3 * 10 + 1


def test_bytes_and_copies(toy_nlp, toy_model):
    nlp = toy_nlp()
    data = nlp.to_bytes()
    other = build_nlp(toy_model(), initialize=False).from_bytes(data)
    assert (hidden(other, "sugar") == hidden(nlp, "sugar")).all()
    model = nlp.get_pipe("transformer").model
    docs = [nlp.make_doc("sugar")]
    expected = model.predict(docs).doc_data[0].model_output.last_hidden_state
    for copied in (model.copy(), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert (copied.predict(docs).doc_data[0].model_output.last_hidden_state == expected).all()
        assert copied.shims[0].transformer is not model.shims[0].transformer


def test_bytes_hold_no_pickle_and_no_pooler(toy_nlp):
    import safetensors.torch
    import srsly

    shim = toy_nlp().get_pipe("transformer").model.shims[0]
    msg = srsly.msgpack_loads(shim.to_bytes())
    assert set(msg) == {"config", "weights", "tokenizer", "pad_id"}
    names = set(safetensors.torch.load(msg["weights"]))
    assert names == {name for name, _ in shim.transformer.named_parameters()}
    assert not [name for name in names if "pooler" in name or "cls." in name]


def test_replaced_listener_saves_and_loads(toy_nlp, tmp_path):
    nlp = toy_nlp()
    expected = vectors(nlp, nlp("two cups"))
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    nlp.to_disk(tmp_path / "model")
    other = spacy.load(tmp_path / "model")
    np.testing.assert_allclose(vectors(other, other.make_doc("two cups")), expected, atol=1e-6)
    sgd = Adam(0.01)
    for _ in range(3):
        other.update(examples(other), sgd=sgd)
    assert not np.allclose(vectors(other, other.make_doc("two cups")), expected, atol=1e-3)
    assert other("").text == ""


def test_building_reads_nothing():
    model = build_transformer_model("no/such-encoder")
    assert model.shims[0].transformer is None
    with pytest.raises(HoneError, match="H213"):
        model.predict([Doc(spacy.blank("en").vocab, words=["a"])])


@pytest.mark.parametrize("options", [{"window": -1}, {"stride": -1}, {"max_batch_wordpieces": 0}])
def test_impossible_options(options):
    with pytest.raises(HoneError, match="H208"):
        build_transformer_model("x", **options)


def test_window_of_special_wordpieces_only(toy_model):
    with pytest.raises(HoneError, match="H208"):
        build_nlp(toy_model(window=2))
