"""Every loss with settings, links, masks, targets and weights to meet it with."""

import numpy as np
import pytest

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
