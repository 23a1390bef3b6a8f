import io
import json

import pytest

from spacy_hone.errors import HoneError
from spacy_hone.evaluation import summary as summaries
from spacy_hone.evaluation.entities import Entities
from spacy_hone.evaluation.peers import Peer
from spacy_hone.evaluation.report import print_report
from spacy_hone.evaluation.report import to_json as make_json
from spacy_hone.evaluation.scores import Score
from spacy_hone.evaluation.summary import check_labels, summarise
from spacy_hone.evaluation.tables import make_console

FACTS = {
    "model": "training/model-best",
    "pipeline": "en_test 0.0.0",
    "corpus": "corpus/test.spacy",
    "spans_key": None,
    "tokens": "gold",
    "device": "CPU",
    "compared_documents": 25,
    "skipped_documents": 2,
    "differing_documents": 0,
    "words": 1000,
    "words_per_second": 12345.6,
    "bootstrap": 100,
    "seed": 0,
}


def render(summary, **facts) -> str:
    file = io.StringIO()
    section = Entities(summary, range(len(summary.samples)))
    print_report([section], {**FACTS, **facts}, summary.warnings, make_console(file=file))
    return file.getvalue()


def to_json(summary) -> dict:
    return make_json([Entities(summary, range(len(summary.samples)))], FACTS, summary.warnings)


def test_text_can_be_pasted(random_pairs):
    text = render(summarise(*random_pairs(2), bootstrap=100))
    assert "\x1b" not in text and max(map(len, text.splitlines())) <= 120
    for part in (
        "| creative-work |",
        "| macro (5 types) |",
        "lenient (seqeval default)",
        "12,346 words/s on CPU",
    ):
        assert part in text
    assert "2 documents without annotation skipped" in text and "25 documents" in text
    assert "-\n" not in text  # no column is folded


def test_without_intervals(random_pairs):
    summary = summarise(*random_pairs(2), bootstrap=0)
    assert "none" in render(summary, bootstrap=0)
    assert to_json(summary)["interval"] is None
    assert "interval" not in to_json(summary)["per_type"]["PER"]


def test_ignored_predictions_are_told(random_pairs):
    summary = summarise(*random_pairs(0, missing=True), bootstrap=0)
    ignored = to_json(summary)["ignored_predictions"]
    assert ignored > 0
    assert f"{ignored} predictions" in render(summary)


def test_json_holds_all_numbers(random_pairs):
    summary = summarise(*random_pairs(3), bootstrap=50)
    data = json.loads(json.dumps(to_json(summary)))
    micro = data["micro"]
    assert (
        micro["tp"] + micro["fn"] == micro["support"] == sum(t["support"] for t in data["per_type"].values())
    )
    assert micro["f1"] == summary.scores.micro.f1  # unrounded
    low, high = data["interval"]
    assert low < micro["f1"] < high
    assert data["words_per_second"] == FACTS["words_per_second"]
    assert data["scorers"]["seqeval strict (IOB2)"]["difference"] < 1e-9
    assert data["warnings"] == []


def test_raw_text_says_how_many_documents_differ(random_pairs):
    assert "not the gold ones in 0 documents" in render(summarise(*random_pairs(2)), tokens="raw")


def test_disagreement_is_a_coded_warning(random_pairs, monkeypatch):
    wrong = Peer("seqeval strict (IOB2)", Score(1, 1, 1), Score(1, 1, 1), expected=True)
    monkeypatch.setattr(summaries, "score_peers", lambda *args: [wrong, wrong._replace(expected=False)])
    summary = summarise(*random_pairs(2), bootstrap=0)
    assert len(summary.warnings) == 1 and summary.warnings[0].startswith("[H609] seqeval strict")
    assert "[H609]" in render(summary)


def test_labels_of_another_scheme():
    assert check_labels({"PER": 3}, {"PER", "LOC"}, "x") == check_labels({"PER": 3}, set(), "x") == []
    assert check_labels({}, {"PER"}, "entities") == []
    [warning] = check_labels({"PER": 3, "creative-work": 2}, {"PER"}, "entities")
    assert warning.startswith("[H608]") and "creative-work (2)" in warning
    with pytest.raises(HoneError, match=r"(?s)\[H606\].*Corpus: B-PER.*Pipeline: LOC, PER"):
        check_labels({"B-PER": 3}, {"PER", "LOC"}, "entities")
