"""`hone.TrainWordpieces.v1` and `hone.Callbacks.v1`."""

import pytest
import spacy
from spacy.tokens import DocBin
from thinc.api import Config

from spacy_hone.errors import HoneError
from spacy_hone.training.callbacks import make_callbacks
from spacy_hone.training.wordpieces import make_train_wordpieces


def test_callbacks_are_called_in_order():
    calls = []

    def note(name):
        return lambda nlp: calls.append(name) or nlp

    nlp = spacy.blank("en")
    assert make_callbacks(note("a"), note("b"))(nlp) is nlp
    assert calls == ["a", "b"]


BOTH = """
[before_init]
@callbacks = "hone.Callbacks.v1"

[before_init.*.bind]
@callbacks = "hone.BindOptimizer.v1"

[before_init.*.check]
@callbacks = "hone.CheckCorpora.v1"
"""


def test_callbacks_in_a_config():
    callback = spacy.registry.resolve(Config().from_str(BOTH))["before_init"]
    with pytest.raises(HoneError, match=r"\[H124\]"):
        callback(spacy.blank("en", config={"corpora": {"train": {"path": None}, "dev": {"path": None}}}))


def test_the_encoder_gets_a_tokenizer_of_the_corpus(tmp_path):
    pytest.importorskip("spacy_transformers")
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "transformer", config={"model": {"@architectures": "hone.TransformerEncoder.v1", "vocab_size": 40}}
    )
    DocBin(docs=[nlp.make_doc("salt and pepper"), nlp.make_doc("pepper")]).to_disk(tmp_path / "train.spacy")
    callback = make_train_wordpieces(tmp_path / "train.spacy")
    assert callback(nlp) is nlp
    vocab = nlp.get_pipe("transformer").model.shims[0].wordpieces.strings
    assert "pepper" in vocab
    with pytest.raises(HoneError, match=r"\[H507\].*'transformer'"):
        callback(nlp)


@pytest.mark.parametrize("factory", ["tagger", "sentencizer"])
def test_a_pipeline_without_such_an_encoder_is_an_error(factory, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe(factory)
    with pytest.raises(HoneError, match=rf"\[H507\].*{factory}"):
        make_train_wordpieces(tmp_path, component=factory)(nlp)
