"""Distillation of vectors: a student's token vectors drawn to those of its teacher."""

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from thinc.types import Floats1d, Floats2d
from thinc.util import get_array_module

from ..errors import Errors, HoneError
from .base import check_shape

VectorLoss = Literal["cosine", "mse"]
Distance = tuple[Any, Any, Any]


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
    values, d_vectors, d_projection = DISTANCES[kind](vectors, targets, projection)
    share = 1 / max(len(vectors), 1)
    d_student = xp.zeros_like(student)
    d_student[counted] = share * d_vectors
    return float(values.sum() * share), d_student, None if d_projection is None else share * d_projection


def _cosine(s: Any, v: Any, projection: Any) -> Distance:
    """`d(1 - cos)/du = (cos u/|u| - v/|v|) / |u|`.

    u = s W is as wide as a teacher, and never made: of it only products are needed, `u Wᵀ = s (W Wᵀ)`, `u·v = s·(v Wᵀ)`
    and `u·u = s·(u Wᵀ)`.
    """
    xp = get_array_module(s)
    own, other = (s, v) if projection is None else (s @ (projection @ projection.T), v @ projection.T)
    least = xp.sqrt(xp.finfo(s.dtype).tiny)  # shorter ones count as 0
    lengths = [xp.sqrt(xp.maximum(xp.einsum("ij,ij->i", a, b), 0)) for a, b in ((s, own), (v, v))]
    has = (lengths[0] > least) & (lengths[1] > least)
    inverse = [xp.where(has, 1 / xp.maximum(length, least), 0) for length in lengths]
    cosine = xp.einsum("ij,ij->i", s, other) * inverse[0] * inverse[1]
    a, b = (cosine * inverse[0] * inverse[0])[:, None], (inverse[0] * inverse[1])[:, None]
    d_s = a * own - b * other
    d_projection = None if projection is None else (s.T @ (a * s)) @ projection - (b * s).T @ v
    return 1 - cosine, d_s, d_projection


def _squared(s: Any, v: Any, projection: Any) -> Distance:
    u = s if projection is None else s @ projection
    difference = u - v
    d_u = 2 * difference / max(difference.shape[1], 1)
    values = (difference * difference).mean(axis=1)
    return (values, d_u, None) if projection is None else (values, d_u @ projection.T, s.T @ d_u)


DISTANCES: dict[str, Callable[[Any, Any, Any], Distance]] = {"cosine": _cosine, "mse": _squared}
"""Of student's and teacher's vectors and the projection: the distance of each row, and its gradients with respect to the
student's vectors and the projection."""
