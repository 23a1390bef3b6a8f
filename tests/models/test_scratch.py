import numpy as np
import pytest
import spacy
from thinc.api import Adam

from spacy_hone.errors import HoneError
from spacy_hone.models.scratch import (
    POSITIONS,
    build_transformer_encoder,
    needs_tokenizer,
    set_tokenizer,
    sinusoids,
    train_tokenizer,
)
from spacy_hone.models.wordpieces import train_wordpieces

from .conftest import TRAIN, build_nlp, examples

CONFIG = {
    "@architectures": "hone.TransformerEncoder.v1",
    "vocab_size": 90,
    "depth": 2,
    "width": 16,
    "n_heads": 2,
}
TEXTS = [text for text, _ in TRAIN]


@pytest.fixture
def nlp():
    nlp = build_nlp({**CONFIG, "ff_width": 32, "precision": "fp32"}, initialize=False)
    train_tokenizer(nlp.get_pipe("transformer").model, TEXTS)
    nlp.initialize(lambda: examples(nlp))
    return nlp


def transformer(nlp):
    return nlp.get_pipe("transformer").model.shims[0].transformer


def test_trains_and_reloads(nlp, tmp_path):
    sgd = Adam(0.005)
    positions = transformer(nlp).get_parameter(POSITIONS).detach().clone()
    losses = []
    for _ in range(25):
        record = {}
        nlp.update(examples(nlp), sgd=sgd, losses=record)
        losses.append(float(record["ner"]))
    assert losses[-1] < 0.5 * losses[0]
    nlp.to_disk(tmp_path / "model")
    other = spacy.load(tmp_path / "model")
    a, b = (n(TEXTS[0])._.trf_data.model_output.last_hidden_state for n in (nlp, other))
    assert (a == b).all()
    for reloaded in (nlp, other):
        weight = transformer(reloaded).get_parameter(POSITIONS)
        assert not weight.requires_grad and weight.equal(positions)


def test_positions_are_sinusoids(nlp):
    weight = transformer(nlp).get_parameter(POSITIONS).numpy()
    assert weight.shape == (512, 16)
    np.testing.assert_allclose(weight * 4, sinusoids(512, 16), atol=1e-6)
    np.testing.assert_allclose(
        sinusoids(3, 4)[2], [np.sin(2), np.cos(2), np.sin(0.02), np.cos(0.02)], rtol=1e-6
    )


def test_needs_a_tokenizer_once():
    model = build_transformer_encoder(width=16, n_heads=2, ff_width=16, depth=1)
    assert needs_tokenizer(model)
    with pytest.raises(HoneError, match=r"(?s)H210.*hone\.TrainWordpieces\.v1"):
        model.initialize()
    set_tokenizer(model, train_wordpieces(TEXTS, 80))
    assert not needs_tokenizer(model)
    model.initialize()
    assert model.get_dim("nO") == 16
    with pytest.raises(HoneError, match="H211"):
        set_tokenizer(model, train_wordpieces(TEXTS, 80))


def test_pretrained_encoders_keep_their_tokenizer(toy_model):
    model = build_nlp(toy_model(), initialize=False).get_pipe("transformer").model
    assert not needs_tokenizer(model)
    with pytest.raises(HoneError, match="H211"):
        set_tokenizer(model, train_wordpieces(TEXTS, 80))


def test_width_must_fit_the_heads():
    with pytest.raises(HoneError, match="H208"):
        build_transformer_encoder(width=10, n_heads=4)


def test_wordpieces_of_mixed_text():
    tokenizer = train_wordpieces(["顺丰速运 SF Express", "送到北京 Express"], vocab_size=200, lowercase=True)
    assert tokenizer.tokenize("北京express") == ["北", "京", "express"]
    assert tokenizer("a")["input_ids"][0] == tokenizer.cls_token_id
    assert len(tokenizer) <= 200


def test_case_is_kept_on_demand():
    assert "S" in train_wordpieces(["SF"], 100, lowercase=False).get_vocab()
    assert "S" not in train_wordpieces(["SF"], 100).get_vocab()


def test_nothing_to_train_from():
    with pytest.raises(HoneError, match="H212"):
        train_wordpieces(["", "  "])
