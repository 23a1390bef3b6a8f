"""Several teachers as one."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from ..corpora.schemes import SCHEMES
from ..errors import Errors, HoneError
from .base import NO_OFFSETS, Ints, Output, Task, Teacher
from .labels import LabelMap
from .mapping import LEAST, Mapping, labels_of, prepare

Array = NDArray[np.float64]


def make_ensemble_teacher(*teachers: Teacher, weights: list[float] | None = None) -> Teacher:
    """Build `hone.EnsembleTeacher.v1`: the mean of what several teachers say.

    Their labels are first called what each one's own `labels` say. They may know different labels: a label's
    probability is the mean over those that know it. Of tags of entities O has what is left, or if less is left than
    that, the chance that all of them say O.

    teachers (Teacher): two or more, all for tags of entities, for other tags, or for categories of one sort.
    weights (list[float] | None): of each teacher, above 0. None: all the same.
    """
    problem = ""
    if len(teachers) < 2:
        problem = "expected two teachers or more."
    elif weights is not None and len(weights) != len(teachers):
        problem = "expected one for each teacher."
    elif weights is not None and not all(0 < weight < float("inf") for weight in weights):
        problem = "expected numbers above 0."
    if problem:
        raise HoneError(Errors.H917.format(n_teachers=len(teachers), weights=weights, problem=problem))
    return EnsembleTeacher(teachers, weights or [1.0] * len(teachers))


class EnsembleTeacher(Teacher):
    """See `make_ensemble_teacher`. Its tokens are those of the documents that it is asked about; it has no vectors."""

    def __init__(self, teachers: Sequence[Teacher], weights: Sequence[float]):
        self.teachers, self.weights = list(teachers), list(weights)

    def choose(self, student: Task) -> None:
        for teacher in self.teachers:
            teacher.choose(student)

    @cached_property
    def task(self) -> Task:
        """All labels, under the student's names. Raises H916 for teachers of unlike kinds."""
        tasks = [teacher.task for teacher in self.teachers]
        if len({task.nature for task in tasks}) > 1:
            raise HoneError(Errors.H916.format(kinds="; ".join(map(str, tasks))))
        labels = list(dict.fromkeys(name for teacher in self.teachers for name in renamed(teacher)))
        if tasks[0].scheme is None:
            return tasks[0]._replace(columns=labels)
        schemes = {task.scheme for task in tasks}
        scheme = str(schemes.pop()) if len(schemes) == 1 else "BIO"
        tags = [f"{letter}-{label}" for label in labels for letter in SCHEMES[scheme].letters]
        return tasks[0]._replace(columns=["O", *tags], scheme=scheme)

    @cached_property
    def mappings(self) -> list[Mapping]:
        """Of each teacher, to the columns of all."""
        return [prepare(teacher, self.task) for teacher in self.teachers]

    @cached_property
    def key(self) -> str:
        members = [(teacher.key, renamed(teacher)) for teacher in self.teachers]
        return hashlib.sha256(repr((members, self.weights, self.task)).encode()).hexdigest()

    def prepare(self, docs: Iterable[Doc], *, vectors: bool = False) -> None:
        docs = list(docs)
        for teacher in self.teachers:
            teacher.prepare(docs, vectors=vectors)

    def outputs(self, texts: Sequence[Doc], *, vectors: bool = False) -> list[Output]:
        if not texts:
            return []
        said = [teacher.outputs(texts) for teacher in self.teachers]
        targets = [mapping.to_student(outputs, texts) for mapping, outputs in zip(self.mappings, said)]
        logits, complete = self._combine(*map(np.stack, zip(*targets)))
        counts = [len(doc) if self.kind == "tags" else 1 for doc in texts]
        borders = np.cumsum(counts)[:-1]
        return [
            Output(own[rows], *self._offsets(doc, rows))
            for doc, own, rows in zip(texts, np.split(logits, borders), np.split(complete, borders))
        ]

    def _combine(
        self, scores: NDArray[np.float32], known: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """What all say of each row, and for which rows they know all columns.

        scores: of each teacher, shape (teachers, rows, columns). known: shape (teachers, rows).
        """
        knows = known[:, :, None] & (scores > -np.inf)
        weights = np.array(self.weights)[:, None, None] * knows
        totals = weights.sum(axis=0)
        probabilities = np.exp(scores) if self.exclusive else 1 / (1 + np.exp(-scores))
        means = (weights * probabilities).sum(axis=0) / np.maximum(totals, LEAST)
        if self.scheme is not None:
            all_outside = np.where(knows[..., 0], probabilities[..., 0], 1).prod(axis=0)
            means[:, 0] = np.maximum(1 - means[:, 1:].sum(axis=1), all_outside)
        return self._logits(means), (totals > 0).all(axis=1)

    def _logits(self, probabilities: Array) -> NDArray[np.float32]:
        logs = np.log(np.maximum(probabilities, LEAST))
        if not self.exclusive:
            logs -= np.log(np.maximum(1 - probabilities, LEAST))
        return logs.astype("float32")

    def _offsets(self, doc: Doc, rows: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        if self.kind == "categories":
            return NO_OFFSETS, NO_OFFSETS
        starts, lengths = doc.to_array(["IDX", "LENGTH"]).astype("int32").T
        return starts[rows], (starts + lengths)[rows]


def renamed(teacher: Teacher) -> list[str]:
    """The labels of a teacher under the student's names, each once, without those that have none."""
    labels = labels_of(teacher.task)
    targets = [pair[1] for pair in teacher.labels or () if len(pair) == 2 and pair[1]]
    names = LabelMap(teacher.labels, labels, [*labels, *targets]).values()
    return list(dict.fromkeys(name for name in names if name))
