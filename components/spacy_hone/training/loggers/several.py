"""Several loggers in a place of the config that takes one."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import IO, Any

from spacy.language import Language

from .evaluation import Logger, LogStep


def make_loggers(*loggers: Logger) -> Logger:
    """Log with each of them, spaCy's and other people's included. In a config:

    [training.logger]
    @loggers = "hone.Loggers.v1"

    [training.logger.*.console]
    @loggers = "hone.ConsoleLogger.v1"

    [training.logger.*.file]
    @loggers = "hone.JSONLinesLogger.v1"
    path = "training/log.jsonl"

    When training ends each of them is finished, the last first, even if another one fails.
    """

    def setup(nlp: Language, stdout: IO[str], stderr: IO[str]) -> tuple[LogStep, Callable[[], None]]:
        steps: list[LogStep] = []
        with ExitStack() as stack:
            for logger in loggers:
                log_step, finalize = logger(nlp, stdout, stderr)
                steps.append(log_step)
                stack.callback(finalize)
            finish = stack.pop_all().close

        def log_all(info: dict[str, Any] | None) -> None:
            for log_step in steps:
                log_step(info)

        return log_all, finish

    return setup
