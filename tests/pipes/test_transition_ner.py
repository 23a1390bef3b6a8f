"""The component hone_transition_ner: all that it shares with ner, and what it refuses."""

import pickle

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_hone.errors import HoneError

from .toy_transition_ner import GOLD, LOSSES, MODEL, TEXTS, examples, found, pipeline, train


@pytest.fixture(scope="module")
def trained() -> Language:
    return train(pipeline())


class TestLikeNer:
    @pytest.mark.parametrize("name", ["cross-entropy", "focal", "weighted", "balanced"])
    def test_learns_and_is_scored(self, name):
        nlp = train(pipeline(loss=LOSSES[name]))
        assert found(nlp) == GOLD
        scores = nlp.evaluate(examples(nlp))
        assert scores["ents_f"] == 1.0 and set(scores["ents_per_type"]) == {"PER", "LOC"}

    def test_dice_lowers_its_loss(self):  # it is bounded, and hardly pulls at what is surely wrong
        nlp = train(pipeline(loss=LOSSES["dice"]), 5)
        before = nlp.update(examples(nlp), sgd=False, drop=0.0)["ner"]
        nlp = train(nlp)
        assert nlp.update(examples(nlp), sgd=False, drop=0.0)["ner"] < before / 2

    def test_trains_as_ner_does(self):
        fix_random_seed(0)
        stock = spacy.blank("en")
        stock.add_pipe("ner", config={"model": MODEL})
        ours, theirs = (train(nlp, 5).get_pipe("ner").model.to_bytes() for nlp in (pipeline(), stock))
        assert ours == theirs

    @pytest.mark.parametrize("to_file", [True, False])
    def test_a_loaded_pipeline_predicts_the_same(self, trained, to_file, tmp_path):
        if to_file:
            trained.to_disk(tmp_path)
            again = spacy.load(tmp_path)
        else:
            again = pickle.loads(pickle.dumps(trained))
        assert found(again) == GOLD
        assert again.get_pipe("ner").cfg == trained.get_pipe("ner").cfg
        assert again.update(examples(again), sgd=again.resume_training())["ner"] > 0

    def test_reads_what_ner_has_written(self, tmp_path):
        stock = spacy.blank("en")
        stock.add_pipe("ner", config={"model": MODEL})
        train(stock).get_pipe("ner").to_disk(tmp_path)
        nlp = pipeline()
        nlp.get_pipe("ner").from_disk(tmp_path)
        assert found(nlp) == found(stock) == GOLD

    def test_processes(self, trained):
        docs = trained.pipe([TEXTS[0][0], ""], n_process=2)
        assert [[(ent.text, ent.label_) for ent in doc.ents] for doc in docs] == [GOLD, []]

    def test_labels_can_be_added_and_met(self):
        nlp = train(pipeline())
        ner = nlp.get_pipe("ner")
        assert ner.labels == ("LOC", "PER") and ner.add_label("ORG") == 1 and ner.add_label("ORG") == 0
        assert found(nlp) == GOLD
        batch = examples(nlp)
        for text, label in (("she works at Acme", "ORG"), ("he reads Ulysses", "BOOK")):
            start = text.rindex(" ") + 1
            batch.append(Example.from_dict(nlp.make_doc(text), {"entities": [(start, len(text), label)]}))
        sgd = nlp.resume_training()
        sgd.learn_rate = 0.02
        for _ in range(30):
            nlp.update(batch, sgd=sgd, drop=0.0)
        assert ner.labels == ("BOOK", "LOC", "ORG", "PER") and found(nlp) == GOLD
        assert [ent.label_ for ent in nlp("she works at Acme").ents] == ["ORG"]

    def test_labels_can_be_given(self):
        nlp, other = pipeline(), pipeline()
        nlp.initialize(lambda: examples(nlp))
        labels = nlp.get_pipe("ner").label_data
        other.get_pipe("ner").initialize(lambda: examples(other), nlp=other, labels=labels)
        assert other.get_pipe("ner").move_names == nlp.get_pipe("ner").move_names

    def test_rehearses(self):
        nlp = train(pipeline())
        sgd = nlp.resume_training()
        nlp.update(examples(nlp)[:3], sgd=sgd)
        assert nlp.rehearse(examples(nlp), sgd=sgd)["ner"] >= 0 and found(nlp) == GOLD

    def test_learns_from_what_is_no_entity(self):
        nlp = pipeline(incorrect_spans_key="wrong", loss=LOSSES["focal"])
        train(nlp)
        reference = nlp.make_doc("Anna met Bob")
        reference.spans["wrong"] = [Span(reference, 0, 1, "PER")]
        sgd = nlp.resume_training()
        sgd.learn_rate = 0.02
        for _ in range(20):
            assert nlp.update([Example(nlp.make_doc("Anna met Bob"), reference)], sgd=sgd)["ner"] > 0
        assert ("Anna", "PER") not in [(ent.text, ent.label_) for ent in nlp("Anna met Bob").ents]


class TestBadInput:
    @pytest.mark.parametrize(
        "option, value", [("beam_width", 8), ("beam_density", 0.01), ("beam_update_prob", 0.5)]
    )
    def test_beams(self, trained, option, value, monkeypatch):
        with pytest.raises(HoneError, match=rf"H313.*'ner'.*{option} = {value}.*beam_ner"):
            pipeline(**{option: value})
        monkeypatch.setitem(trained.get_pipe("ner").cfg, option, value)
        with pytest.raises(HoneError, match="H313"):
            trained.update(examples(trained))

    def test_beams_of_a_saved_component(self, tmp_path):
        stock = spacy.blank("en")
        stock.add_pipe("beam_ner", config={"model": MODEL})
        train(stock, 1).get_pipe("beam_ner").to_disk(tmp_path)
        with pytest.raises(HoneError, match=r"H313.*beam_width = 32"):
            pipeline().get_pipe("ner").from_disk(tmp_path)

    @pytest.mark.parametrize("option, value", [("link", "sigmoid"), ("label_smoothing", 0.1)])
    def test_losses_that_are_not_of_one_choice(self, option, value):
        with pytest.raises(HoneError, match=rf"H314.*'ner'.*{option} = '?{value}"):
            pipeline(loss={"@losses": "hone.CrossEntropy.v1", option: value})

    def test_a_weight_for_a_label_that_does_not_exist(self):
        nlp = pipeline(loss={"@losses": "hone.CrossEntropy.v1", "weights": [["PERS", 2.0]]})
        with pytest.raises(HoneError, match="PERS"):
            nlp.initialize(lambda: examples(nlp))

    def test_a_class_without_an_example(self):
        nlp = pipeline(loss=LOSSES["balanced"])
        nlp.get_pipe("ner").add_label("ORG")
        with pytest.raises(HoneError, match=r"H408.*ORG"):
            nlp.initialize(lambda: examples(nlp))

    @pytest.mark.filterwarnings("ignore::RuntimeWarning")
    def test_a_loss_that_is_not_finite(self):
        nlp = train(pipeline(), 1)
        upper = nlp.get_pipe("ner").model.get_ref("upper")
        upper.set_param("b", np.full_like(upper.get_param("b"), np.nan))
        with pytest.raises(HoneError, match="H309"):
            nlp.update(examples(nlp), sgd=False)
