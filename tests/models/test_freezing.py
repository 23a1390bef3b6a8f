import numpy as np
import pytest
import spacy
from thinc.api import Adam

from spacy_hone.errors import HoneError
from spacy_hone.models.freezing import freeze, layer_of

from .conftest import build_nlp, examples

TWELVE = {"num_hidden_layers": 12}


def weights(nlp) -> dict[str, np.ndarray]:
    transformer = nlp.get_pipe("transformer").model.shims[0].transformer
    return {name: weight.detach().numpy().copy() for name, weight in transformer.named_parameters()}


def moved(before, after) -> set[str]:
    return {name for name, weight in before.items() if not np.array_equal(weight, after[name])}


def train(nlp) -> tuple[dict, dict]:
    before = weights(nlp)
    sgd = Adam(0.01, L2=0.1, L2_is_weight_decay=True)
    for _ in range(3):
        nlp.update(examples(nlp), sgd=sgd)
    return before, weights(nlp)


def test_layer_1_is_not_layer_10(toy_nlp):
    nlp = toy_nlp(bert=TWELVE, freeze_layers=[1], freeze_embeddings=True)
    before, after = train(nlp)
    frozen = set(before) - moved(before, after)
    assert frozen == {n for n in before if n.startswith(("embeddings.", "encoder.layer.1."))}
    assert any(n.startswith("encoder.layer.10.") for n in moved(before, after))


def test_freezing_outlives_saving(toy_nlp, tmp_path):
    toy_nlp(freeze_layers=[0]).to_disk(tmp_path / "model")
    nlp = spacy.load(tmp_path / "model")
    before, after = train(nlp)
    assert {layer_of(name) for name in moved(before, after)} == {0, 2}


def test_everything_frozen(toy_nlp):
    nlp = toy_nlp(freeze_layers=[0, 1], freeze_embeddings=True)
    before, after = train(nlp)
    assert not moved(before, after)


@pytest.mark.parametrize("layers", [[2], [-1], [0, 7]])
def test_layer_out_of_range(toy_model, layers):
    with pytest.raises(HoneError, match="H207"):
        build_nlp(toy_model(freeze_layers=layers))


SIZES = {
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "hidden_size": 8,
    "intermediate_size": 8,
    "vocab_size": 9,
}


@pytest.mark.parametrize("kind", ["Bert", "Roberta", "XLMRoberta", "Electra", "DebertaV2", "DistilBert"])
def test_layers_of_other_encoders(kind):
    import transformers

    sizes = SIZES
    if kind == "DistilBert":
        sizes = {"n_layers": 3, "n_heads": 2, "dim": 8, "hidden_dim": 8, "vocab_size": 9}
    transformer = getattr(transformers, f"{kind}Model")(getattr(transformers, f"{kind}Config")(**sizes))
    freeze(transformer, embeddings=True, layers=[1])
    frozen = {layer_of(name) for name, weight in transformer.named_parameters() if not weight.requires_grad}
    trained = {layer_of(name) for name, weight in transformer.named_parameters() if weight.requires_grad}
    assert frozen == {0, 2}
    assert {1, 3} <= trained


def test_shared_layers_cannot_be_told_apart():
    from transformers import AlbertConfig, AlbertModel

    with pytest.raises(HoneError, match="H206"):
        freeze(AlbertModel(AlbertConfig(**SIZES, embedding_size=8)), embeddings=False, layers=[0])


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("embeddings.word_embeddings.weight", 0),
        ("encoder.layer.0.attention.self.query.weight", 1),
        ("encoder.layer.10.output.dense.bias", 11),
        ("transformer.layer.2.ffn.lin1.weight", 3),
        ("layers.4.mlp.Wi.weight", 5),
        ("encoder.LayerNorm.weight", 0),
    ],
)
def test_layer_of(name, layer):
    assert layer_of(name) == layer
