"""`hone extend`: the settings of its config follow the training before, and what cannot be extended is refused."""

from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from thinc.api import Config

from spacy_hone.errors import HoneError
from spacy_hone.training.extend import Choices, default_rate, extend

from .toy_extension import corpus, train_old


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return train_old(tmp_path_factory.mktemp("old"))


@pytest.mark.parametrize(
    ("optimizer", "factory", "expected"),
    [
        ({}, "tok2vec", 1e-3),
        ({}, "transformer", 1e-4),
        ({"learn_rate": 0.02}, "transformer", 0.02),
        ({"learn_rate": "${vars.learn_rate}"}, "tok2vec", 0.03),
        ({"learn_rate": {"@schedules": "any.v1", "initial_rate": "${vars.learn_rate}"}}, "tok2vec", 0.03),
        ({"learn_rate": {"@schedules": "compounding.v1", "start": 0.5}}, "transformer", 1e-4),
        ({"@optimizers": "Adam.v1", "learn_rate": 0.02}, "tok2vec", 1e-3),
    ],
)
def test_the_rate_is_that_of_the_training_before(optimizer, factory, expected):
    config = Config({"vars": {"learn_rate": 0.03}, "components": {"one": {"factory": factory}}})
    config["training"] = {"optimizer": {"@optimizers": "hone.AdamW.v1"} | optimizer}
    assert default_rate(config) == expected


def test_the_config_has_no_settings_that_do_nothing(model, tmp_path):
    nlp, new = spacy.load(model), corpus(tmp_path / "new.spacy", "LOC")
    nlp.config["vars"] = {"learn_rate": 0.5, "rate": 0.3, "drop": 0.2}
    nlp.config["paths"] |= {"teacher": None}
    nlp.config["training"]["dropout"] = "${vars.drop}"
    nlp.config["training"]["before_to_disk"] = {"@callbacks": "theirs.v1"}
    nlp.to_disk(tmp_path / "old")
    config, _ = extend(str(tmp_path / "old"), new, tmp_path / "out.cfg", Choices(learn_rate=0.01))
    assert config["vars"] == {"drop": 0.2, "learn_rate": 0.01}
    assert config["paths"].keys() == {"model", "train", "dev"}
    assert config["training"]["before_to_disk"] is None
    changed = load_config(tmp_path / "out.cfg", {"vars.learn_rate": 0.02}, interpolate=True)
    assert changed["training"]["optimizer"]["learn_rate"]["initial_rate"] == 0.02
    assert changed["training"]["dropout"] == 0.2


def test_without_a_dev_corpus_training_says_where_one_is_named(model, tmp_path):
    extend(str(model), corpus(tmp_path / "new.spacy", "LOC"), tmp_path / "out.cfg", Choices())
    with pytest.raises(HoneError, match=r"H124.*--paths\.dev"):
        init_nlp(load_config(tmp_path / "out.cfg", interpolate=False))


@pytest.mark.parametrize("name", ["new", "replay"])
@pytest.mark.parametrize(
    ("texts", "match"), [([], "H512.*{name} corpus.*is empty"), (["Ann"], "H514.*'ner'.*none of the 1 doc.*{name}")]
)
def test_corpora_without_anything(model, tmp_path, name, texts, match):
    DocBin(docs=list(spacy.blank("en").pipe(texts))).to_disk(tmp_path / "bare.spacy")
    new = corpus(tmp_path / "new.spacy", "LOC") if name == "replay" else tmp_path / "bare.spacy"
    choices = Choices(replay=tmp_path / "bare.spacy") if name == "replay" else Choices()
    with pytest.raises(HoneError, match=match.format(name=name)):
        extend(str(model), new, tmp_path / "out.cfg", choices)


@pytest.mark.parametrize(
    ("wanted", "others", "match"),
    [
        (None, ["tok2vec"], r"has no component whose .* has: tok2vec \(tok2vec\)"),
        ("nre", ["tok2vec", "ner"], r"has no component 'nre' whose"),
        (None, ["ner", "tagger"], r"has several components whose .* --component chooses"),
    ],
)
def test_what_cannot_be_extended_is_said(tmp_path, wanted, others, match):
    nlp = spacy.blank("en")
    for name in others:
        nlp.add_pipe({"ner": "hone_ner", "tagger": "hone_tagger"}.get(name, name), name=name)
    nlp.to_disk(tmp_path / "old")
    new = corpus(tmp_path / "new.spacy", "LOC")
    with pytest.raises(HoneError, match=f"H521.*{match}"):
        extend(str(tmp_path / "old"), new, tmp_path / "out.cfg", Choices(component=wanted))
