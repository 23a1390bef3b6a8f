"""A batch with annotation and a teacher's logits, for the tests of hone.Distillation.v1."""

import numpy as np
import pytest

from spacy_hone.losses.cross_entropy import make_cross_entropy
from spacy_hone.losses.distillation import make_distillation

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
