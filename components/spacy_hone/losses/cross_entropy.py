"""Cross-entropy with label smoothing: the default loss of every head."""

from thinc.types import Floats1d, Floats2d
from thinc.util import get_array_module

from ..errors import Errors, HoneError
from ..types import Link
from .base import RowLoss, Rows
from .links import log_sigmoid, log_softmax
from .ramps import Schedule
from .weights import WeightSetting


def make_cross_entropy(
    link: Link = "softmax",
    label_smoothing: float = 0.0,
    *,
    weights: WeightSetting = "none",
    max_weight: float = 10.0,
    outside_weight: float | None = None,
    weight_ramp: Schedule = 1.0,
) -> RowLoss:
    """Build `hone.CrossEntropy.v1`: the negative log-likelihood of the targets.

    softmax: `L = -Σ_k y_k log p_k`, where exactly one label holds; `dL/dz = p Σ_k y_k - y`.
    sigmoid: `L_k = -y_k log p_k - (1 - y_k) log(1 - p_k)`, where any number holds; `dL_k/dz_k = p_k - y_k`.
    Label smoothing by ε replaces y by `(1 - ε) y + ε u`, u being 1/K for K exclusive labels and 1/2 for
    independent ones (Szegedy et al. 2016, Rethinking the Inception Architecture for Computer Vision,
    section 7).

    link (str): "softmax" or "sigmoid".
    label_smoothing (float): ε, from 0 to below 1; applied to soft targets too.
    weights, max_weight, outside_weight, weight_ramp: see `spacy_hone.losses.weights.Weighting`.

    Raises H401, H402, H405 and H406.
    """
    loss = CrossEntropy(
        link,
        weights=weights,
        max_weight=max_weight,
        outside_weight=outside_weight,
        weight_ramp=weight_ramp,
    )
    if not 0 <= label_smoothing < 1:
        raise HoneError(Errors.H402.format(value=label_smoothing))
    loss.label_smoothing = label_smoothing
    return loss


class CrossEntropy(RowLoss):
    begins_with_prior = True
    label_smoothing: float = 0.0

    def rows(self, logits: Floats2d, targets: Floats2d, step: int) -> Rows:
        uniform = 1 / logits.shape[1] if self.link == "softmax" else 1 / 2
        targets = (1 - self.label_smoothing) * targets + self.label_smoothing * uniform
        return entropy_rows(self.link, logits, targets)


def entropy_rows(link: Link, logits: Floats2d, targets: Floats2d) -> Rows:
    """Gradient and value of each row, see `make_cross_entropy`; as `RowLoss.rows` gives them."""
    return _softmax_rows(logits, targets) if link == "softmax" else _sigmoid_rows(logits, targets)


def _softmax_rows(logits: Floats2d, targets: Floats2d) -> tuple[Floats2d, Floats1d]:
    log_p = log_softmax(logits)
    d_logits = get_array_module(logits).exp(log_p) * targets.sum(axis=1, keepdims=True) - targets
    return d_logits, -(targets * log_p).sum(axis=1)


def _sigmoid_rows(logits: Floats2d, targets: Floats2d) -> tuple[Floats2d, Floats2d]:
    log_p, log_absent = log_sigmoid(logits), log_sigmoid(-logits)
    d_logits = get_array_module(logits).exp(log_p) - targets
    return d_logits, -(targets * log_p + (1 - targets) * log_absent)
