"""scikit-learn is the oracle of every number that it has; the rest is by hand."""

import numpy as np
import pytest
from sklearn import metrics

from spacy_hone.evaluation.categories.peers import score_peer
from spacy_hone.evaluation.categories.scores import losses, score_categories
from spacy_hone.evaluation.peers import difference


def test_exclusive_by_hand(samples_of):
    golds = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    preds = [[0.8, 0.1, 0.1], [0.3, 0.5, 0.2], [0.1, 0.7, 0.2], [0.4, 0.35, 0.25]]
    scores = score_categories(samples_of(golds, preds, multi_label=False), bootstrap=0)
    assert scores.scores.labels == ("law", "其他", "Sports ⚽")
    assert scores.scores.counts.sum(0).tolist() == [[1, 1, 1], [1, 1, 0], [0, 0, 1]]
    assert scores.accuracy == 0.5 and scores.accuracy_interval is None and scores.intervals is None
    assert scores.balanced_accuracy == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert scores.scores.macro.f1 == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    assert scores.loss == pytest.approx(-np.log([0.8, 0.3, 0.7, 0.25]).mean())
    # each document has its own bin: |1 - 0.8|, |0 - 0.5|, |1 - 0.7|, |0 - 0.4|
    assert scores.calibration_error == pytest.approx((0.2 + 0.5 + 0.3 + 0.4) / 4)
    assert scores.confusions == [(("Sports ⚽", "law"), 1), (("law", "其他"), 1)]


def test_independent_by_hand(samples_of):
    golds = [[1, 0], [1, 1], [None, 1], [0, 0]]
    preds = [[0.9, 0.6], [0.4, 0.5], [0.9, 0.2], [0.1, 0.3]]
    scores = score_categories(samples_of(golds, preds, multi_label=True), bootstrap=0)
    assert scores.scores.counts.sum(0).tolist() == [[1, 0, 1], [1, 1, 1]]
    assert scores.accuracy == 1 / 4
    assert scores.balanced_accuracy == pytest.approx(((1 / 2 + 1) / 2 + (1 / 2 + 1 / 2) / 2) / 2)
    loss = [np.log([0.9, 0.4]).mean(), np.log([0.4, 0.5]).mean(), np.log(0.2), np.log([0.9, 0.7]).mean()]
    assert scores.loss == pytest.approx(-np.mean(loss))
    assert scores.confusions == [(("", "其他"), 1), (("law", ""), 1), (("其他", ""), 1)]


def test_threshold_of_a_group_is_heeded(samples_of):
    golds, preds = [[1, 0], [0, 1]], [[0.4, 0.9], [0.2, 0.6]]
    samples = samples_of(golds, preds, multi_label=True, thresholds=[("law", 0.3), ("其他", 0.95)])
    assert samples.decided.tolist() == [[True, False], [False, False]]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("multi_label", [False, True])
def test_scikit_learn_agrees(random_samples, seed, multi_label):
    samples = random_samples(seed, multi_label=multi_label)
    scores = score_categories(samples, bootstrap=0)
    for i, label in enumerate(samples.labels):
        known = samples.known[:, i]
        gold, p, decided = (
            array[known, i] for array in (samples.gold, samples.probabilities, samples.decided)
        )
        precision, recall, *_ = metrics.precision_recall_fscore_support(gold, decided, average="binary")
        tp, fp, fn = scores.scores.counts.sum(0)[i]
        assert (precision, recall) == pytest.approx((tp / (tp + fp), tp / (tp + fn)))
        ranking = scores.rankings[label]
        assert ranking.average_precision == pytest.approx(metrics.average_precision_score(gold, p))
        precisions, recalls, _ = metrics.precision_recall_curve(gold, p)
        assert ranking.cut.recall == pytest.approx(recalls[precisions >= 0.95].max())
    assert scores.pr_auc == pytest.approx(np.mean([r.average_precision for r in scores.rankings.values()]))
    if not multi_label:
        gold, decided = samples.gold.argmax(1), samples.decided.argmax(1)
        assert scores.accuracy == pytest.approx(metrics.accuracy_score(gold, decided))
        assert scores.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(gold, decided))
        assert scores.scores.macro.f1 == pytest.approx(metrics.f1_score(gold, decided, average="macro"))
        assert scores.loss == pytest.approx(metrics.log_loss(gold, samples.probabilities))
        matrix = metrics.confusion_matrix(gold, decided)
        expected = {(a, b): n for (a, b), n in np.ndenumerate(matrix) if a != b and n}
        names = {label: i for i, label in enumerate(samples.labels)}
        assert {(names[a], names[b]): n for (a, b), n in scores.confusions} == expected


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("multi_label", [False, True])
def test_spacy_agrees(random_samples, seed, multi_label):
    samples = random_samples(seed, multi_label=multi_label)
    scores = score_categories(samples, bootstrap=0).scores
    peer = score_peer(samples, scores)
    assert peer.expected and difference(peer, scores) < 1e-9 and 0.3 < peer.micro.f1 < 1


def test_intervals_are_over_documents(random_samples):
    samples = random_samples(0, multi_label=False)
    scores = score_categories(samples, bootstrap=200, seed=1)
    low, high = scores.accuracy_interval
    assert low < scores.accuracy < high and high - low == pytest.approx(0.25, abs=0.1)
    assert scores.intervals.micro == pytest.approx(scores.accuracy_interval)  # P = R = accuracy
    assert score_categories(samples, bootstrap=200, seed=1).accuracy_interval == (low, high)


def test_label_that_never_occurs_counts_nowhere(samples_of):
    scores = score_categories(samples_of([[1, 0, 0]], [[0.9, 0.05, 0.05]], multi_label=False), bootstrap=5)
    assert scores.scores.labels == ("law",) and scores.scores.macro.f1 == 1 == scores.balanced_accuracy
    assert scores.rankings["其他"] == (None, None) and scores.rankings["law"].average_precision is None
    assert scores.pr_auc is None


def test_label_that_cannot_be_predicted_is_missed(samples_of):
    golds = [[1, 0, 0], [0, 0, 1]]
    samples = samples_of(golds, [[0.9, 0.1], [0.6, 0.4]], multi_label=False, extra=("new",))
    scores = score_categories(samples, bootstrap=0)
    assert scores.accuracy == 0.5 and dict(
        zip(scores.scores.labels, scores.scores.counts.sum(0).tolist())
    ) == {
        "law": [1, 1, 0],
        "new": [0, 0, 1],
    }


def test_certain_mistakes_have_a_finite_loss(samples_of):
    samples = samples_of([[1, 0], [0, 1]], [[0.0, 1.0], [1.0, 1.0]], multi_label=True)
    assert np.isfinite(losses(samples)).all() and losses(samples)[0] > 100
