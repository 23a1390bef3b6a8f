"""Logits in half the bytes: float16, and of many columns the likeliest."""

import numpy as np
from numpy.typing import NDArray

from .base import Floats

ALL = 128  # columns that are kept whole
TOP = 64  # of more columns: as many bytes a row as 128 whole ones take
LOWEST = np.finfo("float16").min  # stands for -inf


def row_type(n_columns: int) -> np.dtype:
    """How a row lies in the file: its logits, or its highest ones, where they stand, and one for all others."""
    if n_columns <= ALL:
        return np.dtype(("<f2", (n_columns,)))
    place = "<u2" if n_columns <= 2**16 else "<u4"
    return np.dtype([("top", "<f2", (TOP,)), ("columns", place, (TOP,)), ("rest", "<f2")])


def pack(logits: Floats, *, exclusive: bool) -> bytes:
    """Write logits as float16, to which softmax rows are centred: the highest logit becomes 0, so that the likely
    columns are where float16 is finest (around the mean they would not be: 8 to 16 has steps of 1/128).

    Of more than 128 columns the 64 highest are kept, and what the others have together: under softmax the
    logarithm of their probability, else the log-odds of their mean probability, as one logit for each of them.

    logits: finite or -inf, shape (rows, columns), columns at least 1.
    """
    rows = logits.astype("float64")
    if exclusive and len(rows):
        rows -= rows.max(axis=1, keepdims=True)
    kind = row_type(rows.shape[1])
    if kind.names is None:
        return _narrow(rows).tobytes()
    packed = np.zeros(len(rows), kind)
    order = np.argpartition(rows, -TOP, axis=1)
    top, others = order[:, -TOP:], np.take_along_axis(rows, order[:, :-TOP], axis=1)
    packed["top"], packed["columns"] = _narrow(np.take_along_axis(rows, top, axis=1)), top
    packed["rest"] = _narrow(_log_mean(others) if exclusive else _mean_log_odds(others))
    return packed.tobytes()


def unpack(data: bytes, n_columns: int) -> Floats:
    """Read what `pack` wrote, shape (rows, columns), float32."""
    kind = row_type(n_columns)
    if kind.names is None:
        rows = np.frombuffer(data, "<f2").reshape(-1, n_columns).astype("float32")
    else:
        packed = np.frombuffer(data, kind)
        rows = np.repeat(packed["rest"].astype("float32")[:, None], n_columns, axis=1)
        np.put_along_axis(rows, packed["columns"].astype("int64"), packed["top"].astype("float32"), axis=1)
    rows[rows <= LOWEST] = -np.inf
    return rows


def _narrow(rows: NDArray[np.float64]) -> NDArray[np.float16]:
    """float16 without infinities; the lowest number is for -inf alone."""
    above = np.nextafter(LOWEST, np.float16(0))
    finite = np.clip(rows, above, -above)
    return np.where(np.isneginf(rows), LOWEST, finite).astype("<f2")


def _log_mean(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logit that as many equal columns would have: `log mean exp`."""
    highest = np.maximum(rows.max(axis=1), np.float64(LOWEST))
    with np.errstate(divide="ignore"):
        return highest + np.log(np.exp(rows - highest[:, None]).mean(axis=1))


def _mean_log_odds(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log-odds of the mean probability of independent columns."""
    present, absent = (_log_mean(-np.logaddexp(0, sign * rows)) for sign in (-1, 1))
    return present - absent
