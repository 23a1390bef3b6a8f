"""What a person reads while a pipeline trains."""

import sys
from collections.abc import Callable, Mapping
from typing import IO, Any

from spacy.language import Language

from ...losses.base import RowLoss
from ...models.devices import name_device
from .evaluation import Evaluation, Logger, LogStep, Recorder, is_host
from .precision import name_precision
from .progress import Goal, Progress
from .table import fraction, head, label_lines, make_columns, row


def make_console_logger(
    progress_bar: bool = True, progress_toward: Goal = "evaluation", per_label: bool = True
) -> Logger:
    """Build `hone.ConsoleLogger.v1`: device and precision, a row for each evaluation, and how it ended.

    progress_bar: Show updates made, updates to come and the time left, on a terminal only.
    progress_toward: What is to come: the next `evaluation`, or the `end` (max_steps).
    per_label: At the end, show the scores of each label in the best evaluation.
    """

    def setup(
        nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[LogStep, Callable[[], None]]:
        training = nlp.config.interpolate()["training"]
        progress = Progress(training, stderr, shown=progress_bar, toward=progress_toward)
        console = Console(nlp, stdout, progress, per_label=per_label)
        return console.log_step, console.finalize

    return setup


class Console:
    """One training on the console.

    nlp: The pipeline without its frozen components. stdout: Where the text goes. per_label: See above.
    """

    def __init__(self, nlp: Language, stdout: IO[str], progress: Progress, *, per_label: bool) -> None:
        self.training = nlp.config.interpolate()["training"]
        self.stdout = stdout
        self.progress = progress
        self.per_label = per_label
        self.recorder = Recorder(nlp)
        self.best: Evaluation | None = None
        self.checkpoints: list[tuple[float, int]] = []
        self.earlier_error = sys.exception()
        trained = {n: p for n, p in nlp.pipeline if getattr(p, "is_trainable", False) and not is_host(p)}
        weights = self.training["score_weights"]
        self.columns = make_columns(trained, [name for name, weight in weights.items() if weight is not None])
        precision = name_precision(nlp)
        self.write(f"Device: {name_device()}{f', transformer in {precision}' if precision else ''}")
        self.write(describe_losses(trained))
        self.write("*: best score so far", "", *head(self.columns))

    def log_step(self, info: dict[str, Any] | None) -> None:
        evaluation = self.recorder(info)
        if info is None or evaluation is None:
            self.progress.update()
            return
        self.checkpoints = info["checkpoints"]
        if evaluation.best:
            self.best = evaluation
        self.progress.hide()
        self.write(row(self.columns, [column.text(evaluation) for column in self.columns]))
        self.progress.show(evaluation.step)

    def finalize(self) -> None:
        self.progress.close()
        self.write("")
        if self.best and self.per_label:
            for kind, labels in self.best.per_label.items():
                self.write(*label_lines(kind, labels), "")
        best = f"Best score {fraction(self.best.score)} at step {self.best.step}" if self.best else "No score"
        step = self.recorder.step
        when = f"after step {step}" if step >= 0 else "in the first update"
        self.write(f"{best}; stopped by {self.reason()} {when}, {self.recorder.seconds:,.0f} seconds")

    def reason(self) -> str:
        """Why training ended, in the order in which `spacy train` asks."""
        error, patience, max_steps = sys.exception(), self.training["patience"], self.training["max_steps"]
        if error is not None and error is not self.earlier_error:
            return type(error).__name__
        waited = self.recorder.step + max((score, -step) for score, step in self.checkpoints)[1]
        if patience and waited >= patience:
            return f"patience ({waited} updates without a better score)"
        return "max_steps" if max_steps and self.recorder.step >= max_steps else "max_epochs"

    def write(self, *lines: str) -> None:
        """Characters that the stream cannot write become question marks: a table is no reason to stop."""
        encoding = getattr(self.stdout, "encoding", None) or "utf8"
        for line in lines:
            self.stdout.write(line.encode(encoding, "replace").decode(encoding) + "\n")
        self.stdout.flush()


def describe_losses(trained: Mapping[str, Any]) -> str:
    """What the numbers are. trained: components by name."""
    ours = [name for name, pipe in trained.items() if isinstance(getattr(pipe, "loss", None), RowLoss)]
    others = [name for name in trained if name not in ours]
    units = [f"per token or document for {', '.join(ours)}"] if ours else []
    units += [f"as spaCy reports it for {', '.join(others)}"] if others else []
    return "; ".join(["Loss: mean over the updates since the last evaluation", *units])
