"""Curves to look at while a pipeline trains."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from spacy.language import Language

from ...errors import Errors, HoneError
from .evaluation import Evaluation, Logger, LogStep, Recorder
from .places import check_folder

NAME = "hone.TensorBoardLogger.v1"


def make_tensorboard_logger(directory: Path) -> Logger:
    """Build `hone.TensorBoardLogger.v1`: scalars for `tensorboard --logdir DIRECTORY`.

    directory: Where the runs lie; each makes a folder there, named by the time (UTC) at which it began.

    The scalars are loss/COMPONENT, learn_rate, score, words_per_second, dev/SCORE and
    dev_per_label/KIND/LABEL/METRIC, over the number of updates; see `Evaluation`.

    Raises H519 if torch or tensorboard is not installed, H518 if the folder cannot be written.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise HoneError(Errors.H519.format(logger=NAME, problem=error)) from error
    directory = Path(directory)
    check_folder(directory, NAME)

    def setup(nlp: Language, stdout: IO[str], stderr: IO[str]) -> tuple[LogStep, Callable[[], None]]:
        recorder = Recorder(nlp)
        folder = directory / datetime.now(UTC).strftime("%Y-%m-%d_%H-%M-%S-%f")
        try:
            writer = SummaryWriter(folder)
        except OSError as error:
            raise HoneError(Errors.H518.format(logger=NAME, path=folder, problem=error)) from error

        def log_step(info: dict[str, Any] | None) -> None:
            if evaluation := recorder(info):
                for tag, value in scalars(evaluation):
                    writer.add_scalar(tag, value, evaluation.step)
                writer.flush()

        return log_step, writer.close

    return setup


def scalars(evaluation: Evaluation) -> Iterator[tuple[str, float]]:
    """(tag, value) of each curve."""
    yield from ((f"loss/{component}", loss) for component, loss in evaluation.loss.items())
    yield "learn_rate", evaluation.learn_rate
    yield "score", evaluation.score
    if evaluation.words_per_second is not None:
        yield "words_per_second", evaluation.words_per_second
    yield from ((f"dev/{name}", score) for name, score in evaluation.scores.items())
    for kind, labels in evaluation.per_label.items():
        for label, metrics in labels.items():
            yield from ((f"dev_per_label/{kind}/{label}/{name}", value) for name, value in metrics.items())
