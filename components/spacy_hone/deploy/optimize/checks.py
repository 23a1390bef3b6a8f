"""What an optimised pipeline must hold: vectors, decisions, score, and that it is the same when loaded again."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import Errors, HoneError
from .scores import Outcome
from .sensitivity import Trial

LIMIT = 1e-4  # largest gap between float32 graphs and the encoder


def require_gap(what: str, gap: float) -> None:
    """Raise H717 if vectors are others. what: whose."""
    if not gap <= LIMIT:
        raise HoneError(Errors.H717.format(what=what, gap=gap, limit=LIMIT))


def require_same(before: Outcome, after: Outcome, free: Sequence[bool], path: object) -> None:
    """Raise H719 if the spans of a document are others. free: documents in which they may be. path: of the corpus."""
    for i, (old, new) in enumerate(zip(before.decisions, after.decisions)):
        if not free[i] and old["spans"] != new["spans"]:
            lost, won = _only(old["spans"], new["spans"]), _only(new["spans"], old["spans"])
            raise HoneError(Errors.H719.format(doc=i, path=path, before=lost, after=won))


def _only(spans: Mapping[str, list[Any]], others: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Those spans of each group that are not among the others: the first five."""
    return {key: [span for span in found if span not in others[key]][:5] for key, found in spans.items()}


def refuse(before: float, trials: Sequence[Trial], max_drop: float) -> HoneError:
    """H720, with the scores that were tried."""
    best = max(trial.score for trial in trials)
    scores = ", ".join(f"{trial.score:.4f}" for trial in trials)
    values = {"before": before, "after": best, "drop": before - best}
    return HoneError(Errors.H720.format(max_drop=max_drop, trials=scores, **values))
