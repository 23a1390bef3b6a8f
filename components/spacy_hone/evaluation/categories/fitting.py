"""One temperature for all logits, and a threshold for each label: what development data can set after training."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import Errors, HoneError
from ...pipes.text_classifier import LINKS
from ...types import Link
from ..ranking import best_threshold, rank

Floats = NDArray[np.float64]
COOLEST, HOTTEST = 0.05, 20.0  # the temperatures that are tried


def log_likelihood(logits: Floats, gold: NDArray, known: NDArray, link: Link) -> float:
    """Mean log-likelihood, in nats: of the gold label of each document under softmax, of each known label under
    sigmoid.

    logits, gold, known: shape (documents, labels); under softmax each document has one gold label.
    """
    values: Any = np.where(gold > 0, logits, -logits) if link == "sigmoid" else logits
    log_probabilities: Any = LINKS[link](values)
    return float(log_probabilities[known if link == "sigmoid" else gold > 0].mean())


def fit_temperature(logits: Floats, gold: NDArray, known: NDArray, link: Link) -> float | None:
    """The temperature T with the greatest likelihood of softmax(logits / T) or sigmoid(logits / T) (Guo et al. 2017,
    "On Calibration of Modern Neural Networks", sec. 4.2), between 0.05 and 20.

    The likelihood is concave in 1 / T, so there is one best; or there is none, where more and more certainty (or
    doubt) looks better. Then None. Arguments: see `log_likelihood`.
    """
    try:
        from scipy.optimize import minimize_scalar
    except ImportError as error:
        raise HoneError(Errors.H612.format(what="--fit-thresholds")) from error

    def objective(log_temperature: float) -> float:
        return -log_likelihood(logits / math.exp(log_temperature), gold, known, link)

    bounds = (math.log(COOLEST), math.log(HOTTEST))
    found = minimize_scalar(objective, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    is_at_the_end = min(found.x - bounds[0], bounds[1] - found.x) < 1e-3 or found.fun < 1e-9
    return None if is_at_the_end else round(math.exp(found.x), 6)


def fit_threshold(probabilities: Floats, gold: NDArray) -> float | None:
    """The threshold with the highest F1, see `best_threshold`; None if nothing is gold.

    probabilities, gold: shape (n,), of the documents where the label is known.
    """
    return best_threshold(rank(probabilities, gold)) if gold.any() else None
