"""Distillation into a linear-chain conditional random field: a distribution over paths, from the teacher's tokens."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from thinc.types import Floats2d
from thinc.util import get_array_module

from .lattice import ILLEGAL, Array, Lattice


def crf_divergence(
    emissions: Floats2d,
    lengths: Sequence[int],
    transitions: Floats2d,
    soft: Array,
    taught: Array,
    *,
    temperature: float,
    only_known: bool,
    legal: Array | None = None,
    possible: Array | None = None,
) -> tuple[Floats2d, Floats2d, float]:
    """T² KL(teacher ‖ student) between distributions over whole paths, per token that is taught, and its gradients.

        P(y) ∝ exp(Σ_t z_t[y_t] / T + Σ_t A[y_t-1, y_t] / T)        the student
        Q(y) ∝ exp(Σ_t τ_t[y_t] / T)                                the teacher, over legal paths

    z are the emissions, A the transitions, τ the teacher's logits: of all distributions over legal paths Q is the one
    that says of the tokens what the teacher says, and nothing else. With μ, ξ for the marginals of tags and of pairs
    (Wang et al. 2020, Structure-Level Knowledge Distillation For Multilingual Sequence Labeling, section 4.2)

        KL = log Z_P - log Z_Q + Σ_t μ^Q_t · (τ_t - z_t) / T - ξ^Q · A / T
        d(T² KL)/dz = T (μ^P - μ^Q),  d(T² KL)/dA = T (ξ^P - ξ^Q)

    At tokens that are not taught, τ is what the student has itself. Sequences without any that is are left out.

    emissions, lengths, transitions, legal, possible: as in `crf_loss`.
    soft (ndarray): the teacher's logits, shape (tokens, tags), -inf for tags that it does not know.
    taught (ndarray): bool, shape (tokens,): where it says something, of one tag at least.
    temperature (float): T.
    only_known (bool): whether the student's paths too are those of tags that the teacher knows.
    RETURNS: the gradients of emissions and transitions, of their shapes and dtypes, and the value.
    """
    xp: Any = get_array_module(emissions)
    taught = xp.asarray(taught)
    possible = xp.ones(emissions.shape, dtype=bool) if possible is None else xp.asarray(possible)
    known = possible & ((xp.asarray(soft) > -xp.inf) | ~taught[:, None])
    z = emissions.astype("float64") / temperature
    A = xp.asarray(transitions, dtype="float64") / temperature
    tau = xp.where(taught[:, None], xp.where(known, xp.asarray(soft), 0.0) / temperature, z)
    student = Lattice(z, lengths, A, legal, known if only_known else possible)
    teacher = Lattice(tau, lengths, xp.zeros_like(A), legal, known)
    logs = student.log_z(), teacher.log_z()

    owners = xp.asarray(np.repeat(np.arange(len(lengths)), lengths))
    n_taught = xp.bincount(owners, weights=taught.astype("float64"), minlength=len(lengths))
    counted = (n_taught > 0) & (logs[0] > ILLEGAL / 2) & (logs[1] > ILLEGAL / 2)
    weights = counted / max(float(n_taught[counted].sum()), 1.0)
    (p_tags, p_pairs), (q_tags, q_pairs) = (lattice.marginals(weights) for lattice in (student, teacher))
    value = float((weights * (logs[0] - logs[1])).sum() + (q_tags * (tau - z)).sum() - (q_pairs * A).sum())
    d_emissions, d_transitions = temperature * (p_tags - q_tags), temperature * (p_pairs - q_pairs)
    return (
        d_emissions.astype(emissions.dtype),
        d_transitions.astype(transitions.dtype),
        temperature**2 * value,
    )
