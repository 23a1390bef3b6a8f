"""`keep_layers`: a smaller encoder of a larger one's layers."""

import numpy as np
import pytest
import spacy
import torch

from spacy_hone.errors import HoneError
from spacy_hone.models.checkpoint import pack, unpack
from spacy_hone.models.freezing import layer_of
from spacy_hone.models.layers import keep_layers
from spacy_hone.models.transformer import build_transformer_model

from .conftest import build_nlp, examples
from .test_freezing import SIZES, moved, train, weights

SIX = {"num_hidden_layers": 6}
KINDS = ["Bert", "Roberta", "XLMRoberta", "Electra", "DebertaV2", "MPNet", "DistilBert"]


def make(kind: str, **settings):
    """An encoder of 3 layers and random weights."""
    import transformers

    sizes = {**SIZES, **settings}
    if kind == "DistilBert":
        sizes = {"n_layers": 3, "n_heads": 2, "dim": 8, "hidden_dim": 8, "vocab_size": 9}
    torch.manual_seed(0)
    transformer = getattr(transformers, f"{kind}Model")(getattr(transformers, f"{kind}Config")(**sizes))
    transformer.pooler = None  # as `load_pretrained` makes it
    return transformer.eval()


def hidden(transformer) -> np.ndarray:
    with torch.no_grad():
        ids = torch.tensor([[3, 4, 5, 6]])
        return transformer.eval()(
            input_ids=ids, attention_mask=torch.ones_like(ids)
        ).last_hidden_state.numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_layers_of_other_encoders(kind):
    transformer = make(kind)
    student = keep_layers(transformer, [2, 0])
    assert type(student) is type(transformer)
    assert student.config.num_hidden_layers == 2
    assert transformer.config.num_hidden_layers == 3
    state = transformer.state_dict()
    for name, weight in student.state_dict().items():
        place = layer_of(name) - 1
        source = name.replace(f".{place}.", f".{[2, 0][place]}.", 1) if place >= 0 else name
        assert torch.equal(weight, state[source]), name


@pytest.mark.parametrize("kind", ["Bert", "DistilBert"])
def test_what_the_layers_compute(kind):
    """As the trained encoder does with its own list of layers cut by hand."""
    transformer = make(kind)
    student = keep_layers(transformer, [0, 2])
    stack = transformer.encoder if kind == "Bert" else transformer.transformer
    del stack.layer[1]
    np.testing.assert_array_equal(hidden(student), hidden(transformer))


def test_all_layers_are_the_encoder_itself():
    transformer = make("Bert")
    np.testing.assert_array_equal(hidden(keep_layers(transformer, [0, 1, 2])), hidden(transformer))


def test_the_weights_are_copies():
    transformer = make("Bert")
    keep_layers(transformer, [1]).encoder.layer[0].output.dense.weight.data.zero_()
    assert transformer.encoder.layer[1].output.dense.weight.any()


@pytest.mark.parametrize("layers", [[], [3], [-1], [0, 0]])
def test_layers_that_are_not_there(layers):
    with pytest.raises(HoneError, match=r"H215.*has 3: 0 to 2"):
        keep_layers(make("Bert"), layers)


def test_encoders_without_layers_of_their_own():
    from transformers import AlbertConfig, AlbertModel

    with pytest.raises(HoneError, match=r"H206.*Leave keep_layers out"):
        keep_layers(AlbertModel(AlbertConfig(**SIZES, embedding_size=8)), [0])


def test_layers_that_are_not_of_one_kind():
    """The first layer of ModernBERT has no normalisation of its input."""
    transformer = make(
        "ModernBert", pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2
    )
    assert keep_layers(transformer, [0, 2]).config.num_hidden_layers == 2
    with pytest.raises(HoneError, match="H216"):
        keep_layers(transformer, [1, 2])


def test_saved_and_loaded(toy_nlp, tmp_path):
    nlp = toy_nlp(bert=SIX, keep_layers=[0, 2, 4], window=20, stride=6)
    nlp.update(examples(nlp), sgd=nlp.create_optimizer())
    transformer = nlp.get_pipe("transformer").model.shims[0].transformer
    assert {layer_of(name) for name, _ in transformer.named_parameters()} == {0, 1, 2, 3}
    nlp.to_disk(tmp_path / "model")
    other = spacy.load(tmp_path / "model")
    assert other.get_pipe("transformer").model.shims[0].transformer.config.num_hidden_layers == 3
    ours, theirs = (each("two cups")._.trf_data.model_output.last_hidden_state for each in (nlp, other))
    np.testing.assert_array_equal(ours, theirs)
    other.initialize()  # keeps what was loaded
    assert len(weights(other)) == len(weights(nlp))


def test_frozen_layers_are_those_that_stay(toy_nlp):
    nlp = toy_nlp(bert=SIX, keep_layers=[0, 2, 4], freeze_layers=[2])
    before, after = train(nlp)
    assert {layer_of(name) for name in moved(before, after)} == {0, 1, 2}


def test_a_layer_too_many_is_an_error_of_initialisation(toy_model):
    with pytest.raises(HoneError, match=r"H215.*\[0, 6\].*has 6"):
        build_nlp(toy_model(bert=SIX, keep_layers=[0, 6]))


def test_two_ways_to_say_the_depth():
    with pytest.raises(HoneError, match=r"H208.*num_hidden_layers"):
        build_transformer_model("x", keep_layers=[0], transformer_config={"num_hidden_layers": 1})


def test_begin_from_a_trained_encoder(toy_nlp, toy_model):
    """Layers, embeddings and tokenizer of the trained one; settings of its own."""
    trained = toy_nlp(bert=SIX).get_pipe("transformer").model.shims[0]
    model = build_nlp(
        toy_model(keep_layers=[1, 5], transformer_config={"hidden_dropout_prob": 0.3}), initialize=False
    )
    shim = model.get_pipe("transformer").model.shims[0]
    shim.begin_from(trained)
    shim.initialize()
    expected = keep_layers(unpack(pack(trained.wordpieces, trained.transformer), {})[1], [1, 5])
    for (name, weight), (_, other) in zip(shim.transformer.named_parameters(), expected.named_parameters()):
        assert torch.equal(weight, other), name
    assert shim.transformer.config.hidden_dropout_prob == 0.3
    assert shim.wordpieces.strings.tolist() == trained.wordpieces.strings.tolist()
