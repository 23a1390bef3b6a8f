"""`hone extend`: a config that trains as it stands, and keeps what the pipeline knew."""

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config
from typer.testing import CliRunner

from spacy_hone.cli import hone_cli
from spacy_hone.errors import HoneError
from spacy_hone.models.scratch import train_tokenizer
from spacy_hone.training.extend import Choices, extend
from spacy_hone.training.freeze_layers import make_freeze_layers

from .toy_extension import HEAD, LABELS, TEXTS, corpus, train_old


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return train_old(tmp_path_factory.mktemp("old"))


def test_the_config_trains_and_keeps_the_old_labels(model, tmp_path):
    new = corpus(tmp_path / "new.spacy", "LOC")
    dev = corpus(tmp_path / "dev.spacy", "PER", "LOC")
    choices = Choices(dev=dev, steps=60, learn_rate=0.01)
    extend(str(model), new, tmp_path / "out.cfg", choices)
    text = (tmp_path / "out.cfg").read_text(encoding="utf8")
    assert text.startswith("#") and f"python -m spacy train {tmp_path / 'out.cfg'}" in text
    nlp = init_nlp(load_config(tmp_path / "out.cfg", {"training.eval_frequency": 20}, interpolate=False))
    (tmp_path / "trained").mkdir()
    train(nlp, tmp_path / "trained", stdout=StringIO(), stderr=StringIO())
    trained = spacy.load(tmp_path / "trained" / "model-best")
    assert trained.get_pipe("ner").labels == ("PER", "LOC")
    found = {(ent.text, ent.label_) for doc in trained.pipe(TEXTS) for ent in doc.ents}
    assert found == set(LABELS.items())
    settings = trained.config["initialize"]["components"].get("ner", {})
    assert not {"teacher", "init_from", "relabel"} & settings.keys()
    assert str(model) not in (tmp_path / "trained" / "model-best" / "config.cfg").read_text("utf8")
    again = {"training.max_steps": 2, "training.optimizer.learn_rate.warmup_steps": 1}
    path = tmp_path / "trained" / "model-best" / "config.cfg"
    assert init_nlp(load_config(path, again, interpolate=False)).get_pipe("ner").labels == ("PER", "LOC")


def test_tokenizer_and_word_vectors_are_the_old_ones(model, tmp_path):
    nlp = spacy.load(model)
    nlp.tokenizer.add_special_case("annrome", [{"ORTH": "ann"}, {"ORTH": "rome"}])
    nlp.vocab.set_vector("Ann", np.ones(3, dtype="float32"))
    nlp.to_disk(tmp_path / "own")
    new = corpus(tmp_path / "new.spacy", "LOC")
    extend(str(tmp_path / "own"), new, tmp_path / "out.cfg", Choices(dev=new))
    extended = init_nlp(load_config(tmp_path / "out.cfg", interpolate=False))
    assert [token.text for token in extended("annrome")] == ["ann", "rome"]
    assert extended.vocab.get_vector("Ann").tolist() == [1, 1, 1]


def test_a_head_that_shares_the_encoder_is_named(model, tmp_path):
    new, nlp = corpus(tmp_path / "new.spacy", "LOC"), spacy.load(model)
    nlp.add_pipe("ner", name="other", source=spacy.load(model))
    nlp.to_disk(tmp_path / "two")
    config, _ = extend(str(tmp_path / "two"), new, tmp_path / "out.cfg", Choices(component="ner"))
    assert config["training"]["frozen_components"] == ["other"]
    assert "# other: not trained" in (tmp_path / "out.cfg").read_text(encoding="utf8")
    extend(str(model), new, tmp_path / "one.cfg", Choices())
    assert "not trained" not in (tmp_path / "one.cfg").read_text(encoding="utf8")


@pytest.mark.parametrize(
    ("crf", "given", "relabel", "alpha"),
    [
        (False, {}, "soft", 1.0),
        (False, {"alpha": 0.25}, "soft", 0.25),
        (False, {"relabel": "hard"}, "hard", 0.5),
        (False, {"relabel": "none"}, "none", 0.5),
        (True, {}, "hard", 0.5),
        (True, {"relabel": "soft"}, "soft", 0.5),
    ],
)
def test_what_is_not_said_follows(model, tmp_path, *, crf, given, relabel, alpha):
    nlp, new = spacy.load(model), corpus(tmp_path / "new.spacy", "LOC")
    if crf:
        nlp.remove_pipe("ner")
        ner = nlp.add_pipe("hone_ner", name="ner", config={"model": {**HEAD, "crf": True}})
        ner.add_label("PER")
        nlp.initialize()
    nlp.to_disk(tmp_path / "old")
    config, _ = extend(str(tmp_path / "old"), new, tmp_path / "out.cfg", Choices(**given))
    assert config["initialize"]["components"]["ner"]["relabel"] == relabel
    assert config["components"]["ner"]["loss"]["alpha"] == alpha


