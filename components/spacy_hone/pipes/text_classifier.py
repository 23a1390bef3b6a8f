"""The component behind `hone_textcat` and `hone_textcat_multilabel`."""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors, HoneError
from ..losses.base import RowLoss
from ..losses.links import log_sigmoid, log_softmax
from ..teachers.base import Task, Teacher
from .base import LossPipe
from .cats import encode_cats, read_cats
from .places import name_documents
from .thresholds import Pairs, check_thresholds, decide, near
from .vectors import TeacherVectors

LINKS = {"softmax": log_softmax, "sigmoid": log_sigmoid}

if not Doc.has_extension("labels"):
    Doc.set_extension("labels", default=[])


class TextClassifier(LossPipe):
    """Classifies documents. `doc.cats` gets the probability of each label, `doc._.labels` the labels decided for,
    in the order of the component's labels, after those of another component.

    Training ignores documents without annotation (and, where labels are independent, the labels that a document
    does not have in `doc.cats`), and always backpropagates: a listener waits for its gradient.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], Floats2d],
        name: str,
        *,
        loss: RowLoss,
        multi_label: bool,
        positive_label: str | None = None,
        scorer: Callable | None = None,
    ):
        expected, factory = (
            ("sigmoid", "hone_textcat") if multi_label else ("softmax", "hone_textcat_multilabel")
        )
        if loss.link != expected:
            kind = "independent labels" if multi_label else "exclusive labels"
            raise HoneError(
                Errors.H315.format(name=name, kind=kind, expected=expected, found=loss.link, other=factory)
            )
        cfg: dict[str, Any] = {
            "multi_label": multi_label,
            "positive_label": positive_label,
            "thresholds": [],
            "temperature": 1.0,
        }
        super().__init__(vocab, model, name, loss=loss, scorer=scorer, cfg=cfg)

    @property
    def columns(self) -> Sequence[str]:
        return self.labels

    @property
    def task(self) -> Task:
        return Task("categories", not self.cfg["multi_label"], list(self.labels))

    def logits(self, docs: Iterable[Doc]) -> Floats2d:
        """What the model gives, before temperature and thresholds. The documents have passed the components that
        this one listens to, and are not changed.

        RETURNS (Floats2d): shape (docs, labels); for a document without tokens the bias of the output layer.
        """
        docs = list(docs)
        if any(len(doc) for doc in docs):
            return self.model.predict(docs)
        # Encoders refuse a batch without tokens.
        return self.model.ops.alloc2f(len(docs), len(self.labels)) + self.model.get_ref("output").get_param(
            "b"
        )

    def calibrate(self, temperature: float) -> None:
        """Set the temperature T: `doc.cats` are softmax(logits / T) or sigmoid(logits / T) (Guo et al. 2017, On
        Calibration of Modern Neural Networks)."""
        if not 0 < temperature < math.inf:
            raise HoneError(Errors.H323.format(name=self.name, value=temperature))
        self.cfg["temperature"] = float(temperature)

    def set_thresholds(self, pairs: Pairs) -> None:
        """Set from which probability on labels hold, in place of all thresholds set before.

        pairs (Iterable[Sequence]): [label, probability] pairs, for `doc.cats` as they are, that is, calibrated.
            Independent labels without one hold from 0.5 on. Of exclusive labels only the positive one can have a
            threshold; below it, the likeliest of the others holds.
        """
        self.cfg["thresholds"] = check_thresholds(
            self.name, pairs, self.labels, self.cfg["multi_label"], self.cfg["positive_label"]
        )

    def _restore(self) -> Self:
        self.calibrate(self.cfg["temperature"])
        self.set_thresholds(self.cfg["thresholds"])
        return super()._restore()

    def predict(self, docs: Iterable[Doc]) -> NDArray[np.float64]:
        """The probability of each label, shape (docs, labels). The documents are not changed."""
        logits = self.logits(docs) / self.cfg["temperature"]
        probabilities = self.model.ops.xp.exp(LINKS[self.loss.link](logits))
        return self.model.ops.to_numpy(probabilities).astype("float64")

    def set_annotations(self, docs: Iterable[Doc], scores: NDArray[np.float64]) -> None:
        """Write `doc.cats` and `doc._.labels`; labels of other components are kept.

        docs (Iterable[Doc]): the documents.
        scores (ndarray): what `predict` gave for them.
        """
        labels = self.labels
        options = ("multi_label", "positive_label", "thresholds")
        holds = decide(scores, labels, **{option: self.cfg[option] for option in options})
        for doc, row, decided in zip(docs, scores.tolist(), holds):
            doc.cats.update(zip(labels, row))
            others = [label for label in doc._.labels if label not in labels]
            doc._.labels = others + [label for label, is_held in zip(labels, decided) if is_held]

    def get_loss(self, examples: Iterable[Example], scores: Floats2d) -> tuple[float, Floats2d]:
        """The mean loss per document with annotation, and its gradient.

        examples (Iterable[Example]): the batch.
        scores (Floats2d): logits, shape (docs, labels).
        RETURNS (tuple[float, Floats2d]): the value, and the gradient, zero for what is not annotated.
        """
        examples = list(examples)
        validate_examples(examples, "TextClassifier.get_loss")
        multi_label = self.cfg["multi_label"]
        cats = read_cats((eg.reference for eg in examples), self.labels, multi_label, "the batch")
        gold = encode_cats(cats, self.labels, multi_label)
        ops = self.model.ops
        docs = [eg.predicted for eg in examples]
        taught = self.ask(docs)
        with name_documents(self.name, docs):
            return self.objective(scores, ops.xp.asarray(gold.targets), ops.xp.asarray(gold.known), taught)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Iterable[str] | None = None,
        init_from: Path | None = None,
        teacher: Teacher | None = None,
        vectors: TeacherVectors | None = None,
    ) -> None:
        """Prepare the component for training: labels, output layer, weights. Thresholds and temperature, which
        belong to the weights, are given up.

        get_examples (Callable): gives the training examples; all of them are read once.
        nlp (Language | None): the pipeline.
        labels (Iterable[str] | None): labels, as from `spacy.read_labels.v1`; other categories of the examples
            are then left to other components. None: those of the examples, sorted. Where labels have been added
            before, or are given beside a teacher, the examples need no annotation.
        init_from (Path | None): a pipeline whose component this one continues, with its labels first.
        teacher (Teacher | None): gives soft targets in training; the loss must be hone.Distillation.v1, unless its vectors
            are learned.
        vectors (TeacherVectors | None): how the teacher's vectors are learned, hone.TeacherVectors.v1; None: they are not.
        """
        validate_get_examples(get_examples, "TextClassifier.initialize")
        self.cfg.update(thresholds=[], temperature=1.0)
        self.continue_from(init_from)
        multi_label, had_labels = self.cfg["multi_label"], bool(self.labels)
        wanted = None if labels is None else [*self.labels, *labels]
        references = (eg.reference for eg in get_examples())
        cats = read_cats(references, wanted, multi_label, "the training examples")
        for label in sorted({label for each in cats for label in each}) if wanted is None else wanted:
            self.add_label(label)
        gold = encode_cats(cats, self.labels, multi_label)
        n_known = gold.known.sum(axis=0)  # of independent labels by label
        is_taught = had_labels or (teacher is not None and bool(self.labels))
        self._check(len(cats), bool(np.any(n_known)) or is_taught)
        self._initialize(get_examples, gold.targets.sum(axis=0).tolist(), n_known.astype(int).tolist())
        self.teach(teacher, get_examples, vectors=vectors, nlp=nlp)

    def _check(self, n_docs: int, is_taught: bool) -> None:
        """Refuse examples that teach nothing, and labels that make no sense together."""
        exclusive, positive_label = not self.cfg["multi_label"], self.cfg["positive_label"]
        if not is_taught:
            what = "label holds" if exclusive else "labels hold"
            raise HoneError(Errors.H324.format(name=self.name, n_docs=n_docs, what=what))
        if exclusive and len(self.labels) < 2:
            raise HoneError(Errors.H318.format(name=self.name, label=self.labels[0]))
        if positive_label is not None and positive_label not in self.labels:
            suggestion = near(positive_label, self.labels)
            raise HoneError(Errors.H319.format(name=self.name, label=positive_label, near=suggestion))
