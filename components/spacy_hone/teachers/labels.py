"""A teacher's labels under the student's names."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from ..errors import Errors, HoneError
from .base import Pairs


class LabelMap(dict[str, str | None]):
    """Each label of a teacher -> the student's name for it, None where the student has none.

    Complete or refused: what the pairs do not name must be called the same by both.

    pairs (Sequence | None): [teacher's label, student's label or None]. None: no pairs.
    teacher, student (Sequence[str]): their labels.
    Raises H902 for what is no pair, H903 for names that one of them does not have, H904 for a label named twice,
    H905 for labels of the teacher without a place, H906 where nothing is in common.
    """

    def __init__(self, pairs: Pairs | None, teacher: Sequence[str], student: Sequence[str]):
        super().__init__()
        for pair in pairs or ():
            self._add(pair, teacher, student)
        self.update({label: label for label in teacher if label not in self and label in student})
        if missing := [label for label in teacher if label not in self]:
            close = {label: get_close_matches(label, student, n=1, cutoff=0.5) for label in missing}
            near = ", ".join(f"{label} may be {names[0]}" for label, names in close.items() if names)
            known = f"Labels of the student: {listed(student)}."
            raise HoneError(
                Errors.H905.format(
                    labels=listed(missing),
                    label=missing[0],
                    near=f"{known} Perhaps {near}." if near else known,
                )
            )
        if not any(self.values()):
            raise HoneError(Errors.H906.format(teacher=listed(teacher), student=listed(student)))

    def __str__(self) -> str:
        other = [f"{old} -> {new or 'null'}" for old, new in self.items() if old != new]
        same = [old for old, new in self.items() if old == new]
        parts = [listed(other)] if other else []
        return "; ".join([*parts, f"by the same name {listed(same)}"] if same else parts)

    def _add(self, pair: Sequence[str | None], teacher: Sequence[str], student: Sequence[str]) -> None:
        if isinstance(pair, str) or len(pair) != 2:
            raise HoneError(Errors.H902.format(pair=pair))
        old, new = pair
        for side, label, labels in (("teacher", old, teacher), ("student", new, student)):
            if label not in labels and not (side == "student" and label is None):
                raise HoneError(Errors.H903.format(label=label, side=side, near=_near(label, labels)))
        if old in self:
            raise HoneError(Errors.H904.format(label=old))
        self[str(old)] = new


def _near(label: str | None, labels: Sequence[str]) -> str:
    close = get_close_matches(str(label), labels, cutoff=0.5)
    return f"Did you mean {' or '.join(close)}?" if close else f"Labels: {listed(labels)}."


def listed(labels: Iterable[str], n: int = 20) -> str:
    """The first labels, and how many more there are."""
    names = list(labels)
    return ", ".join(names[:n]) + (f" and {len(names) - n} more" if len(names) > n else "")
