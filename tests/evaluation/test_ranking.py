import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_curve

from spacy_hone.evaluation.ranking import best_threshold, rank, recall_at_precision


def draw(seed: int, distinct: int = 12, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Scores with ties, and gold labels that go with them."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(1, distinct, n) / distinct
    return scores, rng.random(n) < scores**2


def test_ties_are_taken_together():
    ranking = rank(np.array([0.2, 0.9, 0.2, 0.5]), np.array([True, True, False, False]))
    assert ranking.scores.tolist() == [0.9, 0.5, 0.2]
    assert ranking.taken.tolist() == [1, 2, 4] and ranking.hits.tolist() == [1, 1, 2] and ranking.total == 2


def test_nothing_to_rank():
    assert rank(np.zeros(0), np.zeros(0, bool)).scores.tolist() == []


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("precision", [0.5, 0.8, 0.95, 1.0])
def test_recall_at_precision_is_that_of_the_curve(seed, precision):
    scores, gold = draw(seed)
    precisions, recalls, _ = precision_recall_curve(gold, scores)
    recall, score = recall_at_precision(rank(scores, gold), precision)
    assert recall == pytest.approx(recalls[precisions >= precision].max())
    if score is None:
        assert recall == 0
    else:
        taken = scores >= score
        assert (gold & taken).sum() / taken.sum() >= precision
        assert (gold & taken).sum() / gold.sum() == pytest.approx(recall)


@pytest.mark.parametrize("seed", range(20))
def test_best_threshold_is_the_best_of_all(seed):
    scores, gold = draw(seed)
    threshold = best_threshold(rank(scores, gold))
    best = max(f1_score(gold, scores >= score) for score in scores)
    assert f1_score(gold, scores >= threshold) == pytest.approx(best)
    assert threshold not in scores


@pytest.mark.parametrize(
    ("scores", "gold", "expected"),
    [
        ([0.9, 0.7, 0.2], [1, 1, 0], 0.45),
        ([0.9, 0.3], [1, 1], 0.15),  # half-way to 0
        ([0.9, 0.8, 0.1, 0.05], [1, 0, 0, 1], 0.85),  # 2/3 at 0.85, and at 0.025
        ([0.123456789, 0.123456780], [1, 0], 0.123456784),  # no rounding across a score
        ([0.61234567, 0.3], [1, 0], 0.4562),
    ],
)
def test_thresholds_by_hand(scores, gold, expected):
    assert best_threshold(rank(np.array(scores), np.array(gold, bool))) == pytest.approx(expected, abs=1e-12)


def test_threshold_of_equally_good_ones_is_next_to_one_half():
    scores, gold = np.array([0.95, 0.9, 0.6, 0.5, 0.1]), np.array([1, 0, 0, 1, 0], bool)
    # F1 is 2/3 from 0.925 on, and from 0.3 on: 2 * 2 / (4 + 2)
    assert best_threshold(rank(scores, gold)) == pytest.approx(0.3)
