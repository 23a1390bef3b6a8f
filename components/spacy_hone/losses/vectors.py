"""Distillation of vectors: a student's token vectors drawn to those of its teacher."""

from typing import Any, Literal, get_args

import numpy as np
from thinc.types import Floats1d, Floats2d
from thinc.util import get_array_module

from ..errors import Errors, HoneError
from .base import Rows, check_shape

VectorLoss = Literal["cosine", "mse"]


def vector_loss(
    student: Floats2d,
    teacher: Floats2d,
    projection: Floats2d | None = None,
    kind: VectorLoss = "cosine",
    mask: Floats1d | None = None,
) -> tuple[float, Floats2d, Floats2d | None]:
    """The mean distance of vectors over unmasked rows, and its exact gradients.

    With u = s W, s being a student's vector and v its teacher's:
    cosine: `1 - u·v / (|u| |v|)` (Sanh et al. 2019, DistilBERT), the length being free; 1 and without gradient where
    u or v is 0.
    mse: the mean over components of `(u - v)²` (Romero et al. 2015, FitNets; with a linear projection Jiao et al.
    2020, TinyBERT).

    student (Floats2d): shape (rows, student's width), float32 or float64, numpy or cupy.
    teacher (Floats2d): shape (rows, teacher's width).
    projection (Floats2d | None): W, learned, shape (student's width, teacher's width). None: none; the widths are
        then equal.
    kind (str): "cosine" or "mse".
    mask (Floats1d | None): 1 for rows that count, shape (rows,). None: all.
    RETURNS: the value, 0.0 if no row counts; the gradient of the student's vectors, zero where masked; and that of
        the projection, None without one. Of the shapes and dtypes of what they belong to.

    Raises H405 for an unknown kind, H411 for shapes that do not fit.
    """
    if kind not in get_args(VectorLoss):
        expected = f"one of {', '.join(map(repr, get_args(VectorLoss)))}"
        raise HoneError(Errors.H405.format(name="the kind of the vector loss", value=kind, expected=expected))
    xp: Any = get_array_module(student)
    rows, width = student.shape
    if projection is not None:
        check_shape("projection", projection.shape, (width, teacher.shape[1]))
        width = teacher.shape[1]
    check_shape("teacher's vectors", teacher.shape, (rows, width))
    counted: Any = slice(None)
    if mask is not None:
        check_shape("mask", np.shape(mask), (rows,))
        counted = xp.asarray(mask) > 0
        counted = slice(None) if counted.all() else counted  # which copies nothing
    vectors: Any = student[counted]
    targets = xp.asarray(teacher, dtype=student.dtype)[counted]
    projected = vectors if projection is None else vectors @ projection
    values: Any
    d_projected, values = (_cosine if kind == "cosine" else _squared)(projected, targets)
    share = 1 / max(len(vectors), 1)  # d_projected, which is wide, is not divided by it
    d_vectors = d_projected if projection is None else d_projected @ projection.T
    d_student = xp.zeros_like(student)
    d_student[counted] = share * d_vectors
    d_projection = None if projection is None else vectors.T @ d_projected * share
    return float(values.sum() * share), d_student, d_projection


def _cosine(u: Any, v: Any) -> Rows:
    """`d(1 - cos)/du = (cos u/|u| - v/|v|) / |u|`."""
    xp = get_array_module(u)
    least = xp.sqrt(xp.finfo(u.dtype).tiny)  # shorter ones count as 0
    lengths = [xp.sqrt(xp.einsum("ij,ij->i", x, x)) for x in (u, v)]
    has = (lengths[0] > least) & (lengths[1] > least)
    inverse = [xp.where(has, 1 / xp.maximum(length, least), 0) for length in lengths]
    cosine = xp.einsum("ij,ij->i", u, v) * inverse[0] * inverse[1]
    d_u = u * (cosine * inverse[0] * inverse[0])[:, None]
    d_u -= v * (inverse[0] * inverse[1])[:, None]
    return d_u, 1 - cosine


def _squared(u: Any, v: Any) -> Rows:
    difference = u - v
    return 2 * difference / max(difference.shape[1], 1), (difference * difference).mean(axis=1)
