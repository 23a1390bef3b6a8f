"""The second term of distillation: the vectors that a student's head reads, drawn to those of its teacher."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model, chain, glorot_uniform_init, noop
from thinc.types import Floats2d

from ..errors import Errors, HoneError
from ..losses.ramps import Ramp, Schedule
from ..losses.vectors import VectorLoss, vector_loss
from ..teachers.align import align
from ..teachers.base import Kind, Output, Teacher

if TYPE_CHECKING:
    from .base import LossPipe


def make_teacher_vectors(weight: Schedule = 1.0, kind: VectorLoss = "cosine") -> "TeacherVectors":
    """Build `hone.TeacherVectors.v1`, for `vectors` in [initialize.components] beside a teacher that has some.

        L + w V

    L is the component's loss; V is the mean distance of its token vectors to the teacher's (see `vector_loss`) over
    the tokens that a token of the teacher shares a character with. Where documents are classified, the vectors are
    means over a document's tokens, and V is the mean over documents. Vectors of another width than the teacher's are
    compared through a projection, which is learned in training and not saved.

    weight (float | Schedule): w, 0 or more; a schedule has a value for each update.
    kind (str): "cosine" or "mse".

    Raises H405, also in training, when a schedule arrives at a value below 0.
    """
    if kind not in get_args(VectorLoss):
        expected = f"one of {', '.join(map(repr, get_args(VectorLoss)))}"
        raise HoneError(Errors.H405.format(name="kind", value=kind, expected=expected))
    return TeacherVectors(Ramp("weight", weight), kind)


class Heard(NamedTuple):
    """The teacher's vectors, shape (rows, teacher's width), and which of them are known, shape (rows,). Rows are the
    student's tokens, one document after another, or its documents."""

    vectors: NDArray[np.float32]
    known: NDArray[np.bool_]


class TeacherVectors:
    """See `make_teacher_vectors`. projection (Model | None): holds "W", as soon as it is known to be needed."""

    def __init__(self, weight: Ramp, kind: VectorLoss):
        self.weight, self.kind = weight, kind
        self.projection: Model | None = None
        self.heard = Heard(np.zeros((0, 0), dtype="float32"), np.zeros(0, dtype=bool))

    def check(self, pipe: "LossPipe", teacher: Teacher, docs: Iterable[Doc]) -> None:
        """Raise H331 unless the pipe's model begins with its tok2vec, H332 unless the teacher has vectors.

        docs: the teacher is asked about the first that it has something to say of.
        """
        tok2vec = pipe.model.maybe_get_ref("tok2vec")
        if tok2vec is None or tok2vec not in pipe.model.layers[:1]:
            raise HoneError(Errors.H331.format(name=pipe.name, model=pipe.model.name))
        said = (teacher.outputs([doc], vectors=True)[0] for doc in docs if len(doc))
        first = next((output for output in said if len(output.logits)), None)
        if first is None or first.vectors is None:
            raise HoneError(Errors.H332.format(name=pipe.name, teacher=type(teacher).__name__))

    def hear(self, kind: Kind, outputs: Sequence[Output], docs: Sequence[Doc]) -> None:
        """Note what the teacher says of the documents of an update."""
        read = token_vectors if kind == "tags" else document_vector
        width = max((output.vectors.shape[1] for output in outputs if output.vectors is not None), default=0)
        self.heard = Heard(*map(np.concatenate, zip(*(read(*each, width) for each in zip(outputs, docs)))))

    def update(self, pipe: "LossPipe", examples: Sequence[Example]) -> float:
        """Add up the gradients of a batch in the model of a pipe, whose `get_loss` asks the teacher.

        RETURNS: the value of the objective, L + w V.
        """
        tok2vec, *head = pipe.model.layers
        vectors, backprop_vectors = tok2vec.begin_update([eg.predicted for eg in examples])
        scores, backprop_scores = cast(Model, chain(noop(), *head)).begin_update(vectors)
        value, d_scores = pipe.get_loss(examples, scores)
        d_vectors = backprop_scores(d_scores)
        distance, d_distance = self.distance(pipe, vectors)
        backprop_vectors([a + b if len(a) else a for a, b in zip(d_vectors, d_distance)])
        return value + distance

    def distance(self, pipe: "LossPipe", vectors: Sequence[Floats2d]) -> tuple[float, list[Floats2d]]:
        """w V, and its gradient with respect to the vectors of each document, of their shapes. That of the projection
        goes to its node."""
        ops: Any = pipe.model.ops
        if not self.heard.known.any():
            return 0.0, [ops.alloc2f(*rows.shape) for rows in vectors]
        lengths = ops.asarray1i([len(rows) for rows in vectors])
        rows = ops.flatten(vectors)
        are_documents = pipe.task.kind == "categories"
        units = ops.reduce_mean(rows, lengths) if are_documents else rows
        targets, weight = ops.asarray2f(self.heard.vectors), self.weight(pipe.step)
        projection = self._projection(units.shape[1], targets.shape[1])
        W: Any = None if projection is None else projection.get_param("W")
        value, d_units, d_W = vector_loss(units, targets, W, self.kind, ops.asarray1f(self.heard.known))
        if projection is not None and d_W is not None:
            projection.inc_grad("W", weight * d_W)
        d_rows = ops.backprop_reduce_mean(d_units, lengths) if are_documents else d_units
        return weight * value, ops.unflatten(weight * d_rows, lengths)

    def _projection(self, width: int, other: int) -> Model | None:
        """From the student's width to the teacher's. None where they are the same."""
        if self.projection is None and width != other:
            self.projection = Model("teacher_projection", _forward, params={"W": None})
            self.projection.set_param("W", glorot_uniform_init(self.projection.ops, (width, other)))
        return self.projection


def token_vectors(output: Output, doc: Doc, width: int) -> Heard:
    """What a teacher says of the tokens of a document; whitespace is not known."""
    starts, lengths, spaces = doc.to_array(["IDX", "LENGTH", "IS_SPACE"]).astype("int64").T
    alignment = align((starts, starts + lengths), (output.starts, output.ends))
    known = alignment.known & (spaces == 0)
    rows = np.zeros((len(doc), width), dtype="float32")
    if output.vectors is not None:
        rows[known] = output.vectors[alignment.first[known]]
    return Heard(rows, known)


def document_vector(output: Output, doc: Doc, width: int) -> Heard:
    """What a teacher says of a document; it is not known where the teacher has nothing to say, or there are no
    tokens."""
    if output.vectors is None or not len(output.vectors) or not len(doc):
        return Heard(np.zeros((1, width), dtype="float32"), np.array([False]))
    return Heard(output.vectors, np.array([True]))


def _forward(model: Model, X: Floats2d, is_train: bool) -> tuple[Floats2d, Any]:
    """The layer only holds its parameter, as `build_crf`'s does."""
    return X, lambda dX: dX
