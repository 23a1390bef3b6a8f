"""What a teacher is, and what it says of a document."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from ..errors import Errors, HoneError

Kind = Literal["tags", "categories"]
Pairs = Sequence[Sequence[str | None]]
Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

NO_OFFSETS: Ints = np.zeros(0, dtype="int32")


class Task(NamedTuple):
    """What a teacher's, or a student's, logits are about.

    kind: "tags" (a row for each token) or "categories" (a row for the document).
    exclusive: whether one column of a row holds (softmax) or each for itself (sigmoid).
    columns: the name of each column: the tags of entities in their scheme ("O", "B-PER", ...), a tagger's tags,
        or the categories.
    scheme: of the tags of entities, "BIO", "BILUO" or "IO"; None for other tags and for categories.
    """

    kind: Kind
    exclusive: bool
    columns: list[str]
    scheme: str | None = None

    @property
    def nature(self) -> tuple[Kind, bool, bool]:
        """What a teacher and its student must have in common."""
        return self.kind, self.exclusive, self.scheme is not None

    def __str__(self) -> str:
        if self.scheme is not None:
            return f"tags of entities ({self.scheme})"
        if self.kind == "tags":
            return "tags of tokens"
        return f"{'exclusive' if self.exclusive else 'independent'} categories"


class Output(NamedTuple):
    """What a teacher says of a document.

    logits: shape (teacher tokens, columns), for categories (1, columns), or (0, columns) where it has nothing to
        say. Of exclusive columns they count up to a constant of each row.
    starts, ends: where the teacher's tokens begin and end in `doc.text`, in characters; in order and without
        overlaps, shape (teacher tokens,); empty for categories.
    vectors: what the logits were computed from, or the hidden layers of `read_layers` side by side, as many rows as
        logits; None where they were not asked for, or the teacher has none.
    """

    logits: Floats
    starts: Ints
    ends: Ints
    vectors: Floats | None = None


def is_finite(logits: Floats) -> bool:
    """Whether each row of logits gives probabilities: single columns may be -inf."""
    return not (np.isnan(logits).any() or np.isposinf(logits).any() or np.isneginf(logits).all(-1).any())


class Teacher(ABC):
    """Gives the soft targets of a student. Building one loads nothing: that comes with the first look at `task`,
    `key` or `outputs`, and so do the errors of what it is made of.

    labels: pairs of a label of the teacher and the student's name for it, None for none: see `LabelMap`.
        None: the names are the same.
    """

    labels: Pairs | None = None

    @property
    @abstractmethod
    def task(self) -> Task:
        """What its logits are about."""

    @property
    @abstractmethod
    def key(self) -> str:
        """Its identity, the same in every process: a SHA-256 over its weights, what of it is used, and its
        columns. The names that the student has for them are no part of it."""

    @abstractmethod
    def outputs(self, texts: Sequence[Doc], *, vectors: bool = False) -> list[Output]:
        """What the teacher says of some documents.

        texts (Sequence[Doc]): the student's documents. The teacher reads their text and makes its own tokens.
        vectors (bool): whether to give vectors too, if there are any.
        """

    def read_layers(self, layers: Sequence[int]) -> None:
        """Give vectors of hidden layers from now on.

        layers (Sequence[int]): 0 is what the embeddings give, 1 what the lowest layer gives, -1 what the highest does.
        Raises H919 if there are none such.
        """
        raise no_layers(self, layers, "it has none")

    def choose(self, student: Task) -> None:  # noqa: B027
        """Learn what the student is, where that decides what of the teacher is used. Called by `prepare`."""

    def prepare(self, docs: Iterable[Doc], *, vectors: bool = False) -> None:  # noqa: B027
        """Make sure that there will be an answer for these documents, before training starts."""

    @property
    def kind(self) -> Kind:
        return self.task.kind

    @property
    def exclusive(self) -> bool:
        return self.task.exclusive

    @property
    def columns(self) -> list[str]:
        return self.task.columns

    @property
    def scheme(self) -> str | None:
        return self.task.scheme


def no_layers(teacher: Teacher, layers: Sequence[int], problem: object) -> HoneError:
    """H919."""
    listed = ", ".join(map(str, layers))
    return HoneError(Errors.H919.format(teacher=type(teacher).__name__, layers=listed, problem=problem))


def require(setting: str, value: str | Path | None, expected: str) -> str | Path:
    """A setting of a teacher's block. Raises H922 where it is null."""
    if value is None:
        raise HoneError(Errors.H922.format(setting=setting, expected=expected))
    return value
