"""What every component with a `RowLoss` shares: labels, their counts, the loss bound to them, updates counted."""

import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import logger
from spacy.vocab import Vocab
from thinc.api import Model, set_dropout_rate
from thinc.types import Floats1d, Floats2d

from ..errors import Errors, HoneError
from ..losses.base import RowLoss
from ..teachers.base import Task, Teacher
from ..teachers.left_behind import strip_when_saved
from ..teachers.mapping import Mapping, Targets, align_docs, prepare
from ..teachers.report import report_labels
from .inherit import copy_rows, load_elder
from .vectors import TeacherVectors

ENDLESS = 20_000  # updates; `max_steps` of spaCy's own config
# the tok2vec of a component that is added without a config
DEFAULT_TOK2VEC = """
@architectures = "spacy.HashEmbedCNN.v2"
pretrained_vectors = null
width = 96
depth = 4
embed_size = 2000
window_size = 1
maxout_pieces = 3
subword_features = true
"""


def count_updates(nlp: Language | None) -> int:
    """How many a training of the pipeline makes at most; without an end, as many as spaCy's default."""
    training = {} if nlp is None else nlp.config.interpolate().get("training", {})
    return int(training.get("max_steps") or 0) or ENDLESS


def warn_without_teacher(name: str, loss: RowLoss) -> None:
    """Warn (H339) of a part of the loss that there is nobody to learn from."""
    if loss.takes_logits:
        warnings.warn(Errors.H339.format(name=name), stacklevel=2)


