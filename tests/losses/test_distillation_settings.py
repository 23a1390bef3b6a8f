"""The settings of hone.Distillation.v1: which rows are learned from the teacher, schedules, configs, what is refused."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spacy.util import registry
from thinc.api import CategoricalCrossentropy, Config

from spacy_hone.errors import HoneError
from spacy_hone.losses.base import RowLoss
from spacy_hone.losses.distillation import make_distillation

from .toy_distillation import (
    COUNTS,
    EVERY_LINK,
    EVERY_SUBSET,
    LABELS,
    LOGITS,
    ROWS,
    SOFT,
    TARGETS,
    TEACHER,
    UNKNOWN,
    build,
)
from .toy_losses import finite_differences


def assert_same(found, expected):
    assert found[1] == pytest.approx(expected[1]) and expected[1] > 0
    assert_allclose(found[0], expected[0], atol=1e-12)


def test_confident_rows():
    p = np.exp(SOFT) / np.exp(SOFT).sum(axis=1, keepdims=True).clip(1e-9)
    confident = p.max(axis=1) >= 0.8
    assert 0 < confident.sum() < 5
    found = build(tokens="confident", confidence=0.8, temperature=5.0)(LOGITS, TARGETS, soft=SOFT)
    assert_same(found, build(temperature=5.0)(LOGITS, TARGETS, soft=SOFT, soft_mask=confident))


@EVERY_SUBSET
def test_confident_decisions_on_independent_labels(labels):
    p = 1 / (1 + np.exp(-SOFT))
    confident = np.maximum(p, 1 - p) >= 0.9
    assert 0 < confident[~UNKNOWN].sum() < (~UNKNOWN).sum()
    settings = {"link": "sigmoid", "labels": labels}
    found = build(tokens="confident", **settings)(LOGITS, TARGETS, soft=SOFT)
    assert_same(found, build(**settings)(LOGITS, TARGETS, soft=SOFT, soft_mask=confident))


@EVERY_LINK
def test_entity_rows_of_teacher_or_annotation(link):
    outside = np.where([True, False, False, False], 9.0, TEACHER)  # the teacher finds nothing
    soft = np.where(np.arange(6)[:, None] == 0, -outside, outside)  # but in row 0
    mask = np.array([1, 1, 0, 1, 1, 1])
    expected = np.array([1, 1, 0, 1, 1, 0])  # gold finds entities in 1 to 4, but 2 is not annotated
    found = build(link, tokens="entity")(LOGITS, TARGETS, mask, soft=soft)
    assert_same(found, build(link)(LOGITS, TARGETS, mask, soft=soft, soft_mask=expected))


def test_entities_are_looked_for_among_the_labels_that_are_not_masked():
    soft, soft_mask = np.tile([-3.0, 3.0, -3.0, -3.0], (6, 1)), np.tile([1, 0, 1, 1], (6, 1))
    soft[0, 0], soft[1:, 2] = -2.0, -2.0
    nothing = TARGETS * 0
    found = build("sigmoid", tokens="entity")(LOGITS, nothing, soft=soft, soft_mask=soft_mask)
    expected = np.where(np.arange(6)[:, None] == 0, 0, soft_mask)  # in row 0 it is O that remains
    assert_same(found, build("sigmoid")(LOGITS, nothing, soft=soft, soft_mask=expected))


def test_schedules():
    loss = build(alpha=[0.0, 0.5, 1.0], temperature=iter([1.0, 4.0]))
    copy = pickle.loads(pickle.dumps(build(alpha=[0.0, 1.0], temperature=[3.0])))
    for step, (alpha, temperature) in enumerate([(0.0, 1.0), (0.5, 4.0), (1.0, 4.0), (1.0, 4.0)]):
        found = loss(LOGITS, TARGETS, soft=SOFT, step=step)
        assert_same(found, build(alpha=alpha, temperature=temperature)(LOGITS, TARGETS, soft=SOFT))
    assert copy.temperature(0) == 3.0


@pytest.mark.parametrize(
    "settings, link",
    [
        ("", "softmax"),
        ('alpha = 1\ntemperature = 4\nlabels = "all"\ntokens = "confident"\nconfidence = 1', "softmax"),
        ('alpha = [0.1, 0.9]\n[components.ner.loss.hard]\n@losses = "hone.Focal.v1"\ngamma = 1.0', "softmax"),
        ('[components.ner.loss.hard]\n@losses = "hone.CrossEntropy.v1"\nlink = "sigmoid"', "sigmoid"),
        (
            'tokens = "entity"\n[components.ner.loss.alpha]\n@schedules = "warmup_linear.v1"\ninitial_rate = 1.0\n'
            "warmup_steps = 5\ntotal_steps = 9",
            "softmax",
        ),
    ],
)
def test_from_a_config(settings, link):
    text = f'[components.ner.loss]\n@losses = "hone.Distillation.v1"\n{settings}'
    config = Config().from_str("[components]\n[components.ner]\n" + text)
    loss = registry.resolve(config)["components"]["ner"]["loss"]
    loss.bind(LABELS, COUNTS, 100)
    assert loss.takes_logits and not loss.hard.takes_logits and loss.link == link
    assert loss(LOGITS, TARGETS, soft=SOFT)[1] > 0


def test_a_hard_loss_of_ones_own():
    class Squared(RowLoss):
        def __init__(self):
            pass

        def rows(self, logits, targets, step):
            return 2 * (logits - targets), ((logits - targets) ** 2).sum(axis=1)

    loss = make_distillation(Squared(), alpha=0.3)
    loss.bind(LABELS, COUNTS)
    d_logits, _ = loss(LOGITS, TARGETS, ROWS, soft=SOFT)
    assert_allclose(d_logits, finite_differences(loss, LOGITS, TARGETS, ROWS, soft=SOFT), atol=1e-8)
    assert loss.label_weights == []


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"alpha": 1.5}, "alpha is 1.5.*from 0 to 1"),
        ({"alpha": -0.1}, "alpha is -0.1"),
        ({"alpha": float("nan")}, "alpha is nan"),
        ({"alpha": []}, "alpha"),
        ({"temperature": 0.0}, r"temperature is 0.0.*above 0"),
        ({"temperature": -1}, "temperature is -1"),
        ({"temperature": float("inf")}, "temperature is inf"),
        ({"confidence": 1.5}, "confidence is 1.5"),
        ({"confidence": float("nan")}, "confidence is nan"),
        ({"labels": "Teacher"}, "labels is 'Teacher'.*'teacher', 'all'.*did you mean 'teacher'"),
        ({"tokens": "entities"}, "tokens is 'entities'.*did you mean 'entity'"),
        ({"hard": make_distillation()}, "hard is 'Distillation'"),
        ({"hard": CategoricalCrossentropy()}, "hard is 'CategoricalCrossentropy'.*hone.CrossEntropy.v1"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(HoneError, match=f"H405.*{message}"):
        make_distillation(**settings)


@pytest.mark.parametrize("settings", [{"alpha": [0.5, 2.0]}, {"temperature": iter([1.0, 0.0])}])
def test_schedules_that_arrive_where_they_cannot(settings):
    loss = build(**settings)
    assert loss(LOGITS, TARGETS, soft=SOFT)[1] > 0
    with pytest.raises(HoneError, match=f"H405.*{next(iter(settings))}"):
        loss(LOGITS, TARGETS, soft=SOFT, step=1)


@EVERY_LINK
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_logits_that_are_no_numbers(link, value):
    soft = SOFT.copy()
    soft[2, 3] = value
    with pytest.raises(HoneError, match=rf"H414.*row 2, column 3 \(LOC\) is {value}"):
        build(link)(LOGITS, TARGETS, soft=soft)
    assert build(link)(LOGITS, TARGETS, soft=soft, soft_mask=np.arange(6) != 2)[1] > 0


@pytest.mark.parametrize(
    "given, what",
    [({"soft": SOFT[:, :3]}, "logits"), ({"soft": SOFT, "soft_mask": np.ones(5)}, "mask")],
)
def test_shapes_that_do_not_fit(given, what):
    with pytest.raises(HoneError, match=f"H411.*{what}"):
        build()(LOGITS, TARGETS, **given)


def test_entities_need_an_outside():
    with pytest.raises(HoneError, match=r"H415.*news, sports"):
        make_distillation(tokens="entity").bind(["news", "sports"], [1, 1])
    with pytest.raises(HoneError, match="H412"):
        make_distillation(tokens="entity")(LOGITS, TARGETS, soft=SOFT)
