"""What every system is told and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.data import Part
from spacy.tokens import Doc


@dataclass(frozen=True)
class Settings:
    """The same for every system, except `overrides`.

    data: name of the data set. updates: optimiser steps.
    learn_rate: peak rate, after 10 % warm-up, then linear to 0.
    overrides: what departs from the system's config, as {"training.dropout": "0.2"}.
    """

    data: str
    updates: int
    learn_rate: float
    seed: int
    overrides: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """docs: the test documents with the predicted entities. seconds: of training.
    words: tokens seen in training. precision: of the matrix products, "bf16" or "fp32"."""

    docs: list[Doc]
    seconds: float
    words: int
    precision: str


System = Callable[[Part, Settings], Outcome]
