"""Distillation: annotation and a teacher's logits, each with its own rows, in one objective with one gradient."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spacy.util import registry
from thinc.api import CategoricalCrossentropy, Config

from spacy_hone.errors import HoneError
from spacy_hone.losses.base import RowLoss
from spacy_hone.losses.cross_entropy import make_cross_entropy
from spacy_hone.losses.dice import make_dice
from spacy_hone.losses.distillation import make_distillation
from spacy_hone.losses.focal import make_focal

RNG = np.random.default_rng(0)
LOGITS, TEACHER = RNG.normal(size=(2, 6, 4)) * 3
TARGETS = np.eye(4)[[0, 3, 1, 1, 2, 0]]
UNKNOWN = np.zeros((6, 4), dtype=bool)
UNKNOWN[1, 2] = UNKNOWN[2, :2] = UNKNOWN[3, 1:] = UNKNOWN[4] = True  # one, two, all but one, all
SOFT = np.where(UNKNOWN, -np.inf, TEACHER)
LABELS, COUNTS = ["", "PER", "PER", "LOC"], [80, 10, 5, 5]
ROWS, OTHER_ROWS = np.array([1, 0, 1, 1, 0, 1]), np.array([1, 1, 1, 0, 1, 0])
ELEMENTS = RNG.integers(0, 2, size=(6, 4))
ELEMENTS[1] = 0
MASKS = {
    "all": (None, None),
    "hard": (ROWS, None),
    "soft": (None, OTHER_ROWS),
    "both": (ROWS, OTHER_ROWS),
    "neither": (np.zeros(6), np.zeros(6)),
}
EVERY_LINK = pytest.mark.parametrize("link", ["softmax", "sigmoid"])
EVERY_SUBSET = pytest.mark.parametrize("labels", ["teacher", "all"])
EVERY_MASK = pytest.mark.parametrize(
    "link, masks",
    [(link, masks) for link in ("softmax", "sigmoid") for masks in MASKS.values()]
    + [("sigmoid", (1 - ELEMENTS, ELEMENTS)), ("sigmoid", (ROWS, ELEMENTS))],
)
EVERY_TEMPERATURE = pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])


def build(link="softmax", hard=make_cross_entropy, weights=None, **settings):
    loss = make_distillation(hard(link, **(weights or {})), **settings)
    loss.bind(LABELS, COUNTS, 100)
    return loss


def finite_differences(loss, logits, *args, **kwargs):
    epsilon = 1e-5
    gradient = np.zeros_like(logits)
    for i in np.ndindex(*logits.shape):
        step = np.zeros_like(logits)
        step[i] = epsilon
        up, down = (loss(logits + sign * step, *args, **kwargs)[1] for sign in (1, -1))
        gradient[i] = (up - down) / (2 * epsilon)
    return gradient


def as_elements(mask):
    mask = np.ones(len(LOGITS)) if mask is None else np.asarray(mask)
    return np.broadcast_to(mask if mask.ndim == 2 else mask[:, None], LOGITS.shape) > 0


def torch_soft_term(link, z, t, soft_mask, *, temperature, labels):
    """T² KL by torch's own kl_div, a row after the other, over the columns that are meant."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    rows = []
    for row in np.flatnonzero(
        (as_elements(soft_mask) & (t > -np.inf).any(axis=1, keepdims=True)).any(axis=1)
    ):
        known = t[row] > -np.inf
        meant = known if labels == "teacher" else np.ones_like(known)
        student, teacher = z[row] / temperature, torch.tensor(t[row]) / temperature
        if link == "softmax":
            log_q = functional.log_softmax(student[meant], dim=0)[None]
            p = functional.softmax(teacher[meant], dim=0)[None]
            rows.append(functional.kl_div(log_q, p, reduction="batchmean"))
            continue
        meant = meant & as_elements(soft_mask)[row]
        if meant.any():
            log_q, p = (
                torch.stack([f(x[meant]), f(-x[meant])], dim=1)
                for f, x in ((functional.logsigmoid, student), (torch.sigmoid, teacher))
            )
            rows.append(functional.kl_div(log_q, p, reduction="sum"))
    return temperature**2 * sum(rows) / len(rows) if rows else 0.0 * z.sum()


