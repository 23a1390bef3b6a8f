"""What a teacher says, in the rows and columns of its student."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from ..errors import Errors, HoneError
from .align import Alignment, align
from .base import Floats, Output, Task, Teacher, is_finite
from .labels import LabelMap
from .schemes import LETTERS, carry, convert, letter_of

Array = NDArray[np.float64]
LEAST = 1e-30  # the smallest probability that has a logarithm here


class Targets(NamedTuple):
    """logits: shape (student tokens, student columns), for categories (documents, student columns); -inf in columns that
    the teacher does not know, log-probabilities (of independent categories logits) in the others.
    known: shape (rows,): false where the teacher has nothing to say; the logits of such rows are 0.
    """

    logits: Floats
    known: NDArray[np.bool_]


class Aligned(NamedTuple):
    """Tokens of some documents beside those of a teacher.

    known: of the student's tokens those that the teacher speaks of, none of them white space. owner: the document of each.
    """

    alignment: Alignment
    known: NDArray[np.bool_]
    owner: NDArray[np.integer]


def prepare(teacher: Teacher, student: Task) -> "Mapping":
    """Load a teacher and check that it can teach a student: to be done before the first update.

    teacher (Teacher): the teacher.
    student (Task): what the student's logits are about.
    Raises H901 if they are not of one kind, the errors of `LabelMap`, and those of loading the teacher.
    """
    teacher.choose(student)
    return Mapping(teacher, student)


class Mapping:
    """Brings the outputs of a teacher into the rows and columns of a student: see `prepare`.

    Attributes: `teacher`; `student`, what its logits are about.

    Probabilities are summed up in cells on their way, so that labels become one: for the tags of entities four for
    each label (its letters, see `schemes`), else one; the last cell is for O, or for what has been given up.
    """

    def __init__(self, teacher: Teacher, student: Task):
        task = teacher.task
        self.teacher, self.student = teacher, student
        if task.nature != student.nature:
            raise HoneError(Errors.H901.format(teacher=task, student=student))
        labels = LabelMap(teacher.labels, labels_of(task), labels_of(student))
        shared = [label for label in labels_of(student) if label in labels.values()]
        width = 1 if student.scheme is None else len(LETTERS)
        self.n_cells = len(shared) * width
        place = {label: i * width for i, label in enumerate(shared)}

        def cell(label: str | None, letter: int) -> int:
            return place[label] + letter if label in place else self.n_cells

        names = [parse(column, student.scheme) for column in student.columns]
        self.taken = np.array([label in place or not label for label, _ in names])
        self.cells = np.array([cell(*name) for name in names])[self.taken]
        sources = [parse(column, task.scheme) for column in task.columns]
        self.sums = np.eye(self.n_cells + 1)[
            [cell(labels.get(label), letter) for label, letter in sources]
        ]  # (teacher columns, cells + 1)

    def to_student(
        self, outputs: Sequence[Output], docs: Sequence[Doc], aligned: Aligned | None = None
    ) -> Targets:
        """The targets of some documents, one at least, all rows after one another.

        outputs (Sequence[Output]): what the teacher said of each.
        docs (Sequence[Doc]): the student's documents.
        aligned (Aligned | None): their tokens, if they have been aligned already.
        Raises H907 if an output is not of its document's text, H920 if its logits are not finite.
        """
        logits = np.concatenate([output.logits for output in outputs])
        if not is_finite(logits):
            doc = next(doc for output, doc in zip(outputs, docs) if not is_finite(output.logits))
            raise HoneError(Errors.H920.format(teacher=type(self.teacher).__name__, text=doc.text[:60]))
        if self.student.kind == "tags":
            return self._tags(logits, aligned or align_docs(outputs, docs))
        known = np.array([len(output.logits) > 0 for output in outputs])
        if self.student.exclusive:
            rows, known[known] = self._renormalised(softmax(logits))
        else:
            best = [logits[:, self.sums[:, cell] > 0].max(axis=1) for cell in self.cells]
            rows = np.stack(best, axis=1)
        return self._targets(rows, known)

    def _tags(self, logits: Floats, aligned: Aligned) -> Targets:
        alignment, known, owner = aligned
        alignment = alignment.of(known)
        if self.student.scheme is not None:
            return self._targets(self._entities(softmax(logits), alignment, owner[known]), known)
        rows, known[known] = self._renormalised(softmax(logits)[alignment.first])
        return self._targets(rows, known)

    def _entities(self, probabilities: Array, alignment: Alignment, owner: NDArray[np.integer]) -> Array:
        """Log-probabilities of the student's known tokens and taken tags. owner: the document of each token."""
        cells = np.maximum(probabilities, LEAST) @ self.sums
        letters = cells[:, :-1].reshape(len(cells), self.n_cells // len(LETTERS), len(LETTERS))
        letters = convert(
            carry(letters, alignment),
            str(self.teacher.scheme),
            str(self.student.scheme),
            joined=owner[1:] == owner[:-1],
        )
        rows = np.hstack((letters.reshape(len(letters), self.n_cells), cells[alignment.first, -1:]))
        return np.log(np.maximum(rows[:, self.cells], LEAST))

    def _renormalised(self, probabilities: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Log-probabilities of the taken columns, of the rows that say something: whose labels that have been given
        up have less than half of the probability. And which rows those are."""
        rows = (probabilities @ self.sums)[:, self.cells]
        known = rows.sum(axis=1) > 0.5
        rows = rows[known] / rows[known].sum(axis=1, keepdims=True)
        return np.log(np.maximum(rows, LEAST)), known

    def _targets(self, rows: Array, known: NDArray[np.bool_]) -> Targets:
        logits = np.zeros((len(known), len(self.taken)), dtype="float32")
        logits[np.ix_(known, self.taken)] = rows
        logits[:, ~self.taken] = -np.inf
        return Targets(logits, known)


def align_docs(outputs: Sequence[Output], docs: Sequence[Doc]) -> Aligned:
    """Align the tokens of some documents, one at least, with those of a teacher's outputs, as if the texts were one.

    Raises H907 if an output is not of its document's text.
    """
    tokens = [doc.to_array(["IDX", "LENGTH", "IS_SPACE"]).astype("int64") for doc in docs]
    sizes = [int(rows[-1, 0] + rows[-1, 1]) + 1 if len(rows) else 0 for rows in tokens]
    for output, doc, size in zip(outputs, docs, sizes):
        check_offsets(output, doc, size)
    bases = np.cumsum([0, *sizes])
    base, owner = (np.repeat(each, list(map(len, tokens))) for each in (bases[:-1], np.arange(len(docs))))
    starts, lengths, spaces = np.concatenate(tokens).T
    starts = starts + base
    teacher_starts = np.concatenate([output.starts + base for output, base in zip(outputs, bases)])
    teacher_ends = np.concatenate([output.ends + base for output, base in zip(outputs, bases)])
    alignment = align((starts, starts + lengths), (teacher_starts, teacher_ends))
    return Aligned(alignment, alignment.known & (spaces == 0), owner)


def labels_of(task: Task) -> list[str]:
    """The labels of the columns, each once: of the tags of entities their types."""
    names = (parse(column, task.scheme)[0] for column in task.columns)
    return list(dict.fromkeys(name for name in names if name))


def parse(column: str, scheme: str | None) -> tuple[str, int]:
    """Label and letter (see `schemes`) of a column; ("", 0) for the O of a scheme."""
    if scheme is None:
        return column, 0
    return ("", 0) if column == "O" else (column[2:], letter_of(column, scheme))


def check_offsets(output: Output, doc: Doc, size: int) -> None:
    """Raise H907 unless the offsets of an output are those of tokens of a document's text, of so many characters."""
    starts, ends = output.starts, output.ends
    problem = ""
    if not len(starts) == len(ends) == len(output.logits):
        problem = f"{len(output.logits)} rows of logits, but {len(starts)} and {len(ends)} offsets"
    elif len(starts) and (starts[0] < 0 or ends[-1] > size):
        problem = f"they end at character {ends[-1]} of {size}"
    elif (starts >= ends).any() or (starts[1:] < ends[:-1]).any():
        problem = "they are empty, overlap or are out of order"
    if problem:
        raise HoneError(Errors.H907.format(text=doc.text[:60], problem=problem))


def softmax(logits: NDArray[np.floating]) -> Array:
    """Probabilities of each row, as float64."""
    exp = np.exp(logits.astype("float64") - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return exp / exp.sum(axis=1, keepdims=True)
