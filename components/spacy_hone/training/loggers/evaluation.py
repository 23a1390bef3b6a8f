"""What one evaluation in training says, gathered from what `spacy train` hands to a logger."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from time import perf_counter
from typing import IO, Any

from spacy.language import Language
from spacy.util import registry

# spaCy's interface: a logger is set up with the pipeline, standard output and standard error, and gives a
# function to call after each update (with None where no evaluation followed) and one to call at the end.
LogStep = Callable[[dict[str, Any] | None], None]
Logger = Callable[[Language, IO[str], IO[str]], tuple[LogStep, Callable[[], None]]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation in training.

    step: The update that it followed; the first is 0. epoch: Passes over the training data completed.
    updates: Updates since the evaluation before.
    loss: For each component, the mean over those updates (and their sub-batches) of what it reports: for
        ours the objective, per token or document.
    learn_rate: The rate of the last update.
    score: What chooses the best model. best: Whether none before was higher.
    scores: Every score that is a number. per_label: kind (`ents`, `cats` ...) -> label -> `p`, `r`, `f` ...
    words: Words trained on since the start. words_per_second: Speed of training since the evaluation before,
        without the time for evaluating and saving; None after a single update.
    seconds: Since the start.
    """

    step: int
    epoch: int
    updates: int
    loss: dict[str, float]
    learn_rate: float
    score: float
    best: bool
    scores: dict[str, float]
    per_label: dict[str, dict[str, dict[str, float]]]
    words: int
    words_per_second: float | None
    seconds: float


class Recorder:
    """Counts the updates of a training, and sums up each evaluation.

    nlp: The pipeline, with its config, before the first update.

    `spacy train` shows its optimiser to no logger, so the learning rate is read off another one of the same
    config, moved on with it.
    """

    def __init__(self, nlp: Language) -> None:
        training = nlp.config.interpolate()["training"]
        self.accumulate_gradient = training["accumulate_gradient"]
        self.optimizer = registry.resolve({"optimizer": training["optimizer"]})["optimizer"]
        self.hosts = {name for name, pipe in nlp.components if is_host(pipe)}
        self.step = self.evaluated = -1
        self.words = 0
        self.start = self.resumed = self.updated = perf_counter()

    @property
    def seconds(self) -> float:
        return perf_counter() - self.start

    def __call__(self, info: dict[str, Any] | None) -> Evaluation | None:
        """Count an update. info: what `spacy train` says of it, None where no evaluation followed."""
        self.step += 1
        rate = float(self.optimizer.learn_rate)
        self.optimizer.step_schedules()
        if info is None:
            self.updated = perf_counter()
            return None
        evaluation = self._evaluation(info, rate)
        self.evaluated, self.words = self.step, info["words"]
        self.resumed = self.updated = perf_counter()
        return evaluation

    def _evaluation(self, info: dict[str, Any], rate: float) -> Evaluation:
        updates = self.step - self.evaluated
        scores = info["other_scores"]
        losses = {name: float(loss) for name, loss in info["losses"].items() if name not in self.hosts}
        return Evaluation(
            step=info["step"],
            epoch=info["epoch"],
            updates=updates,
            loss={name: loss / (updates * self.accumulate_gradient) for name, loss in losses.items()},
            learn_rate=rate,
            score=float(info["score"]),
            best=info["score"] == max(score for score, _ in info["checkpoints"]),
            scores={name: float(score) for name, score in scores.items() if isinstance(score, Real)},
            per_label=per_label(scores),
            words=info["words"],
            words_per_second=self._speed(info["words"], updates),
            seconds=self.seconds,
        )

    def _speed(self, words: int, updates: int) -> float | None:
        """The clock was read after the last update but one: the last one's time has the evaluation in it."""
        if updates == 1:
            return None
        return (words - self.words) * (updates - 1) / updates / (self.updated - self.resumed)


def is_host(pipe: Any) -> bool:
    """Whether other components listen to this one. What such a component (`tok2vec`, `transformer`) reports
    as its loss is the sum of its squared gradients, which nothing minimises."""
    return hasattr(pipe, "add_listener")


def per_label(scores: Mapping[str, Any]) -> dict[str, dict[str, dict[str, float]]]:
    """The scores that are tables: kind -> label -> metric -> value, labels in alphabetical order.

    scores: As from a spaCy scorer: `ents_per_type` is a table of `p`, `r` and `f`, of kind `ents`;
        `cats_auc_per_type` one of numbers, which joins those of `cats_f_per_type`.
    """
    kinds: dict[str, dict[str, dict[str, float]]] = {}
    for name, table in scores.items():
        if not isinstance(table, Mapping):
            continue
        kind, metric = name.partition("_per_")[0], "score"
        if kind.startswith("cats_"):
            kind, _, metric = kind.partition("_")
        for label in sorted(table):
            value = table[label]
            values = value if isinstance(value, Mapping) else {metric: value}
            numbers = {key: float(number) for key, number in values.items() if isinstance(number, Real)}
            kinds.setdefault(kind, {}).setdefault(label, {}).update(numbers)
    return kinds
