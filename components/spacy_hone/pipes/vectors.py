"""The second term of distillation: the vectors that a student's head reads, or hidden layers below, drawn to those of
its teacher."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model, chain, glorot_uniform_init, noop
from thinc.types import Floats2d

from ..errors import Errors, HoneError
from ..losses.ramps import Ramp, Schedule
from ..losses.vectors import VectorLoss, vector_loss
from ..teachers.base import Output, Teacher
from ..teachers.mapping import Aligned
from .hidden import Rows, StudentLayers

if TYPE_CHECKING:
    from .base import LossPipe

# of layers: the student's (None: what its head reads) and the teacher's
Pairs = Sequence[tuple[int | None, int]]


def make_teacher_vectors(
    weight: Schedule = 1.0, kind: VectorLoss = "cosine", layers: list[list[int | None]] | None = None
) -> "TeacherVectors":
    """Build `hone.TeacherVectors.v1`, for `vectors` in [initialize.components] beside a teacher that has some.

        L + w V

    L is the component's loss; V is the mean distance of its token vectors to the teacher's (see `vector_loss`) over
    the tokens that a token of the teacher shares a character with. Where documents are classified, the vectors are
    means over a document's tokens, and V is the mean over documents. Vectors of another width than the teacher's are
    compared through a projection, which is learned in training and not saved.

    weight (float | Schedule): w, 0 or more; a schedule has a value for each update.
    kind (str): "cosine" or "mse".
    layers (list | None): pairs of a layer of the student's transformer and one of the teacher's, each pair compared by
        itself, V being the mean over them: 0 is what the embeddings give, 1 what the lowest layer gives, -1 what the
        highest does; null in the student's place: the vectors that its head reads. `[[1,2],[2,4],[3,6]]` for a student
        of every second layer, `[[null,4]]` for one without layers. None: what the two heads read.

    Raises H405, also in training, when a schedule arrives at a value below 0.
    """
    if kind not in get_args(VectorLoss):
        expected = f"one of {', '.join(map(repr, get_args(VectorLoss)))}"
        raise HoneError(Errors.H405.format(name="kind", value=kind, expected=expected))
    if layers is not None and not (layers and all(map(_is_pair, layers))):
        expected = "pairs of a layer of the student, or null, and one of the teacher: [[1,2],[null,4]]"
        raise HoneError(Errors.H405.format(name="layers", value=layers, expected=expected))
    return TeacherVectors(Ramp("weight", weight), kind, cast(Pairs, [tuple(pair) for pair in layers or ()]))


def _is_pair(pair: Sequence[Any]) -> bool:
    return len(pair) == 2 and isinstance(pair[1], int) and isinstance(pair[0], int | None)


class Heard(NamedTuple):
    """The teacher's vectors, shape (rows, teacher's width), of several layers side by side, and which of them are
    known, shape (rows,). Rows are the student's tokens, one document after another, or its documents."""

    vectors: NDArray[np.float32]
    known: NDArray[np.bool_]


