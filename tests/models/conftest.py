"""A toy BERT on disk and pipelines over it. Its vocabulary spells every word letter by letter."""

import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CHARACTERS = string.ascii_lowercase + string.digits + string.punctuation
TRAIN = [
    ("2 cups sugar , \n\n chopped", {"entities": [(7, 12, "FOOD")]}),
    ("1 kg flour", {"entities": [(5, 10, "FOOD")]}),
    ("a pinch of salt and 250 grams of strong white bread flour", {"entities": [(11, 15, "FOOD")]}),
]


@pytest.fixture(scope="session")
def toy_bert(tmp_path_factory) -> Callable[..., Path]:
    """Write a BERT of random weights: toy_bert(num_hidden_layers=2, ...) gives its folder."""
    made: dict[str, Path] = {}

    def write(**settings: Any) -> Path:
        import torch
        from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

        if (key := repr(sorted(settings.items()))) not in made:
            folder = made[key] = tmp_path_factory.mktemp("bert")
            vocab = SPECIAL + list(CHARACTERS) + [f"##{c}" for c in CHARACTERS]
            (folder / "vocab.txt").write_text("\n".join(vocab), encoding="utf8")
            BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
            sizes = {
                "hidden_size": 16,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "intermediate_size": 32,
            }
            torch.manual_seed(0)
            config = BertConfig(vocab_size=len(vocab), **{**sizes, "max_position_embeddings": 64, **settings})
            BertForMaskedLM(config).save_pretrained(folder)
        return made[key]

    return write


def build_nlp(model: dict[str, Any], pooling: str = "reduce_first.v1", initialize: bool = True) -> Language:
    """A pipeline of the stock `transformer` with this model and the stock `ner` listening to it."""
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": model})
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": pooling},
    }
    nlp.add_pipe("ner", config={"model": {"tok2vec": listener}})
    if initialize:
        nlp.initialize(lambda: examples(nlp))
    return nlp


def examples(nlp: Language) -> list[Example]:
    return [Example.from_dict(nlp.make_doc(text), annotation) for text, annotation in TRAIN]


@pytest.fixture
def toy_model(toy_bert) -> Callable[..., dict[str, Any]]:
    """The config of a `hone.TransformerModel.v1` over the toy BERT; settings of BERT go by `bert`."""

    def config(bert: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        name = str(toy_bert(**(bert or {})))
        return {"@architectures": "hone.TransformerModel.v1", "name": name, "precision": "fp32", **options}

    return config


@pytest.fixture
def toy_nlp(toy_model) -> Callable[..., Language]:
    """toy_nlp(window=..., pooling=..., bert={...}): an initialised pipeline."""

    def make(pooling: str = "reduce_first.v1", **options: Any) -> Language:
        return build_nlp(toy_model(**options), pooling)

    return make
