"""A teacher that has already spoken: its outputs are read from a file."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock

from spacy.tokens import Doc

from ..errors import Errors, HoneError
from .base import Output, Pairs, Task, Teacher, require
from .store import Header, Store

_LOCK = Lock()
MOST_REMEMBERED = 64 * 2**20  # bytes of outputs in memory
OVERHEAD = 1000  # bytes of an output beside its numbers and its tokens, about


def make_cached_teacher(
    path: str | Path | None, teacher: Teacher | None = None, labels: list[list[str | None]] | None = None
) -> Teacher:
    """Build `hone.CachedTeacher.v1`: reads what `python -m spacy hone cache-teacher` has written.

    The loss is that of the teacher itself to 1e-3, but for one pair: of a transition parser the file has the smoothed
    decisions, while a hone_transition_ner asks the parser itself for its scores of states, which cannot be kept.

    path (str | Path | None): the file.
    teacher (Teacher | None): the teacher that it was written from. A text that is not in the file is then asked
        from it (and not written). None: every text of the training must be there.
    labels (list | None): pairs of a label of the teacher and the student's name for it, or null. None: the pairs of
        `teacher`, or if there is none, the same names.
    """
    expected = "a file that `python -m spacy hone cache-teacher` has written"
    return CachedTeacher(Path(require("path", path, expected)), teacher, labels)


class CachedTeacher(Teacher):
    """The outputs of a teacher from a file, to the precision of float16.

    Outputs are found by `doc.text` alone: the tokens of the student may change, and those of an ensemble are those of
    the documents that it was asked about. What is used first raises H930, H931 or H933 if the file cannot be read, and
    H932 if it is another teacher's than `teacher`.
    """

    def __init__(self, path: Path, teacher: Teacher | None = None, labels: Pairs | None = None):
        self.path = path
        self.teacher = teacher
        self.labels = teacher.labels if labels is None and teacher is not None else labels
        self._remembered: dict[tuple[bytes, bool], Output] = {}
        self._n_remembered = 0

    @cached_property
    def store(self) -> Store:
        """The open file."""
        store = Store.open(self.path)
        if self.teacher is not None:
            store.check(Header.of(self.teacher))
        return store

    @property
    def task(self) -> Task:
        return self.store.header.task

    @property
    def key(self) -> str:
        return self.store.header.key

    def choose(self, student: Task) -> None:
        if self.teacher is not None:
            self.teacher.choose(student)

    def __getstate__(self) -> dict[str, object]:
        """Without the open file and what was read: another process does that for itself."""
        kept = {name: value for name, value in vars(self).items() if name != "store"}
        return {**kept, "_remembered": {}, "_n_remembered": 0}

    def prepare(self, docs: Iterable[Doc], *, vectors: bool = False) -> None:
        """Look for the texts of a training before its first update.

        Raises H934 for those that are not in the file (or not their vectors): how many, and which is the first. If there
        is a teacher to ask, it prepares for them, and raises its own errors.
        """
        if self.teacher is None:
            self._require(docs, vectors)
        else:
            absent = (doc for doc in docs if not self.store.has(doc.text, vectors=vectors))
            self.teacher.prepare(absent, vectors=vectors)

    def outputs(self, texts: Sequence[Doc], *, vectors: bool = False) -> list[Output]:
        found = [self._get(doc, vectors) for doc in texts]
        absent = [doc for doc, output in zip(texts, found) if output is None]
        if absent and self.teacher is None:
            self._require(texts, vectors)
        fresh = iter(self.teacher.outputs(absent, vectors=vectors) if self.teacher and absent else ())
        return [next(fresh) if output is None else output for output in found]

    def _get(self, doc: Doc, vectors: bool) -> Output | None:
        """From memory, which those leave first that were read first, or from the file."""
        key = doc.to_array(["ORTH", "SPACY"]).tobytes(), vectors  # sooner had than the text that they make
        output = self._remembered.get(key) or self.store.get(doc.text, vectors=vectors)
        with _LOCK:
            if output is not None and key not in self._remembered:
                self._remembered[key] = output
                self._n_remembered += _size(key[0], output)
            while self._n_remembered > MOST_REMEMBERED:
                oldest = next(iter(self._remembered))
                self._n_remembered -= _size(oldest[0], self._remembered.pop(oldest))
        return output

    def _require(self, docs: Iterable[Doc], vectors: bool) -> None:
        total = missing = 0
        first: dict[str, object] = {}
        for total, doc in enumerate(docs, 1):
            if not self.store.has(doc.text, vectors=vectors):
                missing += 1
                first = first or {"number": total, "text": doc.text[:60]}
        if missing:
            what, option = ("vectors", " --vectors") if vectors else ("outputs", "")
            message = Errors.H934.format(
                path=self.path, missing=missing, total=total, what=what, option=option, **first
            )
            raise HoneError(message)


def _size(tokens: bytes, output: Output) -> int:
    """Bytes that an output takes in memory, about."""
    return OVERHEAD + len(tokens) + sum(part.nbytes for part in output if part is not None)