class LossPipe(TrainablePipe):
    """A component whose model gives logits, with a row for each token or document and a column for each tag or
    label, trained by a `RowLoss`. It keeps what the loss has to know of the training data, in `cfg`.

    step (int): the number of updates made, for losses that change in training.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], Any],
        name: str,
        *,
        loss: RowLoss,
        scorer: Callable | None,
        cfg: dict[str, Any],
    ):
        self.vocab = vocab
        self.model = model
        self.name = name
        self.loss = loss
        self.scorer = scorer
        self.cfg: dict[str, Any] = {"labels": [], "counts": [], "total": 0, "weights": [], **cfg}
        self.step = 0
        self.mapping: Mapping | None = None  # of what a teacher says, while training
        self.vectors: TeacherVectors | None = None  # which are to be learned from it
        self._elder: LossPipe | None = None  # whose rows are copied at initialisation
        self._index()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order in which they were added."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> tuple[str, ...]:
        """What `spacy init labels` writes and `initialize(labels=...)` takes."""
        return self.labels

    @property
    @abstractmethod
    def columns(self) -> Sequence[str]:
        """The label of each column of the logits; "" is the column of what has no label."""

    @property
    @abstractmethod
    def task(self) -> Task:
        """What the logits are about, for teachers."""

    @property
    def unsaved_models(self) -> list[Model]:
        """What an optimiser has to update beside the model."""
        return [] if self.vectors is None else list(self.vectors.projections.values())

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Any = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch, and from the vectors of its documents where the teacher's are to be learned."""
        examples = list(examples)
        if self.vectors is None or not any(len(eg.predicted) for eg in examples):
            return super().update(examples, drop=drop, sgd=sgd, losses=losses)
        losses = {} if losses is None else losses
        set_dropout_rate(self.model, drop)
        losses[self.name] = losses.get(self.name, 0.0) + self.vectors.update(self, examples)
        if sgd not in (None, False):
            self.finish_update(sgd)
        return losses

    def finish_update(self, sgd: Any) -> None:
        """Update the weights, and count it."""
        super().finish_update(sgd)
        for model in self.unsaved_models:
            model.finish_update(sgd)
        self.step += 1

    def teach(
        self,
        teacher: Teacher | None,
        get_examples: Callable[[], Iterable[Example]],
        *,
        vectors: TeacherVectors | None = None,
        needed: bool = False,
        nlp: Language | None = None,
    ) -> None:
        """Learn from a teacher in the updates to come. It is not kept when the component is saved.

        get_examples: gives the training examples, of which it will be asked.
        vectors: how its vectors are learned; None: they are not.
        needed: whether it is of use even where the loss takes no soft targets, and without vectors.
        nlp: the pipeline, where vectors are learned in hidden layers of its encoder.
        Raises H325 if nothing has a use for it, H330 for vectors without a teacher, H333 for a loss that learns nothing
        without one, H405 for schedules of the loss that leave their bounds in these updates, and the errors of `prepare`
        and of `TeacherVectors.check`. Warns (H339) of a loss that would learn from a teacher, if there is none.
        """
        self.mapping = self.vectors = None
        strip_when_saved(nlp)
        self.loss.look_ahead(count_updates(nlp))
        if teacher is None:
            if vectors is not None:
                raise HoneError(Errors.H330.format(name=self.name))
            self._check_teacher()
            warn_without_teacher(self.name, self.loss)
            return
        if not (self.loss.takes_logits or needed or vectors is not None):
            raise HoneError(Errors.H325.format(name=self.name, loss=type(self.loss).__name__))
        self.mapping = prepare(teacher, self.task)
        report_labels(self.name, teacher, self.labels)
        teacher.prepare((eg.predicted for eg in get_examples()), vectors=vectors is not None)
        if vectors is not None:
            vectors.check(self, teacher, (eg.predicted for eg in get_examples()), nlp)
        self.vectors = vectors

    def ask(self, docs: Sequence[Doc]) -> Targets | None:
        """What the teacher says of documents; None without one."""
        if self.mapping is None:
            return None
        outputs = self.mapping.teacher.outputs(docs, vectors=self.vectors is not None)
        aligned = align_docs(outputs, docs) if self.task.kind == "tags" else None
        said = self.mapping.to_student(outputs, docs, aligned)
        if self.vectors is not None:
            self.vectors.hear(outputs, docs, aligned)
        return said

    def objective(
        self,
        logits: Floats2d,
        targets: Floats2d,
        mask: Floats1d | Floats2d,
        taught: Targets | None = None,
    ) -> tuple[float, Floats2d]:
        """The mean loss over the rows that are not masked, and its gradient. Raises H309 if it is not finite.

        taught (Targets | None): what the teacher says of the same rows and columns.
        """
        soft: dict[str, Any] = {}
        self._check_teacher()
        if taught is not None and self.loss.takes_logits:
            ops = self.model.ops
            soft = {"soft": ops.xp.asarray(taught.logits), "soft_mask": ops.xp.asarray(taught.known)}
        d_logits, value = self.loss(logits, targets, mask, step=self.step, **soft)
        self.check_finite(value)
        return value, d_logits

    def _check_teacher(self) -> None:
        """Raise H333 where the loss learns from a teacher alone, and there is none."""
        if self.mapping is None and self.loss.needs_teacher:
            raise HoneError(Errors.H333.format(name=self.name))

    def check_finite(self, value: float) -> None:
        """Raise H309 for a loss that is not a finite number."""
        if not np.isfinite(value):
            raise HoneError(Errors.H309.format(name=self.name))

    def add_label(self, label: str) -> int:
        """Add a label; a trained output layer grows, and keeps what it has learned.

        RETURNS (int): 1, or 0 if the label is already there.
        """
        if not isinstance(label, str) or not label.strip():
            raise HoneError(Errors.H306.format(name=self.name, label=label))
        if label in self.labels:
            return 0
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        self._index()
        if self._is_initialized():
            self.model.attrs["resize_output"](self.model, len(self.columns))
            added = [0] * (len(self.columns) - len(self.cfg["counts"]))
            self.cfg["counts"] += added
            if isinstance(self.cfg["total"], list):
                self.cfg["total"] += added
            self._bind()
        return 1

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        super().from_bytes(bytes_data, exclude=exclude)
        return self._restore()

    def from_disk(self, path: Any, *, exclude: Iterable[str] = ()) -> Self:
        super().from_disk(path, exclude=exclude)
        return self._restore()

    def continue_from(self, path: Path | str | None) -> None:
        """Take the labels of a trained component first; `_initialize` then copies what its model has learned."""
        self._elder = None if path is None else load_elder(path, self)
        for label in self._elder.labels if self._elder else ():
            self.add_label(label)

    def _index(self) -> None:
        """Prepare what depends on the labels. Called whenever they have changed."""

    def _is_initialized(self) -> bool:
        return bool(self.model.get_ref("output").has_param("W"))

    def _initialize(
        self, get_examples: Callable[[], Iterable[Example]], counts: Sequence[int], total: int | Sequence[int]
    ) -> None:
        """Initialise the model, and let the loss learn from the counts.

        counts: the training rows of each column. total: the training rows with annotation.
        """
        self.step = 0
        self.cfg["counts"], self.cfg["total"] = [int(n) for n in counts], np.asarray(total).tolist()
        output = self.model.get_ref("output")
        if not output.has_dim("nO"):
            output.set_dim("nO", len(self.columns))
        self._bind(strict=True)
        self.cfg["weights"] = [[label, round(weight, 6)] for label, weight in self.loss.label_weights]
        if self.cfg["weights"]:
            weights = ", ".join(f"{label} {weight:.2f}" for label, weight in self.cfg["weights"])
            logger.info("Loss weights of '%s': %s", self.name, weights)
        self.model.initialize(X=[eg.predicted for eg in islice(get_examples(), 10)])
        prior = self.loss.prior(self.cfg["counts"], self.cfg["total"])
        output = self.model.get_ref("output")
        if prior is not None and output.has_param("b"):
            output.set_param("b", self.model.ops.asarray_f(prior.tolist()))
        if self._elder is not None:
            copy_rows(self._elder.model, self.model, self.name)
            self._elder = None

    def _restore(self) -> Self:
        self._index()
        if self._is_initialized():
            self._bind()
        return self

    def _bind(self, *, strict: bool = False) -> None:
        """Check that the output layer has a row for each column, and tell the loss what they are.

        strict: whether computed weights need an example of each label.
        """
        n_outputs = self.model.get_ref("output").get_dim("nO")
        if n_outputs != len(self.columns):
            message = Errors.H307.format(
                name=self.name,
                n_outputs=n_outputs,
                n_labels=len(self.labels),
                n_columns=len(self.columns),
            )
            raise HoneError(message)
        self.loss.bind(self.columns, self.cfg["counts"], self.cfg["total"], strict=strict)