def torch_objective(link, z, masks, *, soft, alpha, temperature, labels, targets=TARGETS):
    torch = pytest.importorskip("torch")
    mask, soft_mask = masks
    y, counted = torch.tensor(targets), torch.tensor(as_elements(mask))
    if link == "softmax":
        hard = -(y * z.log_softmax(1)).sum(1)[counted[:, 0]].sum()
    else:
        elements = torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none")
        hard = elements[counted].sum()
    hard = hard / max(int(counted.any(1).sum()), 1)
    return alpha * hard + (1 - alpha) * torch_soft_term(
        link, z, soft, soft_mask, temperature=temperature, labels=labels
    )


@EVERY_MASK
@EVERY_SUBSET
@EVERY_TEMPERATURE
def test_gradient_is_that_of_the_value_and_both_are_torchs(link, masks, labels, temperature):
    torch = pytest.importorskip("torch")
    loss = build(link, alpha=0.3, temperature=temperature, labels=labels)
    mask, soft_mask = masks
    d_logits, value = loss(LOGITS, TARGETS, mask, soft=SOFT, soft_mask=soft_mask)
    assert d_logits.dtype == np.float64
    assert_allclose(
        d_logits, finite_differences(loss, LOGITS, TARGETS, mask, soft=SOFT, soft_mask=soft_mask), atol=1e-8
    )
    z = torch.tensor(LOGITS, requires_grad=True)
    expected = torch_objective(link, z, masks, soft=SOFT, alpha=0.3, temperature=temperature, labels=labels)
    expected.backward()
    assert value == pytest.approx(expected.item(), rel=1e-12)
    assert_allclose(d_logits, z.grad.numpy(), atol=1e-13)


@EVERY_LINK
@EVERY_SUBSET
@EVERY_TEMPERATURE
def test_extreme_logits_lose_nothing(link, labels, temperature):
    torch = pytest.importorskip("torch")
    logits, teacher = np.sign(LOGITS) * 80, np.sign(TEACHER) * 80
    logits[0], teacher[0] = [80, -80, 0, -80], [-80, 80, 0, 80]
    soft = np.where(UNKNOWN, -np.inf, teacher)
    loss = build(link, alpha=0.0, temperature=temperature, labels=labels)
    with np.errstate(all="raise", under="ignore"):
        d_logits, value = loss(logits, TARGETS, soft=soft)
        single = loss(logits.astype("float32"), TARGETS, soft=soft.astype("float16"))
    z = torch.tensor(logits, requires_grad=True)
    expected = torch_soft_term(link, z, soft, None, temperature=temperature, labels=labels)
    expected.backward()
    assert value == pytest.approx(expected.item(), rel=1e-12)
    assert_allclose(d_logits, z.grad.numpy(), atol=1e-12)
    assert single[0].dtype == np.float32
    assert single[1] == pytest.approx(value, rel=1e-5)
    assert_allclose(single[0], d_logits, rtol=1e-4, atol=1e-5)


@EVERY_LINK
@pytest.mark.parametrize("hard", [make_cross_entropy, make_focal, make_dice])
@pytest.mark.parametrize("weights", [{}, {"weights": [["PER", 3.0]], "outside_weight": 0.25}])
def test_alpha_1_is_the_hard_loss(link, hard, weights):
    loss = build(link, hard, weights, alpha=1.0)
    plain = hard(link, **weights)
    plain.bind(LABELS, COUNTS, 100)
    d_expected, expected = plain(LOGITS, TARGETS, ROWS)
    for soft in (None, SOFT):
        d_logits, value = loss(LOGITS, TARGETS, ROWS, soft=soft)
        assert value == expected and np.array_equal(d_logits, d_expected)
    assert loss.label_weights == plain.label_weights
    assert np.array_equal(loss.column_weights(0), plain.column_weights(0))
    assert loss.weighting.is_none == plain.weighting.is_none and loss.link == link


@EVERY_LINK
@EVERY_TEMPERATURE
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_student_like_its_teacher_learns_nothing_more(link, temperature, dtype):
    loss = build(link, alpha=0.0, temperature=temperature)
    logits = LOGITS.astype(dtype)
    d_logits, value = loss(logits, TARGETS, soft=np.where(UNKNOWN, -np.inf, logits))
    assert value == 0.0 and not d_logits.any()


def test_only_differences_matter_among_exclusive_labels():
    loss = build(alpha=0.0)
    shifted = loss(LOGITS, TARGETS, soft=SOFT + np.arange(6)[:, None])
    assert shifted[1] == pytest.approx(loss(LOGITS, TARGETS, soft=SOFT)[1])


