"""Everything about each evaluation, for programs to read."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from spacy.language import Language

from ...errors import Errors, HoneError
from ...models.devices import name_device
from .evaluation import Logger, LogStep, Recorder
from .places import check_folder
from .precision import name_precision

NAME = "hone.JSONLinesLogger.v1"


def make_jsonlines_logger(path: Path) -> Logger:
    """Build `hone.JSONLinesLogger.v1`: a JSON object on a line of its own for each evaluation, on the disk at once.

    path: The file; its folder is made. One that is there is added to, so that no run is lost: `run`, the
        time (UTC) at which the training began, tells them apart.

    The keys: `run`, `device`, `precision` (of the transformer, or null), then those of `Evaluation`. A number
    that is not finite is null.

    Raises H518 if the file cannot be written.
    """
    path = Path(path)
    check_folder(path.parent, NAME)

    def setup(nlp: Language, stdout: IO[str], stderr: IO[str]) -> tuple[LogStep, Callable[[], None]]:
        recorder = Recorder(nlp)
        run = {
            "run": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "device": name_device(),
            "precision": name_precision(nlp),
        }
        stream = _open(path)

        def log_step(info: dict[str, Any] | None) -> None:
            if evaluation := recorder(info):
                row = _finite({**run, **asdict(evaluation)})
                stream.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
                stream.flush()

        return log_step, stream.close

    return setup


def _open(path: Path) -> IO[str]:
    """The file, ready for a new line, even if a run that was killed left half of one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torn = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")
        stream = path.open("a", encoding="utf8", newline="\n")
    except OSError as error:
        raise HoneError(Errors.H518.format(logger=NAME, path=path, problem=error)) from error
    if torn:
        stream.write("\n")
    return stream


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
