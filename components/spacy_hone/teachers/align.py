"""From a teacher's tokens to a student's, where both cut one text in their own ways."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.integer]
Offsets = tuple[Ints, Ints]  # first and end character of each token, in order, without overlaps


class Alignment(NamedTuple):
    """Where a student's tokens lie in a teacher's. All of shape (student tokens,).

    first: the first of the teacher's tokens that starts in the student's, else the one that the student's lies in.
    last: the last of the teacher's tokens that the student's shares a character with; before `first` if there is
        none.
    opens: no token of the student before this one shares a character with `first`.
    closes: no token of the student after this one shares a character with `last`.
    """

    first: Ints
    last: Ints
    opens: NDArray[np.bool_]
    closes: NDArray[np.bool_]

    @property
    def known(self) -> NDArray[np.bool_]:
        """The student's tokens that share a character with one of the teacher's."""
        return self.last >= self.first

    def of(self, tokens: NDArray[np.bool_]) -> "Alignment":
        """That of some of the student's tokens."""
        return Alignment(self.first[tokens], self.last[tokens], self.opens[tokens], self.closes[tokens])


def align(student: Offsets, teacher: Offsets) -> Alignment:
    """Find, for each token of the student, the teacher's tokens that speak for it.

    The first one that starts in it is asked, as token classifiers are trained on the first wordpiece of a word.

    student, teacher: offsets of the tokens, in characters of the same text.
    """
    starts, ends = student
    own = np.arange(len(starts))
    if not len(teacher[0]):
        nowhere = np.zeros(len(starts), dtype=bool)
        return Alignment(own, own - 1, nowhere, nowhere)
    if np.array_equal(starts, teacher[0]) and np.array_equal(ends, teacher[1]) and (starts < ends).all():
        everywhere = np.ones(len(starts), dtype=bool)
        return Alignment(own, own, everywhere, everywhere)  # as below, sooner
    begins = np.append(teacher[0], np.iinfo("int64").max)
    starting = np.searchsorted(teacher[0], starts, side="left")
    overlapping = np.searchsorted(teacher[1], starts, side="right")
    first = np.where(begins[starting] < ends, starting, overlapping)
    last = np.searchsorted(teacher[0], ends, side="left") - 1
    opens = np.searchsorted(ends, begins[first], side="right") == own
    closes = np.searchsorted(starts, teacher[1][np.maximum(last, 0)], side="left") - 1 == own
    return Alignment(first, last, opens, closes)
