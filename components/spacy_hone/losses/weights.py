"""Weights of labels, by name: chosen, or computed from how often each label occurs in the training data."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from math import inf, isfinite
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import Errors, HoneError
from ..errors.near import near_names
from ..types import Link
from .ramps import Ramp, Schedule

WeightSetting = str | list[list[str | float]]
METHODS = ("none", "balanced", "effective", "effective(0.999)")


class Weighting:
    """How a loss weighs labels.

    weights (str | list): the weight of a label with n training rows of N, n above 0:
        "none": 1.
        "balanced": `N / (K n)` for K exclusive labels with examples; for independent ones `(N - n) / n`, the
            rows without the label for each with it.
        "effective", "effective(0.99)": in proportion to `(1 - β) / (1 - β^n)`, one over the effective number
            of rows (Cui et al. 2019, Class-Balanced Loss Based on Effective Number of Samples), β being 0.999
            or the number in brackets. The mean over training rows is 1 (in the paper: over labels), which
            leaves the size of the steps alone: β = 0 is "none", β → 1 is "balanced" for exclusive labels.
        [["PER", 3.0], ...]: as given, 1 for other labels.
    max_weight (float): the largest weight. Computed weights are cut to it (a label without examples has it),
        chosen ones must keep to it. `(N - n) / n` is cut to at least 1 / max_weight too.
    outside_weight (float | None): the weight of O; for independent labels, of the absence of a label. None:
        as any other label's, 1 for absence.
    ramp (float | Schedule): the share ρ of the weights that is in force, from 0 to 1; the weight is
        `1 + ρ (w - 1)`. A schedule from 0 to 1 defers it (Cao et al. 2019, Learning Imbalanced Datasets with
        Label-Distribution-Aware Margin Loss).

    Raises H405 and H406 for settings that cannot be.
    """

    def __init__(
        self,
        weights: WeightSetting = "none",
        max_weight: float = 10.0,
        outside_weight: float | None = None,
        ramp: Schedule = 1.0,
    ):
        if not 1 <= max_weight < inf:
            expected = "a finite number, 1 or more"
            raise HoneError(Errors.H405.format(name="max_weight", value=max_weight, expected=expected))
        self.max_weight = max_weight
        self.outside_weight = outside_weight
        self.ramp = Ramp("weight_ramp", ramp, highest=1.0)
        self.method, self.beta = _parse_method(weights) if isinstance(weights, str) else ("chosen", 0.0)
        self.chosen = {} if isinstance(weights, str) else _parse_pairs(weights)
        outside = {} if outside_weight is None else {"outside_weight": outside_weight}
        for name, weight in [*outside.items(), *self.chosen.items()]:
            if not 0 <= weight <= max_weight:
                expected = f"from 0 to max_weight, which is {max_weight:g}"
                where = name if name in outside else f"the weight of {name!r}"
                raise HoneError(Errors.H405.format(name=where, value=weight, expected=expected))

    @property
    def is_none(self) -> bool:
        """Whether every weight is 1."""
        return self.method == "none" and self.outside_weight is None

    def by_label(
        self,
        labels: Sequence[str],
        counts: Sequence[int],
        total: int | Sequence[int],
        link: Link,
        *,
        strict: bool,
    ) -> dict[str, float]:
        """The weight of each label; under softmax "" is O.

        labels (Sequence[str]): the label of each column. Columns of one label share its weight.
        counts (Sequence[int]): the number of training rows of each column.
        total (int | Sequence[int]): the number of training rows; of independent labels also by column, where not
            each row says something of each label.
        link (str): "softmax" for exclusive labels, "sigmoid" for independent ones.
        strict (bool): whether each label but O needs an example.

        Raises H407 for a weight without a label, H408 for a label without examples, H409 for an
        outside_weight without O.
        """
        names = list(dict.fromkeys(labels))
        self._check_names(names, link)
        places = np.array([names.index(label) for label in labels], dtype=int)
        n = np.bincount(places, weights=counts, minlength=len(names))
        weights = np.ones(len(names))
        if self.method == "chosen":
            weights = np.array([self.chosen.get(name, 1.0) for name in names])
        elif self.method != "none":
            without = [name for name, count in zip(names, n) if name and not count]
            if strict and without:
                raise HoneError(Errors.H408.format(method=self.method, labels=", ".join(without)))
            if n.any():
                known = np.broadcast_to(total, len(labels))
                rows = total if link == "softmax" else np.bincount(places, weights=known)
                weights = self._computed(n, rows, link)
        by_label = dict(zip(names, weights.tolist()))
        if self.outside_weight is not None and link == "softmax":
            by_label[""] = self.outside_weight
        return by_label

    def _computed(self, n: NDArray, rows: Any, link: Link) -> NDArray:
        seen = n > 0
        weights = np.full(len(n), float(self.max_weight))
        lowest = 0.0
        if self.method == "effective":
            weights[seen] = inverse_effective_number(n[seen], self.beta)
            weights[seen] *= n.sum() / (n * weights)[seen].sum()
        elif link == "softmax":
            weights[seen] = rows / (seen.sum() * n[seen])
        else:
            weights[seen] = (rows - n)[seen] / n[seen]
            lowest = 1 / self.max_weight
        return np.clip(weights, lowest, self.max_weight)

    def _check_names(self, names: Sequence[str], link: Link) -> None:
        unknown = [name for name in self.chosen if name not in names]
        if unknown:
            near = {name: near_names(name, filter(None, names)) for name in unknown}
            listed = "; ".join(
                f"{n!r}" + (f" (near: {', '.join(near[n])})" if near[n] else "") for n in unknown
            )
            raise HoneError(Errors.H407.format(unknown=listed, labels=", ".join(filter(None, names))))
        if self.outside_weight is not None and link == "softmax" and "" not in names:
            raise HoneError(Errors.H409.format(labels=", ".join(names)))


def inverse_effective_number(n: NDArray, beta: float) -> NDArray:
    """`(1 - β) / (1 - β^n)`, precise for β near 1.

    n (ndarray): numbers of rows, above 0.
    beta (float): β, at least 0 and below 1.
    """
    return np.ones(len(n)) if beta == 0 else (1 - beta) / -np.expm1(n * np.log(beta))


def _parse_method(setting: str) -> tuple[str, float]:
    """The method and β of a setting such as "effective(0.99)"."""
    if setting in ("none", "balanced"):
        return setting, 0.0
    match = re.fullmatch(r"effective(?:\(\s*([^()\s]+)\s*\))?", setting)
    if match is None:
        raise HoneError(Errors.H406.format(setting=setting, fault=_near_methods(setting)))
    try:
        beta = float(match[1] or 0.999)
    except ValueError:
        beta = -1.0
    if not 0 <= beta < 1:
        expected = "a number from 0 to below 1, such as 0.999"
        raise HoneError(Errors.H405.format(name="the β of weights", value=match[1], expected=expected))
    return "effective", beta


def _near_methods(setting: str) -> str:
    near = get_close_matches(setting.lower(), METHODS, n=1)
    return f"did you mean {near[0]!r}?" if near else "no such method"


def _parse_pairs(pairs: Sequence[Sequence[str | float]]) -> dict[str, float]:
    """Label and weight of each pair."""
    chosen: dict[str, float] = {}
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise HoneError(Errors.H406.format(setting=pairs, fault=f"{pair!r} is not a pair"))
        label, weight = pair
        if not isinstance(weight, Real) or not isfinite(weight):
            raise HoneError(Errors.H406.format(setting=pairs, fault=f"{weight!r} is not a number"))
        if str(label) in chosen:
            raise HoneError(Errors.H406.format(setting=pairs, fault=f"{label!r} is there twice"))
        chosen[str(label)] = float(weight)
    return chosen
