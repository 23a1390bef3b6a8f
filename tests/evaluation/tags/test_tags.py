"""Token tags: counts by hand, scikit-learn and spaCy's Scorer as oracles."""

from random import Random

import pytest
from sklearn.metrics import accuracy_score, precision_recall_fscore_support
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_hone.evaluation.kind import Compared
from spacy_hone.evaluation.tags.kind import make_tags
from spacy_hone.evaluation.tags.samples import make_samples
from spacy_hone.evaluation.tags.scores import score_peer, score_tags

VOCAB = Vocab()


def tagged(words: str, tags: str, attr: str = "tag") -> Doc:
    """`tagged("a b", "X -")`: `_` for no tag."""
    doc = Doc(VOCAB, words=words.split(" "))
    for token, tag in zip(doc, tags.split(" ")):
        if tag != "_":
            setattr(token, f"{attr}_", tag)
    return doc


def section(golds, preds, attr="tag", bootstrap=0):
    [found] = make_tags(attr).report(Compared(None, golds, preds, bootstrap, 0))
    return found


def test_by_hand():
    golds = [tagged("a b c d", "X X - _"), tagged("a", "_"), tagged("e", "Y")]
    preds = [tagged("a b c d", "X Y - X"), tagged("a", "X"), tagged("e", "_")]
    found = section(golds, preds)
    assert found.scores.accuracy == 2 / 4 and found.scores.tokens == 4
    assert dict(zip(found.scores.scores.labels, found.scores.scores.counts.sum(0).tolist())) == {
        "-": [1, 0, 0],  # a tag like others
        "X": [1, 0, 1],
        "Y": [0, 1, 1],
    }
    assert found.scores.confusions == [(("X", "Y"), 1), (("Y", ""), 1)]
    assert list(found.tokens) == [0, 2]
    rows = list(found.rows())
    assert [row["document"] for row in rows] == [2, 0] and rows[1]["wrong"] == [[2, 3, "X", "Y", "b"]]
    assert rows[0]["wrong"] == [[0, 1, "Y", None, "e"]]


@pytest.mark.parametrize("attr", ["tag", "pos"])
@pytest.mark.parametrize("seed", range(3))
def test_oracles_agree(attr, seed):
    rng = Random(seed)
    golds, preds = [], []
    for _ in range(20):
        tags = [rng.choice(("NOUN", "VERB", "ADJ", "_")) for _ in range(rng.randint(1, 12))]
        found = [tag if rng.random() < 0.7 else rng.choice(("NOUN", "VERB", "X")) for tag in tags]
        golds.append(tagged(" ".join("w" for _ in tags), " ".join(tags), attr))
        preds.append(tagged(" ".join("w" for _ in tags), " ".join(found), attr))
    samples = make_samples(attr, golds, preds)
    scores = score_tags(samples, bootstrap=50)
    gold, pred = zip(*(pair for sample in samples for pair in sample.pairs))
    assert scores.accuracy == pytest.approx(accuracy_score(gold, pred))
    labels = scores.scores.labels
    expected = precision_recall_fscore_support(gold, pred, average="macro", labels=labels, zero_division=0)
    assert scores.scores.macro == pytest.approx(expected[:3])
    peer = score_peer(samples, [preds[sample.number] for sample in samples], attr)
    assert peer.name == f"{attr}_acc" and not peer.reason and abs(peer.accuracy - scores.accuracy) < 1e-9
    low, high = scores.accuracy_interval
    assert low < scores.accuracy < high


def test_other_tokens_are_wrong_and_not_comparable():
    gold, pred = tagged("can't go", "X Y"), tagged("ca n't go", "X X Y")
    pred = Doc(VOCAB, words=["ca", "n't", "go"], spaces=[False, True, True], tags=["X", "X", "Y"])
    found = section([gold], [pred])
    assert found.scores.accuracy == 0.5 and "tokens differ" in found.peer.reason and not found.warnings


def test_tagged_whitespace_is_left_out():
    gold, pred = tagged("a \n", "X _SP"), tagged("a \n", "X _SP")
    found = section([gold], [pred])
    assert found.scores.tokens == 1 and found.scores.accuracy == 1.0
    assert "whitespace" in found.peer.reason and found.peer.accuracy < 1
