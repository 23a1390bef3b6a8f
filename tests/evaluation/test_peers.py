"""seqeval and spaCy's Scorer are the oracles of `scores`, and the other way round."""

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_hone.evaluation import seqeval_scores
from spacy_hone.evaluation.peers import difference, score_peers
from spacy_hone.evaluation.samples import make_samples
from spacy_hone.evaluation.scores import score_entities
from spacy_hone.evaluation.seqeval_scores import score_lenient, score_strict


def compare(golds, preds, spans_key=None):
    samples = make_samples(golds, preds, spans_key)
    scores = score_entities(samples)
    return scores, score_peers(samples, golds, preds, scores.labels, spans_key)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("density", [0.0, 0.03, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_agreement_on_random_documents(random_pairs, seed, density, missing):
    golds, preds = random_pairs(seed, density=density, missing=missing)
    scores, peers = compare(golds, preds)
    assert [peer.name for peer in peers] == [
        "spaCy Scorer",
        "seqeval strict (IOB2)",
        "lenient (seqeval default)",
    ]
    for peer in peers:
        assert peer.expected and difference(peer, scores) < 1e-9
    assert (
        density < 0.5 or 0.2 < scores.micro.f1 < 0.95
    )  # the predictions are neither right nor wrong throughout


@pytest.mark.parametrize("seed", range(3))
def test_agreement_in_span_groups(random_pairs, seed):
    golds, preds = random_pairs(seed)
    for doc in (*golds, *preds):
        doc.spans["sc"] = list(doc.ents)
    unannotated = golds.pop()
    golds.append(Doc(unannotated.vocab, words=[t.text for t in unannotated]))
    scores, peers = compare(golds, preds, "sc")
    for peer in peers:
        assert peer.expected and difference(peer, scores) < 1e-9


def test_overlapping_spans_cannot_be_tags(random_pairs):
    golds, preds = random_pairs(0)
    for doc in (*golds, *preds):
        doc.spans["sc"] = [*doc.ents, Span(doc, 0, len(doc), "ALL")]
    scores, peers = compare(golds, preds, "sc")
    assert peers[0].expected and difference(peers[0], scores) < 1e-9
    assert not peers[1].expected and "overlap" in peers[1].reason


def test_other_tokens_are_said_not_to_be_comparable():
    """spaCy's Scorer widens "York" to the gold token and calls it right; by characters it is wrong."""
    gold = Doc(Vocab(), words=["York-based"])
    gold.set_ents([Span(gold, 0, 1, "LOC")])
    pred = Doc(gold.vocab, words=["York", "-", "based"], spaces=[False, False, True])
    pred.set_ents([Span(pred, 0, 1, "LOC")])
    scores, peers = compare([gold], [pred])
    assert scores.micro.f1 == 0.0 and peers[0].micro.f1 == pytest.approx(1.0)
    assert not any(peer.expected for peer in peers)


def test_lenient_and_strict_differ_on_ill_formed_tags_only():
    gold, pred = [["B-X", "I-X", "O"]], [["I-X", "I-X", "O"]]
    assert score_strict(gold, pred)[0].f1 == 0.0
    assert score_lenient(gold, pred)[0].f1 == 1.0


def test_labels_that_end_in_hyphens_are_kept_apart():
    micro, macro = score_strict([["B-x", "B-x-"]], [["B-x-", "B-x-"]])
    assert micro.f1 == 0.5 and macro.f1 == pytest.approx(1 / 3)


def test_without_seqeval_spacy_stays(random_pairs, monkeypatch):
    monkeypatch.setattr(seqeval_scores, "is_installed", lambda: False)
    _, peers = compare(*random_pairs(0))
    assert [peer.name for peer in peers] == ["spaCy Scorer"]
