"""Pipelines over encoders of random weights, trained for a moment, so that they decide something."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from .toy_tokenizers import LONGEST, TOKENIZERS, wordpieces

TRAIN = [
    ("two cups of sugar, chopped", [(12, 17, "FOOD")]),
    ("one kg flour and a pinch of salt", [(7, 12, "FOOD"), (28, 32, "FOOD")]),
    ("salt and 250 grams of strong white bread flour", [(0, 4, "FOOD"), (41, 46, "FOOD")]),
    ("stir it well", []),
]
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
DISTIL = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}
WINDOWS = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 6, "stride": 4}
STOCK = {"@architectures": "spacy-transformers.TransformerModel.v3", "get_spans": WINDOWS}
OURS = {"@architectures": "hone.TransformerModel.v1", "precision": "fp32", "window": 12, "stride": 4}


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Callable[[str], Path]:
    """checkpoint("Bert"), "Roberta" ...: the folder of an encoder of random weights, with a tokenizer of its kind."""

    @cache
    def write(kind: str) -> Path:
        import torch
        import transformers

        folder = tmp_path_factory.mktemp(kind)
        tokenizer = TOKENIZERS.get(kind, wordpieces)(folder)
        tokenizer.save_pretrained(folder)
        torch.manual_seed(0)
        config = getattr(transformers, f"{kind}Config")(
            vocab_size=len(tokenizer),
            max_position_embeddings=LONGEST + 2,  # RoBERTa's begin at 2
            pad_token_id=tokenizer.pad_token_id,
            initializer_range=0.3,
            **(DISTIL if kind == "DistilBert" else SIZES),
        )
        getattr(transformers, f"{kind}Model")(config).save_pretrained(folder)
        return folder

    return write


@pytest.fixture(scope="session")
def pipeline(checkpoint, tmp_path_factory) -> Callable[..., Path]:
    """pipeline("stock" | "ours", "Bert"): the folder of a pipeline whose components all listen, by several poolings."""

    @cache
    def write(architecture: str = "ours", kind: str = "Bert") -> Path:
        model = {**(STOCK if architecture == "stock" else OURS), "name": str(checkpoint(kind))}
        path = tmp_path_factory.mktemp("pipeline") / architecture
        train(model).to_disk(path)
        return path

    return write


def listen(pooling: str) -> dict[str, Any]:
    name = "spacy-transformers.TransformerListener.v1"
    return {"@architectures": name, "grad_factor": 1.0, "pooling": {"@layers": f"reduce_{pooling}.v1"}}


def train(model: dict[str, Any]) -> Language:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("ner", config={"model": {"tok2vec": listen("mean")}})
    nlp.add_pipe("tagger", config={"model": {"tok2vec": listen("first")}})
    nlp.add_pipe("hone_ner", config={"spans_key": "food", "model": {"tok2vec": listen("max")}})
    nlp.initialize(lambda: examples(nlp))
    sgd = Adam(0.01)
    for step in range(1, 301):
        nlp.update(examples(nlp), sgd=sgd)
        if step % 20 == 0 and step >= 60 and knows_its_examples(nlp):
            break
    return nlp


def knows_its_examples(nlp: Language) -> bool:
    docs = [nlp(text) for text, _ in TRAIN]
    found = [{(span.start_char, span.end_char) for span in doc.spans["food"]} for doc in docs]
    return found == [{(start, end) for start, end, _ in entities} for _, entities in TRAIN]


def examples(nlp: Language) -> list[Example]:
    found = []
    for text, entities in TRAIN:
        eg = Example.from_dict(nlp.make_doc(text), {"entities": entities})
        for token in eg.reference:
            token.tag_ = "LONG" if len(token) > 4 else "SHORT"
        eg.reference.spans["food"] = list(eg.reference.ents)
        found.append(eg)
    return found


@pytest.fixture(scope="session")
def dev(tmp_path_factory) -> Path:
    """The documents that the pipelines were trained on, annotated, and a long one."""
    nlp = spacy.blank("en")
    docs = [eg.reference for eg in examples(nlp)]
    path = tmp_path_factory.mktemp("dev") / "dev.spacy"
    DocBin(docs=docs, store_user_data=False).to_disk(path)
    return path
