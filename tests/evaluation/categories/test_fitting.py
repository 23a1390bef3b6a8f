import sys

import numpy as np
import pytest

from spacy_hone.errors import HoneError
from spacy_hone.evaluation.categories.fitting import (
    fit_temperature,
    fit_threshold,
    log_likelihood,
)
from spacy_hone.evaluation.categories.scores import score_categories

LINKS = ("softmax", "sigmoid")


def draw(link: str, temperature: float, n: int = 4000):
    """Logits that are `temperature` times too large, gold labels drawn by what they should be, all known."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(n, 3)) * 2
    if link == "softmax":
        gumbel = -np.log(-np.log(rng.random(logits.shape)))
        gold = np.eye(3, dtype=bool)[(logits + gumbel).argmax(1)]
    else:
        gold = rng.random(logits.shape) < 1 / (1 + np.exp(-logits))
    return logits * temperature, gold, np.ones_like(gold)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_temperature_of_the_draw_is_found(link, temperature):
    found = fit_temperature(*draw(link, temperature), link)
    assert found == pytest.approx(temperature, rel=0.08)


@pytest.mark.parametrize("link", LINKS)
def test_no_other_temperature_is_likelier(link):
    logits, gold, known = draw(link, 2.0, n=200)
    best = fit_temperature(logits, gold, known, link)
    grid = np.geomspace(0.05, 20, 400)
    values = [log_likelihood(logits / t, gold, known, link) for t in grid]
    assert log_likelihood(logits / best, gold, known, link) >= max(values) - 1e-9
    assert best == pytest.approx(grid[np.argmax(values)], rel=0.02)


@pytest.mark.parametrize("link", LINKS)
def test_no_temperature_is_best_where_all_or_nothing_is_right(link):
    logits = np.array([[3.0, -3.0], [-3.0, 3.0]])
    gold = logits > 0
    assert fit_temperature(logits, gold, np.ones_like(gold), link) is None
    assert fit_temperature(-logits, gold, np.ones_like(gold), link) is None


def test_unknown_labels_say_nothing():
    logits, gold, known = draw("sigmoid", 1.0, n=50)
    known[:, 0] = False
    expected = fit_temperature(logits[:, 1:], gold[:, 1:], known[:, 1:], "sigmoid")
    assert fit_temperature(logits, gold, known, "sigmoid") == expected


def test_likelihood_by_hand():
    gold = np.array([[1, 0], [0, 1]], bool)
    logits = np.log([[3.0, 1.0], [1.0, 1.0]])
    assert log_likelihood(logits, gold, gold, "softmax") == pytest.approx(np.log([0.75, 0.5]).mean())
    known = np.array([[1, 0], [1, 0]], bool)
    assert log_likelihood(logits, gold, known, "sigmoid") == pytest.approx(np.log([0.75, 0.5]).mean())
    huge = np.array([[80.0, -80.0]])
    assert log_likelihood(
        huge, np.array([[False, True]]), np.array([[True, True]]), "sigmoid"
    ) == pytest.approx(-80)


def test_threshold_needs_a_positive():
    assert fit_threshold(np.array([0.9, 0.1]), np.array([False, False])) is None
    assert fit_threshold(np.array([0.9, 0.1]), np.array([True, False])) == 0.5


def test_scikit_learn_is_asked_for(monkeypatch, random_samples):
    for module in ("sklearn.metrics", "scipy.optimize"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(HoneError, match=r"\[H612\] --fit-thresholds needs scikit-learn: pip install"):
        fit_temperature(*draw("softmax", 1.0, n=5), "softmax")
    with pytest.raises(HoneError, match=r"\[H612\] PR-AUC"):
        score_categories(random_samples(0, multi_label=True))
