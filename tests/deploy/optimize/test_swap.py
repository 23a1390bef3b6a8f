import pytest
import spacy
from thinc.api import Model, reduce_mean

from spacy_hone.deploy.optimize.swap import LISTENER, find_listening, rewrite, swap
from spacy_hone.errors import HoneError
from spacy_hone.models.onnx.listener import EncoderListener


def test_every_listener_follows(pipeline):
    nlp = spacy.load(pipeline("ours"))
    nlp.disable_pipe("tagger")
    counts = {name: len(list(nlp.get_pipe(name).model.walk())) for name in ("ner", "hone_ner")}
    assert [(each.component, each.pooling) for each in find_listening(nlp, "transformer")] == [
        ("ner", "mean"),
        ("tagger", "first"),
        ("hone_ner", "max"),
    ]
    encoder = swap(nlp, "transformer", 16, {})
    assert nlp.get_pipe_meta("transformer").factory == "hone_encoder" and nlp.disabled == ["tagger"]
    assert nlp.component_names == ["sentencizer", "transformer", "ner", "tagger", "hone_ner"]
    assert {"ner", "hone_ner"} <= set(encoder.listener_map)
    for name, n_nodes in counts.items():
        nodes = list(nlp.get_pipe(name).model.walk())
        assert any(isinstance(node, EncoderListener) for node in nodes)
        assert len(nodes) == n_nodes - 3  # chain, listener, trfs2arrays and pooling are one now
    assert LISTENER not in str(nlp.config["components"])
    block = nlp.config["components"]["tagger"]["model"]["tok2vec"]
    assert block == {
        "@architectures": "hone.EncoderListener.v1",
        "pooling": "first",
        "upstream": "*",
        "width": 16,
    }


def test_listeners_of_others_stay():
    other = {"@architectures": LISTENER, "upstream": "other", "pooling": {"@layers": "reduce_sum.v1"}}
    ours = {**other, "upstream": "transformer"}
    found = rewrite({"model": {"a": other, "b": {"c": ours}, "n": 3}}, "transformer", 8)
    assert found["model"]["a"] == other and found["model"]["n"] == 3
    assert (
        found["model"]["b"]["c"]["pooling"] == "sum" and found["model"]["b"]["c"]["upstream"] == "transformer"
    )


def test_listeners_that_cannot_follow(pipeline):
    nlp = spacy.load(pipeline("ours"))
    [_, tagger, _] = find_listening(nlp, "transformer")
    tagger.node.layers[1].layers[0] = Model("my_pooling", reduce_mean()._func)
    with pytest.raises(HoneError, match=r"H718.*'tagger' pools wordpieces by my_pooling"):
        find_listening(nlp, "transformer")
    tagger.node.layers.pop()
    with pytest.raises(HoneError, match=r"H718.*takes the transformer's output"):
        find_listening(nlp, "transformer")