def test_a_replay_corpus_says_what_it_is_annotated_with(model, tmp_path):
    new, old = corpus(tmp_path / "new.spacy", "LOC"), corpus(tmp_path / "old.spacy", "PER")
    config, _ = extend(str(model), new, tmp_path / "out.cfg", Choices(replay=old))
    readers = config["corpora"]["train"]["*"]
    assert {name: reader["annotated"] for name, reader in readers.items()} == {
        "new": ["LOC"],
        "replay": ["PER"],
    }


def test_a_replay_corpus_with_some_of_the_old_labels_leaves_the_others_open(model, tmp_path):
    """Its O would else say that there is nothing of the others."""
    nlp = spacy.load(model)
    nlp.get_pipe("ner").add_label("ACT")
    nlp.to_disk(tmp_path / "old")
    new, old = corpus(tmp_path / "new.spacy", "LOC"), corpus(tmp_path / "old.spacy", "PER")
    config, counts = extend(str(tmp_path / "old"), new, tmp_path / "out.cfg", Choices(replay=old))
    assert config["corpora"]["train"]["*"]["replay"]["annotated"] == ["PER"]
    assert "old.spacy (replayed) is annotated with PER." in (tmp_path / "out.cfg").read_text(encoding="utf8")
    assert counts.keys() == {"LOC"}


def test_a_replay_corpus_with_labels_that_nobody_knows(model, tmp_path):
    new, other = corpus(tmp_path / "new.spacy", "LOC"), corpus(tmp_path / "other.spacy", "PER", "LOC")
    extend(str(model), new, tmp_path / "out.cfg", Choices(replay=other))
    strange = spacy.blank("en")("Ann sees Rome")
    strange.set_ents([Span(strange, 1, 2, label="ACT")])
    DocBin(docs=[strange]).to_disk(tmp_path / "strange.spacy")
    with pytest.raises(HoneError, match=r"H529.*strange.*ACT \(1\)"):
        extend(str(model), new, tmp_path / "o.cfg", Choices(replay=tmp_path / "strange.spacy"))


@pytest.mark.parametrize("name", ["dev", "replay"])
def test_a_corpus_that_is_not_there(model, tmp_path, name):
    new = corpus(tmp_path / "new.spacy", "LOC")
    with pytest.raises(HoneError, match=r"H124.*nowhere"):
        extend(str(model), new, tmp_path / "o.cfg", Choices(**{name: tmp_path / "nowhere.spacy"}))
    assert not (tmp_path / "o.cfg").exists()


@pytest.mark.parametrize(
    ("labels", "wanted", "match"),
    [
        (("LOC", "PER"), ["LOC"], None),
        (("LOC",), ["ORG"], r"H523.*ORG.*LOC \(6\)"),
        (("PER",), [], "H524"),
        ((), [], "H524.*: none"),
    ],
)
def test_labels(model, tmp_path, labels, wanted, match):
    new = corpus(tmp_path / "new.spacy", *labels)
    if match is None:
        config, _ = extend(str(model), new, tmp_path / "out.cfg", Choices(labels=wanted))
        assert config["initialize"]["components"]["ner"]["labels"] == ["PER", "LOC"]
        return
    with pytest.raises(HoneError, match=match):
        extend(str(model), new, tmp_path / "out.cfg", Choices(labels=wanted))
    assert not (tmp_path / "out.cfg").exists()


def test_names_that_a_config_would_change(tmp_path):
    """Tags of the Penn Treebank, and a folder; a setting of the paths that the component itself reads."""
    nlp = spacy.blank("en")
    nlp.add_pipe("hone_tagger", name="tagger")
    old, new = map(nlp.make_doc, ("Ann likes her", "Ann pays dollars"))
    tags = {"Ann": "NNP", "likes": "VBZ", "her": "PRP$", "pays": "VBZ", "dollars": "$"}
    for token in (*old, *new):
        token.tag_ = tags[token.text]
    nlp.initialize(lambda: [spacy.training.Example(nlp.make_doc(old.text), old)])
    nlp.config["paths"]["depth"] = 4
    nlp.config["components"]["tagger"]["model"]["tok2vec"]["depth"] = "${paths.depth}"
    folder = tmp_path / "US$ 数据 100%"
    folder.mkdir()
    nlp.to_disk(folder / "old")
    DocBin(docs=[new]).to_disk(folder / "new.spacy")
    extend(str(folder / "old"), folder / "new.spacy", folder / "out.cfg", Choices(dev=folder / "new.spacy"))
    extended = init_nlp(load_config(folder / "out.cfg", interpolate=False))
    assert extended.get_pipe("tagger").labels == ("NNP", "PRP$", "VBZ", "$")


def test_without_dev_the_command_says_what_to_add(model, tmp_path):
    extend(str(model), corpus(tmp_path / "new.spacy", "LOC"), tmp_path / "out.cfg", Choices())
    assert "--output training/extended --paths.dev DEV.spacy" in (tmp_path / "out.cfg").read_text("utf8")


