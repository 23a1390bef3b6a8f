"""Focal loss: cross-entropy that looks away from what is already right."""

from thinc.types import Floats2d
from thinc.util import get_array_module

from ..types import Link
from .base import RowLoss, Rows
from .links import log_probabilities
from .ramps import Ramp, Schedule
from .weights import WeightSetting


def make_focal(
    link: Link = "softmax",
    gamma: Schedule = 2.0,
    *,
    weights: WeightSetting = "none",
    max_weight: float = 10.0,
    outside_weight: float | None = None,
    weight_ramp: Schedule = 1.0,
) -> RowLoss:
    """Build `hone.Focal.v1` (Lin et al. 2017, Focal Loss for Dense Object Detection).

    With `f(p) = -(1 - p)^γ log p`, the loss of an outcome of probability p, the loss is its expectation:
    softmax: `L = Σ_k y_k f(p_k)`; sigmoid: `L_k = y_k f(p_k) + (1 - y_k) f(1 - p_k)`.
    γ = 0 is cross-entropy. The paper's α is `weights` here.

    link (str): "softmax" where exactly one label holds, "sigmoid" where any number does.
    gamma (float | Schedule): γ, 0 or more; a schedule has a value for each update.
    weights, max_weight, outside_weight, weight_ramp: see `spacy_hone.losses.weights.Weighting`.

    Raises H401, H405 and H406.
    """
    loss = Focal(
        link,
        weights=weights,
        max_weight=max_weight,
        outside_weight=outside_weight,
        weight_ramp=weight_ramp,
    )
    loss.gamma = Ramp("gamma", gamma)
    return loss


class Focal(RowLoss):
    begins_with_prior = True
    gamma: Ramp

    def rows(self, logits: Floats2d, targets: Floats2d, step: int) -> Rows:
        """As in `RowLoss`. Where outcomes i exclude each other (the labels of a row, or presence and absence of
        a label), `dL/dz_k = a_k - p_k Σ_i a_i` with `a_i = y_i p_i f'(p_i)`."""
        gamma = self.gamma(step)
        log_p, log_rest = log_probabilities(self.link, logits)
        losses, slopes = _focal(log_p, log_rest, gamma)
        values, pulls = targets * losses, targets * slopes
        p = get_array_module(logits).exp(log_p)
        if self.link == "softmax":
            return pulls - p * pulls.sum(axis=1, keepdims=True), values.sum(axis=1)
        losses, slopes = _focal(log_rest, log_p, gamma)
        return pulls - p * (pulls + (1 - targets) * slopes), values + (1 - targets) * losses


def _focal(log_p: Floats2d, log_rest: Floats2d, gamma: float) -> tuple[Floats2d, Floats2d]:
    """f(p), and `p f'(p) = (1 - p)^γ (γ r - 1)` with `r = p log p / (1 - p)`, which goes to -1 for p → 1."""
    xp = get_array_module(log_p)
    tiny = xp.finfo(log_p.dtype).tiny
    rest = xp.exp(log_rest)
    ratio = xp.where(rest > tiny, xp.exp(log_p) * log_p / xp.maximum(rest, tiny), -1)
    modulation = xp.exp(gamma * log_rest)
    return -modulation * log_p, modulation * (gamma * ratio - 1)