def test_hot_distillation_compares_centred_logits():
    """The limit for T → ∞: half the mean squared difference of centred logits (Hinton et al. 2015, section 2.1)."""
    difference = LOGITS - TEACHER
    difference -= difference.mean(axis=1, keepdims=True)
    d_logits, value = build(alpha=0.0, temperature=1e4)(LOGITS, TARGETS, soft=TEACHER)
    assert value == pytest.approx((difference**2).mean() / 2, rel=1e-3)
    assert_allclose(d_logits, difference / difference.size, rtol=1e-2, atol=1e-5)


@EVERY_LINK
def test_without_a_teacher_the_hard_term_keeps_its_share(link):
    hard = make_cross_entropy(link)(LOGITS, TARGETS, ROWS)
    loss = build(link, alpha=0.3)
    for given in ({}, {"soft": SOFT, "soft_mask": np.zeros(6)}, {"soft": np.full((6, 4), -np.inf)}):
        d_logits, value = loss(LOGITS, TARGETS, ROWS, **given)
        assert value == pytest.approx(0.3 * hard[1])
        assert_allclose(d_logits, 0.3 * hard[0])
    d_rows, values = loss.rows(LOGITS, TARGETS, 0)
    d_expected, expected = make_cross_entropy(link).rows(LOGITS, TARGETS, 0)
    assert_allclose(d_rows, 0.3 * d_expected)
    assert_allclose(values, 0.3 * expected)


@EVERY_LINK
def test_columns_that_the_teacher_does_not_know(link):
    soft = np.where([False, True, False, False], -np.inf, TEACHER)
    without = np.delete(LOGITS, 1, axis=1), np.delete(TARGETS, 1, axis=1)
    smaller = make_distillation(make_cross_entropy(link), alpha=0.0)
    d_smaller, value_smaller = smaller(*without, np.zeros(6), soft=np.delete(TEACHER, 1, axis=1))
    d_logits, value = build(link, alpha=0.0)(LOGITS, TARGETS, soft=soft)
    assert value == pytest.approx(value_smaller)
    assert_allclose(np.delete(d_logits, 1, axis=1), d_smaller)
    assert not d_logits[:, 1].any()
    d_logits, more = build(link, alpha=0.0, labels="all")(LOGITS, TARGETS, soft=soft)
    assert more > value and (d_logits[:, 1] > 0).all()


@EVERY_MASK
def test_padding_moves_nothing(link, masks):
    loss = build(link, weights={"weights": [["PER", 3.0]]})
    mask, soft_mask = (np.ones(6) if m is None else m for m in masks)
    d_logits, value = loss(LOGITS, TARGETS, mask, soft=SOFT, soft_mask=soft_mask)
    padding, nan = np.zeros(3), np.full((3, 4), np.nan)
    padded = [np.concatenate([m, padding if m.ndim == 1 else np.zeros((3, 4))]) for m in (mask, soft_mask)]
    d_padded, padded_value = loss(
        np.vstack([LOGITS, nan]),
        np.vstack([TARGETS, nan]),
        padded[0],
        soft=np.vstack([SOFT, nan]),
        soft_mask=padded[1],
    )
    assert padded_value == pytest.approx(value)
    assert_allclose(d_padded[:6], d_logits)
    assert not d_padded[6:].any()


@EVERY_LINK
@EVERY_SUBSET
def test_each_term_is_the_mean_of_its_own_rows(link, labels):
    parts = slice(2), slice(2, 3), slice(3, 6)
    taught = OTHER_ROWS * ~UNKNOWN.all(axis=1)
    for alpha, rows in ((1.0, ROWS), (0.0, taught)):
        loss = build(link, alpha=alpha, labels=labels)
        values = [
            loss(LOGITS[i], TARGETS[i], ROWS[i], soft=SOFT[i], soft_mask=OTHER_ROWS[i])[1] * rows[i].sum()
            for i in parts
        ]
        whole = loss(LOGITS, TARGETS, ROWS, soft=SOFT, soft_mask=OTHER_ROWS)[1]
        assert whole == pytest.approx(sum(values) / rows.sum())


@EVERY_LINK
@pytest.mark.parametrize("tokens", ["all", "confident", "entity"])
def test_no_rows(link, tokens):
    d_logits, value = build(link, tokens=tokens)(LOGITS[:0], TARGETS[:0], soft=SOFT[:0])
    assert d_logits.shape == (0, 4) and value == 0.0


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
        ({"temperature": 0.0}, r"temperature is 0.0.*0 or more, but not 0"),
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