class TeacherVectors:
    """See `make_teacher_vectors`.

    projections (dict[int, Model]): of the pairs, by their number, that turned out to need one; each holds "W".
    """

    def __init__(self, weight: Ramp, kind: VectorLoss, layers: Pairs = ()):
        self.weight, self.kind, self.layers = weight, kind, layers
        self.projections: dict[int, Model] = {}
        self.student: StudentLayers | None = None
        self.heard = Heard(np.zeros((0, 0), dtype="float32"), np.zeros(0, dtype=bool))

    def check(
        self, pipe: "LossPipe", teacher: Teacher, docs: Iterable[Doc], nlp: Language | None = None
    ) -> None:
        """Find the layers, and see whether there is something to learn.

        docs: the teacher is asked about the first that it has something to say of. nlp: the student's pipeline.
        Raises H331 unless the pipe's model begins with its tok2vec, H332 unless the teacher has vectors, H335 and H919
        where student or teacher does not have the layers that are compared.
        """
        tok2vec = pipe.model.maybe_get_ref("tok2vec")
        if tok2vec is None or tok2vec not in pipe.model.layers[:1]:
            raise HoneError(Errors.H331.format(name=pipe.name, model=pipe.model.name))
        if self.layers:
            teacher.read_layers([theirs for _, theirs in self.layers])
        own = sorted({ours for ours, _ in self.layers if ours is not None})
        self.student = StudentLayers(nlp, pipe, own) if own else None
        said = (teacher.outputs([doc], vectors=True)[0] for doc in docs if len(doc))
        first = next((output for output in said if len(output.logits)), None)
        if first is None or first.vectors is None:
            raise HoneError(Errors.H332.format(name=pipe.name, teacher=type(teacher).__name__))

    def hear(self, outputs: Sequence[Output], docs: Sequence[Doc], aligned: Aligned | None) -> None:
        """Note what the teacher says of the documents of an update, or of their tokens, which are aligned then."""
        width = max((output.vectors.shape[1] for output in outputs if output.vectors is not None), default=0)
        if aligned is None:
            self.heard = document_vectors(outputs, docs, width)
        else:
            self.heard = token_vectors(outputs, aligned, width)

    def update(self, pipe: "LossPipe", examples: Sequence[Example]) -> float:
        """Add up the gradients of a batch in the model of a pipe, whose `get_loss` asks the teacher.

        RETURNS: the value of the objective, L + w V.
        """
        tok2vec, *head = pipe.model.layers
        docs = [eg.predicted for eg in examples]
        layers: dict[int | None, Rows]
        if self.student is None:
            vectors, backprop_vectors = tok2vec.begin_update(docs)
            layers = {None: vectors}
        else:
            layers, backprop_layers = self.student.begin_update(docs)
        scores, backprop_scores = cast(Model, chain(noop(), *head)).begin_update(layers[None])
        value, d_scores = pipe.get_loss(examples, scores)
        d_head = backprop_scores(d_scores)
        distance, d_layers = self.distance(pipe, layers)
        d_layers[None] = [a + b if len(a) else a for a, b in zip(d_head, d_layers[None])]
        if self.student is None:
            backprop_vectors(d_layers[None])
        else:
            backprop_layers(d_layers)
        return value + distance

    def distance(
        self, pipe: "LossPipe", layers: Mapping[int | None, Rows]
    ) -> tuple[float, dict[int | None, list[Floats2d]]]:
        """w V, and its gradient with respect to the vectors of each document in each layer, of their shapes. Those of
        the projections go to their nodes.

        layers: by their number; None: what the head reads.
        """
        ops: Any = pipe.model.ops
        gradients: dict[int | None, list[Floats2d]] = {}
        total = 0.0
        pairs = [ours for ours, _ in self.layers] or [None]
        heard = np.split(self.heard.vectors, len(pairs), axis=1)
        for number, (layer, targets) in enumerate(zip(pairs, heard) if self.heard.known.any() else ()):
            share = self.weight(pipe.step) / len(pairs)
            value, d_rows = self._compare(pipe, number, layers[layer], ops.asarray2f(targets), share)
            total += value
            before = gradients.get(layer)
            gradients[layer] = [a + b for a, b in zip(before, d_rows)] if before else list(d_rows)
        for layer, rows in layers.items():
            if layer not in gradients:
                gradients[layer] = [ops.alloc2f(*each.shape) for each in rows]
        return total, gradients

    def _compare(
        self, pipe: "LossPipe", number: int, vectors: Rows, targets: Floats2d, weight: float
    ) -> tuple[float, Rows]:
        """What a pair of layers adds to the objective, and the gradient of the student's vectors."""
        ops: Any = pipe.model.ops
        lengths = ops.asarray1i([len(rows) for rows in vectors])
        rows = ops.flatten(vectors)
        are_documents = pipe.task.kind == "categories"
        units = ops.reduce_mean(rows, lengths) if are_documents else rows
        projection = self._projection(number, units.shape[1], targets.shape[1])
        W: Any = None if projection is None else projection.get_param("W")
        value, d_units, d_W = vector_loss(units, targets, W, self.kind, ops.asarray1f(self.heard.known))
        if projection is not None and d_W is not None:
            projection.inc_grad("W", weight * d_W)
        d_rows = ops.backprop_reduce_mean(d_units, lengths) if are_documents else d_units
        return weight * value, ops.unflatten(weight * d_rows, lengths)

    def _projection(self, number: int, width: int, other: int) -> Model | None:
        """From the student's width to the teacher's. None where they are the same."""
        if width == other:
            return None
        if number not in self.projections:
            projection: Model = Model("teacher_projection", _forward, params={"W": None})
            projection.set_param("W", glorot_uniform_init(projection.ops, (width, other)))
            self.projections[number] = projection
        return self.projections[number]


def token_vectors(outputs: Sequence[Output], aligned: Aligned, width: int) -> Heard:
    """What a teacher says of the tokens of documents; whitespace is not known."""
    alignment, known, _ = aligned
    vectors = np.concatenate([_vectors(output, width) for output in outputs])
    if known.all() and np.array_equal(alignment.first, np.arange(len(vectors))):
        return Heard(vectors, known)  # as below, without a copy
    rows = np.zeros((len(known), width), dtype="float32")
    rows[known] = vectors[alignment.first[known]]
    return Heard(rows, known)


def document_vectors(outputs: Sequence[Output], docs: Sequence[Doc], width: int) -> Heard:
    """What a teacher says of documents; one is not known where the teacher has nothing to say, or there are no
    tokens."""
    rows = np.zeros((len(docs), width), dtype="float32")
    known = np.zeros(len(docs), dtype=bool)
    for row, (output, doc) in enumerate(zip(outputs, docs)):
        if output.vectors is not None and len(output.vectors) and len(doc):
            rows[row], known[row] = output.vectors[0], True
    return Heard(rows, known)


def _vectors(output: Output, width: int) -> NDArray[np.float32]:
    """The vectors of an output, shape (rows, width), zeros where it has none."""
    if output.vectors is None or not len(output.vectors):
        return np.zeros((len(output.logits), width), dtype="float32")
    return output.vectors


def _forward(model: Model, X: Floats2d, is_train: bool) -> tuple[Floats2d, Any]:
    """The layer only holds its parameter, as `build_crf`'s does."""
    return X, lambda dX: dX
