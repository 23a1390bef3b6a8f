import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel

from spacy_hone.models.checkpoint import first_position
from spacy_hone.models.packing import can_pack, group

SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
DISTIL = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}
SMALL = {"vocab_size": 60, "max_position_embeddings": 40}


def make(kind: str, **settings):
    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **(DISTIL if kind == "distilbert" else SIZES), **SMALL, **settings)
    return AutoModel.from_config(config)


@pytest.mark.parametrize(
    "kind, settings, expected",
    [
        ("bert", {}, True),
        ("roberta", {}, True),
        ("xlm-roberta", {}, True),
        ("camembert", {}, True),
        ("albert", {"embedding_size": 8}, True),
        ("bert", {"attn_implementation": "eager"}, False),
        ("bert", {"position_embedding_type": "relative_key"}, False),
        ("distilbert", {}, False),
        ("mpnet", {}, False),
        ("deberta-v2", {"relative_attention": True, "position_biased_input": False}, False),
        ("modernbert", {"pad_token_id": 0, "local_attention": 8}, False),
    ],
)
def test_which_encoders_can_be_packed(kind, settings, expected):
    transformer = make(kind, **settings).train()
    assert can_pack(transformer, 20, first_position(transformer)) is expected
    assert transformer.training and all(weight.grad is None for weight in transformer.parameters())


@pytest.mark.parametrize("error", [AttributeError, AssertionError, RuntimeError])
def test_encoders_that_fail_are_padded(error):
    transformer = make("bert")

    def fail(*args, **kwargs):
        raise error

    transformer.forward = fail
    assert not can_pack(transformer, 20, 0)
    del transformer.config.vocab_size
    assert not can_pack(make("bert"), 0, 0) and not can_pack(transformer, 20, 0)


def test_a_wrong_first_position_is_found_out():
    transformer = make("roberta")
    assert first_position(transformer) == 2
    assert not can_pack(transformer, 20, 0)


def test_rows_of_one_length_are_not_padded():
    even, uneven = group(np.array([3, 3]), 5), group(np.array([3, 1]), 5)
    assert even == (5, 11, (2, 3), None, None)
    assert uneven[:3] == (5, 9, (2, 3))
    assert uneven.places.tolist() == [0, 1, 2, 3]
    assert uneven.mask.flatten().tolist() == [0, 0, 0, 0, -np.inf, -np.inf]
