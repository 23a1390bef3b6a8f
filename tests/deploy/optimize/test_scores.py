import pytest
import spacy

from spacy_hone.deploy.optimize.scores import run, shown, weigh
from spacy_hone.errors import HoneError

SCORES = {"ents_f": 0.5, "tag_acc": 1.0, "cats_score": None, "ents_per_type": {"A": {}}, "speed": 1000.0}


def test_scores_are_weighed_as_in_training():
    assert weigh(SCORES, {"ents_f": 0.75, "tag_acc": 0.25, "speed": None}) == 0.625


def test_what_is_not_annotated_does_not_weigh():
    assert weigh(SCORES, {"ents_f": 0.5, "cats_score": 0.5}) == 0.5
    with pytest.raises(HoneError, match=r"H721.*cats_score"):
        weigh(SCORES, {"cats_score": 1.0})


def test_shown_are_numbers_only():
    weights = {"ents_f": 1.0, "tag_acc": 0.0, "cats_score": 0.0, "ents_per_type": None}
    assert shown(SCORES, weights) == {"ents_f": 0.5, "tag_acc": 1.0}


def test_the_scores_are_those_of_spacy():
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "FOOD", "pattern": "flour"}])
    nlp.config["training"]["score_weights"] = {"ents_f": 1.0}
    gold = nlp.make_doc("flour and salt")
    gold.set_ents([gold.char_span(0, 5, "FOOD"), gold.char_span(10, 14, "FOOD")])
    outcome = run(nlp, [gold], "dev.spacy")
    assert outcome.score == outcome.scores["ents_f"] == pytest.approx(2 / 3)
    assert outcome.decisions[0]["spans"] == {"ents": [(0, 5, "FOOD")]}
