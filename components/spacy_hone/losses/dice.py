"""Self-adjusting dice loss: a bounded loss in the image of F1."""

from thinc.types import Floats2d
from thinc.util import get_array_module

from ..errors import Errors, HoneError
from ..types import Link
from .base import RowLoss, Rows
from .cross_entropy import entropy_rows
from .links import log_probabilities, one_hot_argmax
from .ramps import Ramp, Schedule
from .weights import WeightSetting


def make_dice(
    link: Link = "softmax",
    gamma: Schedule = 0.01,
    smooth: float = 1.0,
    cross_entropy: Schedule = 0.0,
    *,
    weights: WeightSetting = "none",
    max_weight: float = 10.0,
    outside_weight: float | None = None,
    weight_ramp: Schedule = 1.0,
) -> RowLoss:
    """Build `hone.Dice.v1` (Li et al. 2020, Dice Loss for Data-imbalanced NLP Tasks).

    For each row and label, `L_k = 1 - (2 q_k y_k + s) / (q_k + y_k + s)` with `q = (1 - p)^γ p`; under softmax
    the loss of a row is their sum over labels, as in the authors' code.

    Mind that q does not peak at p = 1 but at p = 1 / (1 + γ), and is 0 at p = 1 as it is at p = 0. Beyond the
    peak, with γ = 1 beyond one half, a label that is there is pushed back to it, and one that is not is pushed on
    to p = 1. The paper's formula has γ = 1 (where its code has the exponent alpha), its authors' experiments ran
    with 0.01, which is nearly the plain dice of γ = 0.

    Dice alone is bounded, and its gradient vanishes where a label has become unlikely: from a fresh output layer it
    learned to find nothing on three data sets (benchmarks/README.md). λ times the cross-entropy of the
    row, added to it, is what keeps it moving, as is usual where dice is most used (Isensee et al. 2021, nnU-Net, with
    λ = 1); configs/ner_trf_dice.cfg does so.

    link (str): "softmax" where exactly one label holds, "sigmoid" where any number does.
    gamma (float | Schedule): γ, 0 or more; a schedule has a value for each update.
    smooth (float): s, 0 or more. With 0, labels that are not there (y = 0) have no gradient.
    cross_entropy (float | Schedule): λ, 0 or more; a schedule that ends at 0 ends with dice alone.
    weights, max_weight, outside_weight, weight_ramp: see `spacy_hone.losses.weights.Weighting`.

    Raises H401, H405 and H406; and H413 in training where γ is so large for the number of exclusive labels that
    an undecided row would move away from its label: K - 1 or more.
    """
    loss = Dice(
        link,
        weights=weights,
        max_weight=max_weight,
        outside_weight=outside_weight,
        weight_ramp=weight_ramp,
    )
    if not smooth >= 0:
        raise HoneError(Errors.H405.format(name="smooth", value=smooth, expected="a number, 0 or more"))
    loss.gamma, loss.smooth = Ramp("gamma", gamma), smooth
    loss.cross_entropy = Ramp("cross_entropy", cross_entropy)
    return loss


class Dice(RowLoss):
    gamma: Ramp
    smooth: float
    cross_entropy: Ramp

    def rows(self, logits: Floats2d, targets: Floats2d, step: int) -> Rows:
        """As in `RowLoss`: dice + λ cross-entropy."""
        d_dice, dice = self._dice(logits, targets, step)
        if not (factor := self.cross_entropy(step)):
            return d_dice, dice
        d_entropy, entropy = entropy_rows(self.link, logits, targets)
        return d_dice + factor * d_entropy, dice + factor * entropy

    def _dice(self, logits: Floats2d, targets: Floats2d, step: int) -> Rows:
        """`dL/dq = (s - 2 y (y + s)) / (q + y + s)²`, `p (1 - p) dq/dp = q (1 - p - γ p)`."""
        xp = get_array_module(logits)
        gamma, n_labels = self.gamma(step), logits.shape[1]
        if self.link == "softmax" and gamma and gamma >= n_labels - 1:
            raise HoneError(Errors.H413.format(gamma=gamma, n_labels=n_labels, limit=n_labels - 1))
        log_p, log_rest = log_probabilities(self.link, logits)
        q = xp.exp(log_p + gamma * log_rest)
        total = xp.maximum(q + targets + self.smooth, xp.finfo(logits.dtype).tiny)
        losses = 1 - (2 * q * targets + self.smooth) / total
        d_q = (self.smooth - 2 * targets * (targets + self.smooth)) / total / total
        slopes = d_q * q * (xp.exp(log_rest) - gamma * xp.exp(log_p))
        if self.link == "sigmoid":
            return slopes, losses
        return _through_softmax(slopes, log_p, log_rest), losses.sum(axis=1)


def _through_softmax(slopes: Floats2d, log_p: Floats2d, log_rest: Floats2d) -> Floats2d:
    """`dL/dz_j = c_j - Σ_{i≠j} c_i p_j / (1 - p_i)` from `c_i = p_i (1 - p_i) dL/dp_i`: finite where dL/dp_i is
    not. Only the likeliest label can have a small 1 - p_i, and is summed by itself."""
    xp = get_array_module(slopes)
    likeliest = one_hot_argmax(log_p)
    pulls = xp.where(likeliest, 0, slopes / xp.exp(xp.where(likeliest, 0, log_rest)))
    top, log_top_rest = (xp.where(likeliest, x, 0).sum(axis=1, keepdims=True) for x in (slopes, log_rest))
    shared = xp.where(likeliest, top, -top * xp.exp(xp.where(likeliest, 0, log_p - log_top_rest)))
    return pulls - xp.exp(log_p) * pulls.sum(axis=1, keepdims=True) + shared