def test_labels_are_not_dropped_in_silence(model, tmp_path):
    nlp = spacy.blank("en")
    doc = nlp("Ann sees Rome")
    doc.set_ents([Span(doc, 1, 2, label="ACT"), Span(doc, 2, 3, label="LOC")])
    DocBin(docs=[doc]).to_disk(tmp_path / "new.spacy")
    with pytest.raises(HoneError, match=r"H522.*ACT"):
        extend(str(model), tmp_path / "new.spacy", tmp_path / "out.cfg", Choices(labels=["LOC"]))


def test_the_command(model, tmp_path):
    new = corpus(tmp_path / "new.spacy", "LOC")
    arguments = [
        "extend",
        str(model),
        str(tmp_path / "out.cfg"),
        "--corpus",
        str(new),
    ]
    result = CliRunner().invoke(hone_cli, arguments)
    assert result.exit_code == 0, result.output
    assert "PER: kept" in result.output and "LOC: new, 6 in the corpus" in result.output
    again = CliRunner().invoke(hone_cli, arguments)
    assert again.exit_code == 1 and "H525" in again.output


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--alpha", "2"], "H526"),
        (["--alpha", "0"], "H526"),
        (["--temperature", "0"], "H526"),
        (["--learn-rate", "0"], "H526"),
        (["--relabel", "firm"], "H526"),
        (["--freeze-layers", "a"], "H526"),
        (["--plain", "--alpha", "0.5"], "H526"),
        (["--plain", "--relabel", "hard"], "H526"),
        (["--freeze-layers", "0"], "H520"),
        (["--freeze-embeddings"], "H520"),
    ],
)
def test_choices_that_cannot_be(model, tmp_path, options, code):
    new = corpus(tmp_path / "new.spacy", "LOC")
    result = CliRunner().invoke(
        hone_cli, ["extend", str(model), str(tmp_path / "o.cfg"), "--corpus", str(new), *options]
    )
    assert result.exit_code == 1 and code in result.output
    assert not (tmp_path / "o.cfg").exists()


def test_a_pipeline_that_is_not_there(tmp_path):
    with pytest.raises(HoneError, match=r"H527.*nowhere"):
        extend("nowhere", corpus(tmp_path / "new.spacy", "LOC"), tmp_path / "o.cfg", Choices())


@pytest.fixture(scope="module")
def encoder_model(tmp_path_factory) -> Path:
    """An encoder of two layers, which is not called "transformer", with hone_ner."""
    nlp = spacy.blank("en")
    settings = {"depth": 2, "width": 16, "n_heads": 2, "ff_width": 16, "vocab_size": 60, "precision": "fp32"}
    encoder = {"@architectures": "hone.TransformerEncoder.v1", **settings}
    nlp.add_pipe("transformer", name="encoder", config={"model": encoder})
    pooling = {"@layers": "reduce_first.v1"}
    listener = {"@architectures": "spacy-transformers.TransformerListener.v1", "pooling": pooling}
    head = {"@architectures": "hone.TokenClassifier.v1", "tok2vec": {**listener, "grad_factor": 1.0}}
    nlp.add_pipe("hone_ner", name="ner", config={"model": head})
    folder = tmp_path_factory.mktemp("encoder")
    people = corpus(folder / "people.spacy", "PER")
    train_tokenizer(nlp.get_pipe("encoder").model, TEXTS)
    nlp.initialize(lambda: list(spacy.training.Corpus(people)(nlp)))
    nlp.to_disk(folder / "model")
    return folder / "model"


def test_frozen_layers_stay_and_others_learn(encoder_model, tmp_path):
    new = corpus(tmp_path / "new.spacy", "LOC")
    frozen = Choices(dev=new, steps=4, learn_rate=0.01, freeze_embeddings=True, freeze_layers=[0])
    extend(str(encoder_model), new, tmp_path / "out.cfg", frozen)
    nlp = init_nlp(load_config(tmp_path / "out.cfg", {"training.eval_frequency": 2}, interpolate=False))
    (tmp_path / "trained").mkdir()
    train(nlp, tmp_path / "trained", stdout=StringIO(), stderr=StringIO())
    before, after = (
        spacy.load(path).get_pipe("encoder").model.shims[0].transformer.state_dict()
        for path in (encoder_model, tmp_path / "trained" / "model-last")
    )
    changed = {name for name, weights in before.items() if not weights.equal(after[name])}
    assert changed and all(".1." in name for name in changed)


def test_layers_to_freeze_that_there_are_not(encoder_model, tmp_path):
    new = corpus(tmp_path / "new.spacy", "LOC")
    with pytest.raises(HoneError, match="H207"):
        extend(str(encoder_model), new, tmp_path / "out.cfg", Choices(freeze_layers=[2]))
    assert not (tmp_path / "out.cfg").exists()


def test_freezing_needs_an_encoder_of_ours(model):
    with pytest.raises(HoneError, match=r"H520.*tok2vec, ner"):
        make_freeze_layers("tok2vec", layers=[0])(spacy.load(model))
