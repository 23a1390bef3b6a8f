"""What an O means where the annotation covers some of the labels only, and what a teacher makes of it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import Errors, HoneError
from ..teachers.mapping import Targets
from .decoding import decode
from .tags import OUTSIDE, TagTable

Relabel = Literal["none", "hard", "soft"]
Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]


class Relabelling:
    """Completes the targets of tokens that are O in documents of which only some labels are annotated: such a
    token is outside of those, and may be of any other.

    Without a teacher that knows, the token's target is what the model itself believes of O and of the other
    labels, which is the gradient of `-log Σ p` over them (the marginal likelihood of a partial label; in
    class-incremental learning Cermelli et al. 2020, Modeling the Background). With one:
        "hard": the entities that the teacher finds with at least `threshold` of confidence become targets; tokens of less
            certain ones are left out; the others are O.
        "soft": the teacher's probabilities of O and of the other labels are the target (as in Monaikul et al. 2021,
            Continual Learning for Named Entity Recognition).

    relabel (str): "none", "hard" or "soft".
    threshold (float): from 0 to 1.
    """

    def __init__(self, relabel: str = "none", threshold: float = 0.5):
        if relabel not in get_args(Relabel):
            raise HoneError(
                Errors.H329.format(setting="relabel", value=relabel, expected=", ".join(get_args(Relabel)))
            )
        if not 0 <= threshold <= 1:
            raise HoneError(
                Errors.H329.format(setting="relabel_threshold", value=threshold, expected="from 0 to 1")
            )
        self.relabel, self.threshold = relabel, threshold

    def __call__(
        self,
        targets: Floats,
        known: Bools,
        *,
        covered: Bools,
        logits: Floats,
        taught: Targets | None,
        lengths: Sequence[int],
        table: TagTable,
    ) -> tuple[Floats, Bools]:
        """The targets with the open tokens completed, and which tokens are known then.

        targets: one-hot, shape (tokens, tags). known: shape (tokens,).
        covered: whether the annotation of a token's document covers the label of a tag, shape (tokens, tags).
        logits: the model's, shape (tokens, tags). taught: what the teacher says. lengths: tokens of each document.
        """
        possible = ~covered
        possible[:, OUTSIDE] = True
        is_open = known & (targets[:, OUTSIDE] == 1) & (possible.sum(axis=1) > 1)
        if not is_open.any():
            return targets, known
        targets, known = targets.copy(), known.copy()
        targets[is_open] = restricted_softmax(logits, possible)[is_open]
        if taught is None or self.relabel == "none":
            return targets, known
        knows = possible & np.isfinite(taught.logits)
        asked = is_open & taught.known & (knows.sum(axis=1) > 1)
        if self.relabel == "soft":
            targets[asked] = restricted_softmax(taught.logits, knows)[asked]
            return targets, known
        targets[asked] = np.eye(len(table), dtype=targets.dtype)[OUTSIDE]
        restricted = np.where(knows & asked[:, None], taught.logits, -1e9)
        restricted[~asked, OUTSIDE] = 0
        bounds = np.cumsum([0, *lengths])
        docs = [restricted[start:end] for start, end in pairwise(bounds)]
        for start, spans in zip(bounds, decode(docs, [np.zeros(n, dtype=bool) for n in lengths], table)):
            for span in spans:
                rows = slice(start + span.start, start + span.end)
                if span.score >= self.threshold:
                    one = [(0, span.end - span.start, span.label)]
                    targets[rows] = np.eye(len(table))[table.encode(one, span.end - span.start)]
                else:
                    known[rows] = False
        return targets, known


def restricted_softmax(logits: Floats, possible: Bools) -> Floats:
    """Probabilities over the possible columns of each row, 0 in the others."""
    shifted = np.where(possible, logits, -np.inf).astype("float64")
    shifted -= shifted.max(axis=1, keepdims=True)
    exp = np.exp(shifted)
    return exp / exp.sum(axis=1, keepdims=True)
