"""What all losses have in common: value and gradient are one function, whatever the link, mask and weights."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spacy.util import registry
from thinc.api import Config

from spacy_hone.errors import HoneError
from spacy_hone.losses.base import RowLoss
from spacy_hone.losses.cross_entropy import make_cross_entropy
from spacy_hone.losses.dice import make_dice
from spacy_hone.losses.focal import make_focal

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(5, 4)) * 3
TARGETS = {"hard": np.eye(4)[[0, 3, 1, 1, 2]], "soft": RNG.dirichlet(np.ones(4), size=5)}
ROW_MASK = np.array([1, 0, 1, 1, 0])
MASKS = {"all": None, "rows": ROW_MASK, "labels": RNG.integers(0, 2, size=(5, 4))}
MASKS["labels"][1] = 0
LABELS, COUNTS = ["", "PER", "PER", "LOC"], [80, 10, 5, 5]
WEIGHTED = {"weights": [["PER", 3.0], ["LOC", 0.5]], "outside_weight": 0.25}


def torch_cross_entropy(log_p, log_rest, y):
    return -y * log_p


def torch_focal(gamma):
    return lambda log_p, log_rest, y: -y * (gamma * log_rest).exp() * log_p


def torch_dice(gamma, smooth=1.0):
    def dice(log_p, log_rest, y):
        q = (log_p + gamma * log_rest).exp()
        return 1 - (2 * q * y + smooth) / (q + y + smooth)

    return dice


# name: (builder, its settings, the formula in torch, whether that is of presence and absence alike)
LOSSES = {
    "cross-entropy": (make_cross_entropy, {}, torch_cross_entropy, True),
    "focal-2": (make_focal, {"gamma": 2.0}, torch_focal(2.0), True),
    "focal-0.5": (make_focal, {"gamma": 0.5}, torch_focal(0.5), True),
    "focal-0": (make_focal, {"gamma": 0.0}, torch_cross_entropy, True),
    "dice-0": (make_dice, {"gamma": 0.0}, torch_dice(0.0), False),
    "dice-0.01": (make_dice, {"gamma": 0.01, "smooth": 1e-4}, torch_dice(0.01, 1e-4), False),
    "dice-0.01-smooth-1": (make_dice, {}, torch_dice(0.01), False),
    "dice-1": (make_dice, {"gamma": 1.0}, torch_dice(1.0), False),
}
EVERY_LOSS = pytest.mark.parametrize("name", LOSSES)
EVERY_LINK = pytest.mark.parametrize("link", ["softmax", "sigmoid"])
EVERY_MASK = pytest.mark.parametrize(
    "link, mask",
    [("softmax", "all"), ("softmax", "rows"), ("sigmoid", "all"), ("sigmoid", "rows"), ("sigmoid", "labels")],
)
EVERY_TARGET = pytest.mark.parametrize("targets", TARGETS)
EVERY_WEIGHT = pytest.mark.parametrize("weights", [{}, WEIGHTED], ids=["equal", "weighted"])


def build(name, link, weights=None, **settings):
    builder, own, _, _ = LOSSES[name]
    loss = builder(link, **own, **(weights or {}), **settings)
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


def in_torch(name, link, logits, targets, *, mask=None, weights):
    """Gradient and value, by autograd and from log p and log(1 - p) that lose nothing."""
    torch = pytest.importorskip("torch")
    _, _, formula, of_absence_too = LOSSES[name]
    z, y = torch.tensor(logits, requires_grad=True), torch.tensor(targets)
    w = torch.tensor([weights.get(label, 1.0) for label in LABELS])
    counted = torch.tensor(np.ones(len(logits)) if mask is None else mask)
    if link == "softmax":
        others = z[:, None, :].masked_fill(torch.eye(z.shape[1], dtype=torch.bool), -np.inf).logsumexp(-1)
        whole = z.logsumexp(1, keepdim=True)
        values = formula(z - whole, others - whole, y).sum(1) * (y * w).sum(1)
        rows = counted
    else:
        log_p, log_rest = (torch.nn.functional.logsigmoid(sign * z) for sign in (1, -1))
        values = formula(log_p, log_rest, y)
        if of_absence_too:
            values = values + formula(log_rest, log_p, 1 - y)
        values = values * (y * w + (1 - y) * weights.get("absent", 1.0))
        counted = counted if counted.ndim == 2 else counted[:, None].expand(z.shape)
        rows = counted.any(1)
    value = values[counted > 0].sum() / (rows > 0).sum()
    value.backward()
    return z.grad.numpy(), value.item()


def named_weights(link, settings):
    if not settings:
        return {}
    outside = {"" if link == "softmax" else "absent": settings["outside_weight"]}
    return dict(settings["weights"]) | outside


@EVERY_LOSS
@EVERY_MASK
@EVERY_TARGET
@EVERY_WEIGHT
def test_gradient_is_that_of_the_value(name, link, mask, targets, weights):
    loss = build(name, link, weights)
    d_logits, value = loss(LOGITS, TARGETS[targets], MASKS[mask])
    assert d_logits.dtype == np.float64
    assert_allclose(d_logits, finite_differences(loss, LOGITS, TARGETS[targets], MASKS[mask]), atol=1e-8)
    expected, expected_value = in_torch(
        name, link, LOGITS, TARGETS[targets], mask=MASKS[mask], weights=named_weights(link, weights)
    )
    assert value == pytest.approx(expected_value, rel=1e-10)
    assert_allclose(d_logits, expected, atol=1e-12)


@EVERY_LOSS
@EVERY_LINK
@EVERY_TARGET
@pytest.mark.parametrize("scale", [10, 80])
def test_extreme_logits_lose_nothing(name, link, targets, scale):
    logits = np.sign(LOGITS) * scale
    logits[0] = [scale, -scale, 0, -scale]
    logits[1] = [-scale, -scale, 0, scale]
    logits[2:4] = [[-scale, scale, -scale, -scale], [scale, -scale, -scale, -scale]]
    d_logits, value = build(name, link)(logits, TARGETS[targets])
    expected, expected_value = in_torch(name, link, logits, TARGETS[targets], weights={})
    assert value == pytest.approx(expected_value, rel=1e-12)
    assert_allclose(d_logits, expected, atol=1e-13)
    d_single, single = build(name, link)(logits.astype("float32"), TARGETS[targets].astype("float32"))
    assert d_single.dtype == np.float32
    assert single == pytest.approx(value, rel=1e-5)
    assert_allclose(d_single, expected, rtol=1e-4, atol=1e-6)


@EVERY_LOSS
@EVERY_LINK
def test_float32_stays_finite_beyond_all_bounds(name, link):
    logits = np.array([[1e4, -1e4, 0, 0], [-1e4, 1e4, 0, 0], [0, 0, 0, 0]], dtype="float32")
    with np.errstate(all="raise", under="ignore"):
        d_logits, value = build(name, link)(logits, np.eye(4, dtype="float32")[[0, 0, 0]])
    assert np.isfinite(d_logits).all() and np.isfinite(value)


@pytest.mark.parametrize("name", ["cross-entropy", "focal-0.5", "dice-0"])
def test_a_single_exclusive_label_has_nothing_to_learn(name):
    d_logits, value = build(name, "softmax")(LOGITS[:, :1], np.ones((5, 1)))
    assert not d_logits.any() and value == 0.0


@EVERY_LOSS
@EVERY_MASK
def test_soft_targets_stand_in_for_hard_ones_and_count(name, link, mask):
    loss = build(name, link, WEIGHTED)
    soft_mask = np.array([0, 1, 1, 0, 0])
    targets = np.where(soft_mask[:, None], TARGETS["soft"], TARGETS["hard"])
    expected_mask = soft_mask | ROW_MASK if mask != "labels" else soft_mask[:, None] | MASKS[mask]
    found = loss(
        LOGITS,
        TARGETS["hard"],
        ROW_MASK if mask != "labels" else MASKS[mask],
        soft=TARGETS["soft"],
        soft_mask=soft_mask,
    )
    expected = loss(LOGITS, targets, expected_mask)
    assert_allclose(found[0], expected[0])
    assert found[1] == pytest.approx(expected[1])


@EVERY_LOSS
@EVERY_LINK
def test_one_row_zero_rows_and_nothing_unmasked(name, link):
    loss, hard = build(name, link, WEIGHTED), TARGETS["hard"]
    d_logits, value = loss(LOGITS[:1], hard[:1])
    assert d_logits.shape == (1, 4) and value > 0
    d_logits, value = loss(LOGITS[:0], hard[:0])
    assert d_logits.shape == (0, 4) and value == 0.0
    d_logits, value = loss(LOGITS, hard, np.zeros(5))
    assert not d_logits.any() and value == 0.0


@EVERY_LOSS
@EVERY_MASK
def test_masked_elements_get_nothing_and_padding_moves_nothing(name, link, mask):
    loss, hard = build(name, link, WEIGHTED), TARGETS["hard"]
    d_logits, value = loss(LOGITS, hard, MASKS[mask])
    padding = np.zeros((3, 4)) if mask == "labels" else np.zeros(3)
    padded_mask = np.concatenate([np.ones(5) if MASKS[mask] is None else MASKS[mask], padding])
    nan = np.full((3, 4), np.nan)
    d_padded, padded_value = loss(np.vstack([LOGITS, nan]), np.vstack([hard, nan]), padded_mask)
    assert padded_value == pytest.approx(value)
    assert_allclose(d_padded[:5], d_logits)
    assert not d_padded[padded_mask == 0].any()


@EVERY_LOSS
@EVERY_MASK
def test_the_mean_of_parts_is_the_mean_of_the_batch(name, link, mask):
    loss, hard = build(name, link, WEIGHTED), TARGETS["hard"]
    known = np.ones(5) if MASKS[mask] is None else MASKS[mask]
    rows = known if known.ndim == 1 else known.any(axis=1)
    parts = [
        loss(LOGITS[i], hard[i], known[i])[1] * (rows[i] > 0).sum()
        for i in (slice(2), slice(2, 3), slice(3, 5))
    ]
    assert loss(LOGITS, hard, known)[1] == pytest.approx(sum(parts) / (rows > 0).sum())


@EVERY_LINK
def test_focal_without_gamma_is_cross_entropy(link):
    for targets in TARGETS.values():
        ours, theirs = (build(name, link, WEIGHTED)(LOGITS, targets) for name in ("focal-0", "cross-entropy"))
        assert ours[1] == pytest.approx(theirs[1], abs=1e-12)
        assert_allclose(ours[0], theirs[0], atol=1e-12)


@EVERY_LOSS
def test_thinc_interface_delegates(name):
    loss = build(name, "softmax")
    d_logits, value = loss(LOGITS, TARGETS["hard"])
    assert_allclose(loss.get_grad(LOGITS, TARGETS["hard"]), d_logits)
    assert loss.get_loss(LOGITS, TARGETS["hard"]) == value


@pytest.mark.parametrize("name", ["CrossEntropy", "Focal", "Dice"])
@pytest.mark.parametrize(
    "settings",
    [
        "",
        'link = "sigmoid"',
        'weights = "effective(0.99)"\nmax_weight = 5\noutside_weight = 0.5',
        'weights = [["PER", 2.0], ["LOC", 3]]',
        'weights = "balanced"\nweight_ramp = [0.0, 0.5, 1.0]',
        '[loss.weight_ramp]\n@schedules = "warmup_linear.v1"\ninitial_rate = 1.0\nwarmup_steps = 5\ntotal_steps = 9',
    ],
)
def test_registered_names_build_and_run(name, settings):
    text = f'[loss]\n@losses = "hone.{name}.v1"\n{settings}'
    loss = registry.resolve(Config().from_str(text))["loss"]
    loss.bind(LABELS, COUNTS, 100)
    assert loss(LOGITS, TARGETS["hard"])[1] > 0


@EVERY_WEIGHT
@EVERY_LINK
def test_dice_and_cross_entropy_add_up(link, weights):
    both = make_dice(link, cross_entropy=[0.0, 0.5], **weights)
    both.bind(LABELS, COUNTS, 100)
    args = LOGITS, TARGETS["soft"], ROW_MASK
    dice, entropy = (build(name, link, weights)(*args) for name in ("dice-0.01-smooth-1", "cross-entropy"))
    assert_allclose(both(*args, step=0)[0], dice[0])
    d_logits, value = both(*args, step=1)
    assert_allclose(d_logits, dice[0] + 0.5 * entropy[0])
    assert value == pytest.approx(dice[1] + 0.5 * entropy[1])


@pytest.mark.parametrize(
    "setting, gammas", [("0.5", (0.5, 0.5)), ("[0.0, 0.5]", (0.0, 0.5)), ("1", (1.0, 1.0))]
)
@pytest.mark.parametrize("name", ["Focal", "Dice"])
def test_gamma_from_a_config(name, setting, gammas):
    text = f'[loss]\n@losses = "hone.{name}.v1"\ngamma = {setting}'
    loss = registry.resolve(Config().from_str(text))["loss"]
    assert (loss.gamma(0), loss.gamma(1)) == gammas


def test_a_loss_of_ones_own_in_five_lines():
    @registry.losses("my.SquaredError.v1")
    class SquaredError(RowLoss):
        def rows(self, logits, targets, step):
            return 2 * (logits - targets), ((logits - targets) ** 2).sum(axis=1)

    block = {"@losses": "my.SquaredError.v1"}
    plain = registry.resolve({"loss": block})["loss"]
    weighted = registry.resolve({"loss": {**block, "weights": "balanced", "outside_weight": 0.5}})["loss"]
    args = LOGITS, TARGETS["soft"], ROW_MASK
    for loss in (plain, weighted):
        loss.bind(LABELS, COUNTS, 100)
        assert_allclose(loss(*args)[0], finite_differences(loss, *args), atol=1e-8)
    assert plain.label_weights == []
    assert weighted.label_weights[0] == ("O", 0.5)


def test_a_loss_of_ones_own_needs_not_call_our_constructor():
    class Scaled(RowLoss):
        link = "sigmoid"

        def __init__(self, scale):
            self.scale = scale

        def rows(self, logits, targets, step):
            return self.scale * (logits - targets), self.scale * (logits - targets) ** 2 / 2

    loss = Scaled(3.0)
    args = LOGITS, TARGETS["soft"], MASKS["labels"]
    assert_allclose(loss(*args)[0], finite_differences(loss, *args), atol=1e-8)
    loss.bind(LABELS, COUNTS, 100)
    assert loss.label_weights == []


@pytest.mark.parametrize(
    "link, args, what",
    [
        ("softmax", (LOGITS, TARGETS["hard"][:, :3]), "targets"),
        ("softmax", (LOGITS, TARGETS["hard"], np.ones((5, 4))), "mask"),
        ("sigmoid", (LOGITS, TARGETS["hard"], np.ones((5, 3))), "mask"),
        ("sigmoid", (LOGITS, TARGETS["hard"], np.ones(4)), "mask"),
        ("sigmoid", (LOGITS[:, :2], TARGETS["hard"][:, :2]), "weights"),
    ],
)
def test_shapes_that_do_not_fit(link, args, what):
    with pytest.raises(HoneError, match=f"H411.*{what}"):
        build("cross-entropy", link, WEIGHTED)(*args)


def test_rows_of_the_wrong_shape_are_refused():
    class Summed(RowLoss):
        def rows(self, logits, targets, step):
            return logits, (logits**2 / 2).sum(axis=1)

    with pytest.raises(HoneError, match=r"H411.*losses.*\(5,\).*\(5, 4\)"):
        Summed("sigmoid")(LOGITS, TARGETS["hard"])


@pytest.mark.parametrize(
    "link, row",
    [
        ("softmax", [0, 0, 0, 0]),
        ("softmax", [1, 1, 0, 0]),
        ("softmax", [2, -1, 0, 0]),
        ("sigmoid", [0, 0, 2, 0]),
        ("sigmoid", [0, -1, 0, 0]),
        ("sigmoid", [0, np.nan, 0, 0]),
    ],
)
def test_targets_that_are_no_probabilities(link, row):
    targets = TARGETS["hard"].copy()
    targets[3] = row
    with pytest.raises(HoneError, match=r"H410.*row 3.*\((O|PER)\)"):
        build("cross-entropy", link)(LOGITS, targets)
    assert build("cross-entropy", link)(LOGITS, targets, np.array([1, 1, 1, 0, 1]))[1] > 0


@pytest.mark.parametrize("builder", [make_cross_entropy, make_focal, make_dice])
def test_unknown_links_are_refused(builder):
    with pytest.raises(HoneError, match=r"H401.*softmax, sigmoid"):
        builder("probit")


def test_weights_need_to_know_the_labels():
    with pytest.raises(HoneError, match="H412"):
        make_focal(weights="balanced")(LOGITS, TARGETS["hard"])
