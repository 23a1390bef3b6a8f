import pytest
import srsly

from spacy_hone.errors import HoneError
from spacy_hone.models.checkpoint import load_pretrained, max_positions, pack, unpack


@pytest.fixture
def saved(toy_bert) -> dict:
    return srsly.msgpack_loads(pack(*load_pretrained(str(toy_bert()), {}, {})))


def test_pack_and_unpack(saved):
    wordpieces, transformer = unpack(srsly.msgpack_dumps(saved), {"hidden_dropout_prob": 0.3})
    assert wordpieces(["ab"])[0].ids.tolist()
    assert transformer.config.hidden_dropout_prob == 0.3
    assert pack(wordpieces, transformer)


@pytest.mark.parametrize(
    "config", [{"num_hidden_layers": 1}, {"num_hidden_layers": 3}, {"intermediate_size": 8}]
)
def test_mismatch_is_an_error(saved, config):
    with pytest.raises(HoneError, match="H209"):
        unpack(srsly.msgpack_dumps(saved), config)


def test_broken_bytes(saved):
    with pytest.raises(HoneError, match="H209"):
        unpack(srsly.msgpack_dumps({**saved, "weights": b"broken"}), {})


@pytest.mark.parametrize(("kind", "longest"), [("Bert", 20), ("Roberta", 18), ("DistilBert", 20)])
def test_max_positions(kind, longest):
    import transformers

    config = getattr(transformers, f"{kind}Config")(
        vocab_size=9, hidden_size=8, dim=8, num_hidden_layers=1, n_layers=1, num_attention_heads=2, n_heads=2,
        intermediate_size=8, hidden_dim=8, max_position_embeddings=20,
    )  # fmt: skip
    assert max_positions(getattr(transformers, f"{kind}Model")(config)) == longest
