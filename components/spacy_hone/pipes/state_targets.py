"""What a teacher says of the states of a transition parser: log-probabilities of the moves that are valid in each.

Another transition parser scores the student's states itself. A teacher of tags says of each token t the probabilities
P_t of the tags O, B-X, I-X, L-X and U-X, and of a state whose buffer begins with t

    p(m) = P_t(m)                 for each valid move m but one,
    p(c) = 1 - Σ_{m ≠ c} p(m)     for that one, c.

c is O where no entity is open, and L-X where one of type X is: what begins nothing is outside, though the teacher be
within an entity that the student has missed, and what does not go on has ended, though the teacher have seen none. So
the student is shown the way back from its own mistakes; it is what the gold moves of spaCy's dynamic oracle do where
the teacher is certain. If c is not valid, as where an entity has been given before, p is P_t over the valid moves.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from ..teachers.base import Task, Teacher
from ..teachers.mapping import LEAST, prepare
from ..teachers.moves import BLOCKED, as_parser
from .states import Bools, Moves, Walk

Floats = NDArray[np.floating]
Targets = Callable[[Walk, Bools], Floats]


class StateTeacher:
    """A teacher of a transition parser.

    teacher (Teacher): gives tags of entities, or is a transition parser.
    moves (Moves): the student's.

    Raises the errors of `prepare`.
    """

    def __init__(self, teacher: Teacher, moves: Moves):
        self.moves = moves
        self.columns = [column for column, name in enumerate(moves.names) if name != BLOCKED]
        tags = [moves.names[column] for column in self.columns]
        self.mapping = prepare(teacher, Task("tags", True, tags, "BILUO"))
        self.parser = as_parser(teacher, moves.names)

    @property
    def known_moves(self) -> set[int]:
        """The moves whose types the teacher knows."""
        return {self.columns[place] for place in np.flatnonzero(self.mapping.taken)}

    def begin(self, docs: Sequence[Doc]) -> Targets:
        """Ask about some documents. RETURNS: what gives logits of the moves in some of their states, given which are
        valid, shape (states, moves); -inf for moves that are not, or that the teacher does not know."""
        if self.parser is not None:
            score = self.parser.begin(docs)
            return lambda walk, valid: np.where(valid, score(walk.states), -np.inf)
        said = self.mapping.to_student(self.mapping.teacher.outputs(docs), docs)
        logits = np.full((len(said.logits), len(self.moves.names)), -np.inf)
        logits[:, self.columns] = np.where(said.known[:, None], said.logits, -np.inf)

        def read(walk: Walk, valid: Bools) -> Floats:
            return of_states(logits[walk.tokens], valid, self.moves.closings[walk.opened])

        return read


def of_states(tags: Floats, valid: Bools, closings: NDArray[np.integer]) -> Floats:
    """Logits of the moves in some states, from what the tags of their first tokens are: see above.

    tags: log-probabilities of the tags that the moves stand for, -inf for unknown ones, shape (states, moves).
    valid: shape (states, moves). closings: the move c of each state, shape (states,).
    """
    known = valid & (tags > -np.inf)
    p = np.where(known, np.exp(tags), 0.0)
    rows = np.arange(len(tags))
    closes = known[rows, closings]
    rest = np.maximum(1 - p.sum(axis=1), 0)
    p[rows, closings] += np.where(closes, rest, 0)
    return np.where(known, np.log(np.maximum(p, LEAST)), -np.inf)
