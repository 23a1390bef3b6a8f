import numpy as np
import pytest

from spacy_hone.evaluation.intervals import paired_bootstrap, resample, score_intervals
from spacy_hone.evaluation.scores import EntityScores, prf


@pytest.fixture
def scores() -> EntityScores:
    counts = np.random.default_rng(0).integers(0, 5, size=(40, 3, 3))
    counts[:, 2] = 0
    counts[3, 2] = (1, 0, 0)  # a type that one document has
    return EntityScores(("A", "B", "rare"), counts)


def test_resample_is_a_loop_over_drawn_documents(scores):
    rng = np.random.default_rng(7)
    expected = [scores.counts[rng.integers(40, size=40)].sum(0) for _ in range(70)]
    assert np.array_equal(resample(scores.counts, 70, seed=7), expected)


def test_intervals_hold_the_score_and_depend_on_the_seed_alone(scores):
    first = score_intervals(scores, 300, seed=1)
    assert first == score_intervals(scores, 300, seed=1) != score_intervals(scores, 300, seed=2)
    assert first.micro.low < scores.micro.f1 < first.micro.high
    assert first.macro.low < scores.macro.f1 < first.macro.high


def test_interval_is_that_of_plain_percentiles(scores):
    f1 = prf(resample(scores.counts, 300, 0).sum(1))[:, 2]
    assert score_intervals(scores, 300, 0).micro == pytest.approx(np.percentile(f1, [2.5, 97.5]))


def test_rare_type_is_judged_where_it_occurs(scores):
    assert score_intervals(scores, 300).per_type[2] == (1.0, 1.0)


def test_type_that_no_resample_holds():
    counts = np.zeros((2, 1, 3), dtype=int)
    assert score_intervals(EntityScores(("A",), counts), 10).per_type == ((0.0, 0.0),)


def test_no_types():
    intervals = score_intervals(EntityScores((), np.zeros((3, 0, 3), dtype=int)), 10)
    assert intervals == ((0.0, 0.0), (0.0, 0.0), ())


def test_one_document_has_no_spread():
    low, high = score_intervals(EntityScores(("A",), np.array([[[2, 1, 1]]])), 20).micro
    assert low == high == pytest.approx(2 / 3)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    """Documents drawn from a population whose F1 is known: about 95 of 100 intervals should hold it."""
    rng = np.random.default_rng(3)
    population = rng.integers(0, 8, size=(5000, 1, 3))
    truth = prf(population.sum((0, 1)))[2]
    hits = 0
    for seed in range(200):
        sample = EntityScores(("A",), population[rng.integers(5000, size=60)])
        low, high = score_intervals(sample, 200, seed).micro
        hits += low <= truth <= high
    assert 176 <= hits <= 198


def test_paired_bootstrap_sees_a_small_but_steady_gain(scores):
    before = scores.counts.sum(1)
    after = before + np.array([1, 0, 0])
    difference, interval, p_value = paired_bootstrap(before, after, 500)
    assert difference == pytest.approx(prf(after.sum(0))[2] - prf(before.sum(0))[2])
    assert 0 < interval.low < difference < interval.high
    assert p_value == pytest.approx(2 / 501)
    back = paired_bootstrap(after, before, 500)
    assert back.difference == pytest.approx(-difference) and back.p_value == p_value


def test_paired_bootstrap_of_one_system_with_itself(scores):
    counts = scores.counts.sum(1)
    assert paired_bootstrap(counts, counts, 100) == (0.0, (0.0, 0.0), 1.0)


def test_paired_bootstrap_of_equals_in_distribution():
    rng = np.random.default_rng(5)
    first, second = rng.integers(0, 9, size=(2, 80, 3))
    result = paired_bootstrap(first, second, 400)
    assert result.interval.low < 0 < result.interval.high and result.p_value > 0.05
