"""Any spaCy pipeline as a teacher."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from ..errors import Errors, HoneError
from .base import NO_OFFSETS, Output, Pairs, Task, Teacher, no_layers, require
from .components import HEADS, Head, token_vectors, upstream
from .hidden import HiddenLayers

Array = NDArray[np.floating]


def make_pipeline_teacher(
    model: str | Path | None,
    component: str | None = None,
    labels: list[list[str | None]] | None = None,
    smoothing: float = 0.1,
    batch_size: int = 64,
) -> Teacher:
    """Build `hone.PipelineTeacher.v1`: a component of a trained pipeline.

    Components of this package and stock taggers and text classifiers give what they compute; of a stock `ner` or a
    `hone_transition_ner`, which have no probabilities of tags, the decisions are smoothed.

    model (str | Path | None): folder, or name of an installed package.
    component (str | None): name of the component; None: the only one that gives what the student learns.
    labels (list | None): pairs of a label of the teacher and of the student, or null for none, as
        `[["PER", "PERSON"], ["GPE", null]]`. Labels that both call the same need no pair.
    smoothing (float): above 0 and below 1: the probability that a decision leaves to the other tags together.
    batch_size (int): documents at a time.
    """
    model = require("model", model, "a trained pipeline, a folder or an installed package")
    if not 0 < smoothing < 1:
        expected = "a number above 0 and below 1"
        raise HoneError(Errors.H912.format(option="smoothing", value=smoothing, expected=expected))
    if batch_size < 1:
        expected = "a number of documents, at least 1"
        raise HoneError(Errors.H912.format(option="batch_size", value=batch_size, expected=expected))
    return PipelineTeacher(str(model), component, labels, smoothing=smoothing, batch_size=batch_size)


class PipelineTeacher(Teacher):
    """See `make_pipeline_teacher`. Of the pipeline only the component runs, and what it gets its vectors from."""

    hidden: HiddenLayers | None = None  # whose vectors are given

    def __init__(
        self,
        model: str,
        component: str | None = None,
        labels: Pairs | None = None,
        *,
        smoothing: float = 0.1,
        batch_size: int = 64,
    ):
        self.model, self.component, self.labels = model, component, labels
        self.smoothing, self.batch_size = smoothing, batch_size

    @cached_property
    def nlp(self) -> Language:
        """The pipeline. Raises H908 if it cannot be loaded."""
        try:
            return spacy.load(self.model)
        except (OSError, ValueError, ImportError) as err:
            raise HoneError(Errors.H908.format(model=self.model, problem=err)) from err

    @cached_property
    def name(self) -> str:
        """The name of the component. Raises H909 if it is not there, H910 if it cannot teach, and H911 if none was
        named and not exactly one can teach."""
        return self._find(None)

    def choose(self, student: Task) -> None:
        self.name = self._find(student)

    @property
    def head(self) -> Head:
        """How the component is read."""
        return HEADS[self._factory(self.name)]

    @cached_property
    def task(self) -> Task:
        task = self.head.task(self.nlp.get_pipe(self.name))
        if not task.columns:
            raise HoneError(Errors.H918.format(component=self.name))
        return task

    def read_layers(self, layers: Sequence[int]) -> None:
        try:
            self.hidden = HiddenLayers(self.nlp, self.nlp.get_pipe(self.name), layers)
        except ValueError as err:
            raise no_layers(self, layers, err) from err

    @cached_property
    def key(self) -> str:
        """Over the files of the component, of those that run before it, of tokenizer and word vectors."""
        digest = hashlib.sha256(repr((self.name, self.task, self.smoothing)).encode())
        for part in (*upstream(self.nlp, self.name), self.name, "tokenizer", "vocab/vectors"):
            hash_files(digest, self.nlp.path / part)
        return digest.hexdigest()

    def prepare(self, docs: Iterable[Doc], *, vectors: bool = False) -> None:
        """Look whether its tokenizer keeps the texts. Raises H907."""
        with self.nlp.memory_zone():
            for doc in docs:
                check_text(doc, self.nlp.make_doc(doc.text))

    def outputs(self, texts: Sequence[Doc], *, vectors: bool = False) -> list[Output]:
        found: list[Output] = []
        for batch in minibatch(texts, self.batch_size):
            with self.nlp.memory_zone():
                found += self._outputs(batch, vectors)
        return found

    def _outputs(self, texts: Sequence[Doc], vectors: bool) -> Iterator[Output]:
        needed = upstream(self.nlp, self.name)
        others = [name for name in self.nlp.pipe_names if name not in needed]
        docs = list(self.nlp.pipe([doc.text for doc in texts], disable=others))
        for doc, own in zip(texts, docs):
            check_text(doc, own)
        filled = [doc for doc in docs if len(doc)]
        component = self.nlp.get_pipe(self.name)
        all_logits = iter(self.head.logits(component, filled, self.smoothing) if filled else ())
        all_vectors = iter((self._vectors(filled) if vectors and filled else None) or ())
        for doc in docs:
            rows = next(all_logits) if len(doc) else np.zeros((0, len(self.columns)))
            yield self._output(doc, rows, next(all_vectors, None) if len(doc) else None)

    def _vectors(self, docs: list[Doc]) -> list[Array] | None:
        """Of documents that have passed the encoder: of each, shape (tokens, width)."""
        component: Any = self.nlp.get_pipe(self.name)
        if self.hidden is None:
            return token_vectors(component, docs)
        to_numpy = component.model.ops.to_numpy
        return [np.hstack(list(map(to_numpy, parts))) for parts in zip(*self.hidden.predict(docs))]

    def _output(self, doc: Doc, logits: Array, vectors: Array | None) -> Output:
        """Without whitespace tokens, of which the components know nothing."""
        starts, ends, words = NO_OFFSETS, NO_OFFSETS, slice(None)
        if self.kind == "tags":
            starts, lengths, spaces = doc.to_array(["IDX", "LENGTH", "IS_SPACE"]).astype("int32").T
            words = spaces == 0
            starts, ends = starts[words], (starts + lengths)[words]
        elif vectors is not None:
            vectors = vectors.mean(axis=0, keepdims=True)
        return Output(
            logits[words].astype("float32"),
            starts,
            ends,
            None if vectors is None else vectors[words].astype("float32"),
        )

    def _factory(self, name: str) -> str:
        return self.nlp.get_pipe_meta(name).factory

    def _find(self, student: Task | None) -> str:
        names = self.nlp.pipe_names
        listed = ", ".join(f"{name} ({self._factory(name)})" for name in names) or "no components"
        details = {"model": self.model, "components": listed}
        if self.component is None:
            able = [name for name in names if self._can_teach(name, student)]
            if len(able) == 1:
                return able[0]
            found = f"{len(able)} components" if able else "no component"
            raise HoneError(Errors.H911.format(found=found, student=student or "a student", **details))
        if self.component not in names:
            raise HoneError(Errors.H909.format(component=self.component, **details))
        factory = self._factory(self.component)
        if factory not in HEADS:
            factories = ", ".join(HEADS)
            raise HoneError(
                Errors.H910.format(component=self.component, factory=factory, factories=factories, **details)
            )
        return self.component

    def _can_teach(self, name: str, student: Task | None) -> bool:
        head = HEADS.get(self._factory(name))
        return head is not None and (
            student is None or head.task(self.nlp.get_pipe(name)).nature == student.nature
        )


def check_text(doc: Doc, own: Doc) -> None:
    """Raise H907 unless a student's document and a teacher's have the same text."""
    if own.text != doc.text:
        same = (a == b for a, b in zip_longest(own.text, doc.text))
        at = next(i for i, is_same in enumerate(same) if not is_same)
        here, there = (text[at : at + 20] for text in (doc.text, own.text))
        problem = f"where it has {here!r}, at character {at}, they have {there!r}"
        raise HoneError(Errors.H907.format(text=doc.text[:60], problem=problem))


def hash_files(digest: Any, folder: Path) -> None:
    """Feed a hash with the files in a folder, or with one file: their names and what is in them."""
    files = (path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else ()
    for path in sorted([folder] if folder.is_file() else files):
        digest.update(path.relative_to(folder.parent).as_posix().encode())
        digest.update(path.read_bytes())
