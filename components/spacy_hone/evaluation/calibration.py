"""Does a probability of 0.8 mean right in eight of ten cases?"""

import numpy as np
from numpy.typing import ArrayLike

BINS = 15


def expected_calibration_error(confidence: ArrayLike, right: ArrayLike) -> float | None:
    """Expected calibration error (Guo et al. 2017, "On Calibration of Modern Neural Networks", eq. 3), over 15
    bins of equal width, (0, 1/15], (1/15, 2/15] ..., of which empty ones count nothing (0 goes into the first):

        ECE = sum_m |B_m| / n * | right(B_m) - confidence(B_m) |

    with the share of right cases and the mean confidence in bin m.

    confidence: probabilities, shape (n,). right: whether what was said with it is so, shape (n,).

    Returns a number from 0 to 1; None if there is no case.
    """
    p, hits = np.asarray(confidence, dtype="float64"), np.asarray(right, dtype="float64")
    if not len(p):
        return None
    bins = np.clip(np.ceil(p * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = np.bincount(bins, weights=hits - p, minlength=BINS)
    return float(np.abs(gaps).sum() / len(p))
