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
from ..losses.marginal import scale_rows

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
    update_with_oracle_cut_size (int): longer documents are cut into about that many tokens in training.
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
        if loss.takes_logits:
            raise HoneError(
                Errors.H314.format(name=name, option="a teacher", value=type(loss).__name__, expected="none")
            )
        for option, expected in EXCLUSIVE.items():
            value = getattr(loss, option, expected)  # a loss of one's own may know no smoothing
            if value != expected:
                raise HoneError(Errors.H314.format(name=name, option=option, value=value, expected=expected))
        self.loss = loss
        self.step = 0
        self._n_states = 0
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
        rows = super().get_batch_loss(states, golds, scores, None)
        factors, values, q = scale_rows(self.loss, rows, scores, self.step)
        weights = self._weigh(q)
        value = float(weights @ values)
        if not np.isfinite(value):
            raise HoneError(Errors.H309.format(name=self.name))
        if losses is not None:
            losses[self.name] = losses.get(self.name, 0.0) + value
        self._n_states += len(rows)
        return rows * (weights * factors).astype(rows.dtype)[:, None]

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Any = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch, as `ner` does; where it has nothing to teach, send back zeros."""
        self._refuse_beams()
        examples = list(examples)
        losses = {} if losses is None else losses
        self._n_states = 0
        summed = super().update(examples, drop=drop, sgd=sgd, losses={})[self.name]
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
        labels: dict | None = None,
    ) -> None:
        """Prepare the component for training, as `ner` does, and let the loss learn how often each type occurs.

        get_examples (Callable): gives the training examples; all of them are read.
        nlp (Language | None): the pipeline.
        labels (dict | None): as from `spacy.read_labels.v1`.
        """
        validate_get_examples(get_examples, "TransitionNER.initialize")
        tokens = (token for eg in get_examples() for token in eg.reference)
        self.cfg["counts"] = dict(Counter(token.ent_type_ for token in tokens if token.ent_iob))
        super().initialize(get_examples, nlp, labels)
        self.step = 0
        self._bind(strict=True)
        self.cfg["weights"] = [[label, round(weight, 6)] for label, weight in self.loss.label_weights]
        if self.cfg["weights"]:
            weights = ", ".join(f"{label} {weight:.2f}" for label, weight in self.cfg["weights"])
            logger.info("Loss weights of '%s': %s", self.name, weights)

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

    def _weigh(self, q: NDArray) -> NDArray:
        """The weight of each state: that of the type of its gold move, or the one expected of several.

        q (ndarray): the probabilities of the gold moves among themselves, shape (states, moves).
        """
        if self.loss.weighting.is_none:
            return np.ones(len(q))
        return q @ self.loss.column_weights(self.step)[self._columns]

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
