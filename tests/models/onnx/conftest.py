"""The toy BERT as an ONNX graph, and pipelines over it."""

import io
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language

from spacy_hone.models.onnx.graph import Graph, Network

LONGEST = 64


@pytest.fixture(scope="session")
def toy_files(toy_bert) -> Callable[[], tuple[bytes, bytes]]:
    """The graph of the toy BERT, and its tokenizer.json."""

    @cache
    def export() -> tuple[bytes, bytes]:
        import torch
        from transformers import AutoModel, AutoTokenizer

        from spacy_hone.models.tokenization import from_hugging_face

        bert = AutoModel.from_pretrained(toy_bert(), attn_implementation="eager", add_pooling_layer=False)
        inputs, outputs = ["input_ids", "attention_mask"], ["last_hidden_state"]
        file, ids = io.BytesIO(), torch.ones((2, 8), dtype=torch.int64)
        bert.config.return_dict = False
        torch.onnx.export(
            bert.eval(),
            (ids, ids),
            file,
            dynamo=False,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes={name: {0: "rows", 1: "wordpieces"} for name in inputs + outputs},
        )
        wordpieces = from_hugging_face(AutoTokenizer.from_pretrained(toy_bert()), "toy")
        return file.getvalue(), wordpieces.files["tokenizer.json"]

    return export


@pytest.fixture(scope="session")
def toy_graph(toy_files) -> Callable[..., Graph]:
    """toy_graph(kind="strided", window=..., stride=...): the graph, to be fed with such windows."""

    def make(kind: str = "hone", window: int = 0, stride: int = 16, **settings: Any) -> Graph:
        windows = {"kind": kind, "window": window, "stride": stride}
        given = {
            "width": 16,
            "pad_id": 0,
            "max_positions": LONGEST,
            "windows": windows,
            "inputs": ["input_ids", "attention_mask"],
            "precision": "fp32",
        }
        from spacy_hone.deploy.optimize.split import split

        onnx, tokenizer = toy_files()
        code, weights, _ = split(Network(onnx, {}))
        return Graph(code, weights, tokenizer, {**given, **settings})

    return make


def listen(pooling: str = "mean", width: int | None = 16) -> dict[str, Any]:
    return {"@architectures": "hone.EncoderListener.v1", "pooling": pooling, "width": width}


def listening(graph: Graph, *poolings: str, **encoder: Any) -> Language:
    """A pipeline of the encoder with a stock `tagger` of one label for each pooling, ready to predict."""
    nlp = spacy.blank("en")
    config = {"model": {"@architectures": "hone.OnnxEncoder.v1", **encoder}}
    nlp.add_pipe("hone_encoder", name="transformer", config=config).set_graph(graph)
    for pooling in poolings or ("mean",):
        model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listen(pooling)}
        nlp.add_pipe("tagger", name=f"tagger_{pooling}", config={"model": model}).add_label("X")
    nlp.initialize()
    return nlp


def vectors(nlp: Language, doc: Any, pooling: str = "mean") -> np.ndarray:
    """What the tagger of a pooling reads of a document."""
    return nlp.get_pipe(f"tagger_{pooling}").model.get_ref("tok2vec").predict([doc])[0]
