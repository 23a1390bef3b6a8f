"""`hone_transition_ner`: spaCy's transition-based entity recognizer, trained with our losses."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.pipeline import EntityRecognizer
from spacy.pipeline.ner import DEFAULT_NER_MODEL, ner_score
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.util import logger
from spacy.vocab import Vocab
from thinc.api import Model, set_dropout_rate

from ..errors import Errors, HoneError
from ..losses.base import RowLoss
from ..losses.distillation import Distillation
from ..losses.marginal import scale_rows
from ..teachers.base import Teacher
from ..teachers.left_behind import strip_when_saved
from ..teachers.report import report_labels
from .base import count_updates, warn_without_teacher
from .state_targets import StateTeacher
from .state_updates import update_states
from .states import Moves

NO_BEAM = {"beam_width": 1, "beam_density": 0.0, "beam_update_prob": 0.0}
EXCLUSIVE = {"link": "softmax", "label_smoothing": 0.0}


@Language.factory(
    "hone_transition_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
    default_config={
        "moves": None,
        "update_with_oracle_cut_size": 100,
        "incorrect_spans_key": None,
        "scorer": {"@scorers": "spacy.ner_scorer.v1"},
        "loss": {"@losses": "hone.CrossEntropy.v1"},
        "model": DEFAULT_NER_MODEL,
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_transition_ner(
    nlp: Language,
    name: str,
    *,
    model: Model[list[Doc], Any],
    loss: RowLoss,
    moves: Any | None,
    update_with_oracle_cut_size: int,
    incorrect_spans_key: str | None,
    scorer: Callable | None,
    beam_width: int = 1,
    beam_density: float = 0.0,
    beam_update_prob: float = 0.0,
) -> "TransitionNER":
    """Build the component `hone_transition_ner`: `ner` with a choice of loss. See spaCy's documentation of
    `EntityRecognizer` for what is not said here.

    model (Model): a transition model with `state_type = "ner"`, as `spacy.TransitionBasedParser.v2` builds.
    loss (RowLoss): the training objective: exclusive labels, no label smoothing.
    moves (TransitionSystem | None): None: made from the labels.
    update_with_oracle_cut_size (int): longer documents are cut into about that many tokens in training, unless there is
        a teacher.
    incorrect_spans_key (str | None): the span group that holds what is known not to be an entity.
    scorer (Callable | None): the scoring method.
    beam_width, beam_density, beam_update_prob: only so that configs of `beam_ner` are refused with a reason.
    """
    return TransitionNER(
        nlp.vocab,
        model,
        name,
        moves,
        loss=loss,
        update_with_oracle_cut_size=update_with_oracle_cut_size,
        incorrect_spans_key=incorrect_spans_key,
        scorer=scorer,
        beam_width=beam_width,
        beam_density=beam_density,
        beam_update_prob=beam_update_prob,
    )


class TransitionNER(EntityRecognizer):
    """Finds entities by transitions. The gradient of each state is the stock one times what the loss and the
    weight of the gold move's type make of it, and like the stock one is summed over states; the reported loss
    is the mean objective per state. Every update backpropagates: a listener waits for its gradient.

    step (int): the number of updates made, for losses that change in training.
    taught (StateTeacher | None): what a teacher says of its states, while training.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], Any],
        name: str = "hone_transition_ner",
        moves: Any | None = None,
        *,
        loss: RowLoss,
        scorer: Callable | None = ner_score,
        **settings: Any,
    ):
        hard = loss.hard if isinstance(loss, Distillation) else loss
        for option, expected in EXCLUSIVE.items():
            value = getattr(hard, option, expected)  # a loss of one's own may know no smoothing
            if value != expected:
                raise HoneError(Errors.H314.format(name=name, option=option, value=value, expected=expected))
        self.loss = loss
        self.step = 0
        self._n_states = 0
        self._teacher: Teacher | None = None
        self.taught: StateTeacher | None = None
        super().__init__(vocab, model, name, moves, scorer=scorer, **settings)
        self.cfg.update(counts={}, weights=[])
        self._refuse_beams()

    def get_batch_loss(
        self, states: Sequence[Any], golds: Sequence[Any], scores: NDArray, losses: dict[str, float] | None
    ) -> NDArray:
        """The gradient of each state's loss with respect to its scores, shape (states, moves).

        states (Sequence[StateClass]): the states.
        golds (Sequence[BiluoGold]): the annotation of each.
        scores (ndarray): the scores of each state's moves, shape (states, moves).
        losses (dict[str, float] | None): the states' losses are added to it.
        """
        d_scores, values, _ = self.annotated_rows(states, golds, scores)
        self.count(float(values.sum()), len(values), losses)
        return d_scores

    def annotated_rows(
        self, states: Sequence[Any], golds: Sequence[Any], scores: NDArray
    ) -> tuple[NDArray, NDArray, NDArray]:
        """The gradient and the loss of each state, and the probabilities of the gold moves among themselves."""
        rows = super().get_batch_loss(states, golds, scores, None)
        factors, values, q = scale_rows(self.loss, rows, scores, self.step)
        weights = self._weigh(q)
        return rows * (weights * factors).astype(rows.dtype)[:, None], weights * values, q

    def count(self, value: float, n_states: int, losses: dict[str, float] | None) -> None:
        """Add up the loss of some states. Raises H309 if it is not finite."""
        if not np.isfinite(value):
            raise HoneError(Errors.H309.format(name=self.name))
        if losses is not None:
            losses[self.name] = losses.get(self.name, 0.0) + value
        self._n_states += n_states

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Any = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch, as `ner` does, and from a teacher where there is one; where nothing teaches, send back
        zeros."""
        self._refuse_beams()
        self._check_teacher()
        examples = list(examples)
        losses = {} if losses is None else losses
        self._n_states = 0
        if self.taught is not None:
            self._ensure_labels_are_added([doc for eg in examples for doc in (eg.predicted, eg.reference)])
            summed = update_states(self, self.taught, examples, drop)
        else:
            summed = super().update(examples, drop=drop, sgd=False, losses={})[self.name]
            if not self._n_states:
                self._backprop_zeros([eg.predicted for eg in examples], drop)
        if sgd not in (None, False):
            self.finish_update(sgd)
        losses[self.name] = losses.get(self.name, 0.0) + summed / max(self._n_states, 1)
        return losses

    def finish_update(self, sgd: Any) -> None:
        """Update the weights, and count it."""
        super().finish_update(sgd)
        self.step += 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        nlp: Language | None = None,
        labels: dict | list[str] | None = None,
        teacher: Teacher | None = None,
    ) -> None:
        """Prepare the component for training, as `ner` does, and let the loss learn how often each type occurs.

        get_examples (Callable): gives the training examples; all of them are read.
        nlp (Language | None): the pipeline.
        labels (dict | list[str] | None): as from `spacy.read_labels.v1`; or entity types, beside those of the examples.
        teacher (Teacher | None): gives soft targets in training; the loss must be hone.Distillation.v1. See `teach`.
        """
        validate_get_examples(get_examples, "TransitionNER.initialize")
        tokens = (token for eg in get_examples() for token in eg.reference)
        self.cfg["counts"] = dict(Counter(token.ent_type_ for token in tokens if token.ent_iob))
        if isinstance(labels, list):
            labels = self.moves.get_actions(entity_types=labels, examples=get_examples())
        self._teacher = self.taught = None
        super().initialize(get_examples, nlp, labels)
        self.step = 0
        self._bind(strict=True)
        self.cfg["weights"] = [[label, round(weight, 6)] for label, weight in self.loss.label_weights]
        if self.cfg["weights"]:
            weights = ", ".join(f"{label} {weight:.2f}" for label, weight in self.cfg["weights"])
            logger.info("Loss weights of '%s': %s", self.name, weights)
        self.teach(teacher, get_examples, nlp=nlp)

    def teach(
        self,
        teacher: Teacher | None,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
    ) -> None:
        """Learn from a teacher in the updates to come: of tags of entities, or another transition parser (a
        hone.PipelineTeacher.v1 whose component is a `ner` or a hone_transition_ner). It is not kept when the component
        is saved.

        Each state of the student's way through a document, with annotation or without, has the loss

            α hard + (1 - α) T² KL(teacher ‖ student)

        over the moves that are valid there and that the teacher knows; its gradient is, as ever, summed over states.
        Documents are not cut then. What the teacher says of a state: see `state_targets`.

        get_examples: gives the training examples, of which it will be asked. nlp: the pipeline.
        Raises H325 for a loss that does not listen, H333 for one that learns nothing without a teacher, H334 without
        labels, H405 for schedules of the loss that leave their bounds in these updates, and the errors of `prepare`. Warns
        (H339) of a loss that would learn from a teacher, if there is none.
        """
        self._teacher = self.taught = None
        strip_when_saved(nlp)
        self.loss.look_ahead(count_updates(nlp))
        if teacher is not None:
            if not isinstance(self.loss, Distillation):
                raise HoneError(Errors.H325.format(name=self.name, loss=type(self.loss).__name__))
            if not self.labels:
                raise HoneError(Errors.H334.format(name=self.name))
            self._teacher = teacher
            self._bind()
            report_labels(self.name, teacher, self.labels)
            teacher.prepare(eg.predicted for eg in get_examples())
        self._check_teacher()
        if teacher is None:
            warn_without_teacher(self.name, self.loss)

    def from_bytes(self, bytes_data: bytes, exclude: Iterable[str] = ()) -> "TransitionNER":
        super().from_bytes(bytes_data, exclude)
        return self._restore()

    def from_disk(self, path: str | Path, exclude: Iterable[str] = ()) -> "TransitionNER":
        super().from_disk(path, exclude)
        return self._restore()

    def _restore(self) -> "TransitionNER":
        self._refuse_beams()
        if self._is_initialized():
            self._bind()
        return self

    def _resize(self) -> None:
        """spaCy calls this wherever labels may have been added."""
        super()._resize()
        if self._is_initialized():
            self._bind()

    def _is_initialized(self) -> bool:
        return bool(self.model.get_ref("lower").has_param("W"))

    def _bind(self, *, strict: bool = False) -> None:
        """Tell the loss the types, and how many tokens of the training data each has."""
        types, counts = ["", *self.labels], self.cfg["counts"]
        self.loss.bind(types, [counts.get(label, 0) for label in types], sum(counts.values()), strict=strict)
        moves = (self.moves.get_class_name(i) for i in range(self.moves.n_moves))
        self._columns = [types.index(move[2:]) for move in moves]  # B-PER and so on; O and U- have no type
        if self._teacher is not None:
            self.taught = StateTeacher(self._teacher, Moves(self.moves))
            self.model.attrs["unseen_classes"] -= self.taught.known_moves

    def _weigh(self, q: NDArray) -> NDArray:
        """The weight of each state: that of the type of its gold move, or the one expected of several.

        q (ndarray): the probabilities of the gold moves among themselves, shape (states, moves).
        """
        if self.loss.weighting.is_none:
            return np.ones(len(q))
        return q @ self.loss.column_weights(self.step)[self._columns]

    def _check_teacher(self) -> None:
        """Raise H333 where the loss learns from a teacher alone, and there is none."""
        if self._teacher is None and self.loss.needs_teacher:
            raise HoneError(Errors.H333.format(name=self.name))

    def _backprop_zeros(self, docs: list[Doc], drop: float) -> None:
        if any(len(doc) for doc in docs):
            set_dropout_rate(self.model, drop)
            step_model, backprop = self.model.begin_update(docs)
            backprop([])
            step_model.clear_memory()

    def _refuse_beams(self) -> None:
        for option, expected in NO_BEAM.items():
            value = self.cfg[option]
            if value != expected:
                message = Errors.H313.format(name=self.name, option=option, value=value, expected=expected)
                raise HoneError(message)
