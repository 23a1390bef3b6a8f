"""How losses are built and called: by thinc, by name from a config, as classes of one's own; and what they refuse."""

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

from .toy_losses import (
    COUNTS,
    EVERY_LINK,
    EVERY_LOSS,
    EVERY_WEIGHT,
    LABELS,
    LOGITS,
    MASKS,
    ROW_MASK,
    TARGETS,
    WEIGHTED,
    build,
    finite_differences,
)


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
