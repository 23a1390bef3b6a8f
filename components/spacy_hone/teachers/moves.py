"""A transition parser as the teacher of another: its scores of the moves that the other could make."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from .base import Teacher
from .components import upstream
from .labels import LabelMap
from .pipeline import PipelineTeacher

PARSERS = ("ner", "hone_transition_ner")  # whose scores are of one move, and not of a beam
BEGINNINGS = ("B", "U")
BLOCKED = "U-"  # what spaCy calls the move over a token that can be in no entity
Scores = NDArray[np.floating]


class ParserTeacher:
    """Scores states of a student's parser. It reads the student's tokens, so that its states are the student's.

    A move scores what the teacher's moves of the same name do, under the names that the teacher's `labels` give to
    types: of several types that become one `log Σ exp`. To begin an entity of a type that has been given up is to be
    outside.

    teacher (PipelineTeacher): whose component is one of `PARSERS`.
    names (Sequence[str]): of the student's moves, in the order of its scores: "O", "B-PER" ...
    """

    def __init__(self, teacher: PipelineTeacher, names: Sequence[str]):
        self.teacher = teacher
        parser: Any = teacher.nlp.get_pipe(teacher.name)
        theirs = [parser.moves.get_class_name(i) for i in range(parser.moves.n_moves)]
        types = list(dict.fromkeys(name[2:] for name in names if name[2:]))
        labels = LabelMap(teacher.labels, parser.labels, types)
        places = np.array([_place(name, labels, names) for name in theirs])
        self.order = np.argsort(places, kind="stable")[(places < 0).sum() :]
        self.columns, self.starts = np.unique(places[self.order], return_index=True)
        self.parser, self.n_moves = parser, len(names)

    def begin(self, docs: Sequence[Doc]) -> Callable[[Sequence[Any]], Scores]:
        """Read some documents of the student's. RETURNS: what gives the scores of the moves in some of their states,
        shape (states, student's moves), -inf for moves that the teacher does not know."""
        nlp = self.teacher.nlp
        others = [name for name in nlp.pipe_names if name not in upstream(nlp, self.teacher.name)]
        with nlp.memory_zone():
            own = [Doc(nlp.vocab, *_words(doc)) for doc in docs]
            own = list(nlp.pipe(own, disable=others, batch_size=self.teacher.batch_size))
            step_model = self.parser.model.predict(own)

        def score(states: Sequence[Any]) -> Scores:
            theirs = step_model.predict(states).astype("float64")
            scores = np.full((len(states), self.n_moves), -np.inf)
            scores[:, self.columns] = np.logaddexp.reduceat(theirs[:, self.order], self.starts, axis=1)
            return scores

        return score


def as_parser(teacher: Teacher, names: Sequence[str]) -> ParserTeacher | None:
    """The teacher, if it is a transition parser that can be asked about states."""
    if isinstance(teacher, PipelineTeacher) and teacher.nlp.get_pipe_meta(teacher.name).factory in PARSERS:
        return ParserTeacher(teacher, names)
    return None


def _place(name: str, labels: LabelMap, names: Sequence[str]) -> int:
    """The column of the student's that a move of the teacher's counts for; -1 for none."""
    letter, label = name[0], name[2:]
    if not label:
        return names.index("O") if name == "O" else -1
    if labels[label] is None:
        return names.index("O") if letter in BEGINNINGS else -1
    return names.index(f"{letter}-{labels[label]}")


def _words(doc: Doc) -> tuple[list[str], list[bool]]:
    return [token.text for token in doc], [bool(token.whitespace_) for token in doc]
