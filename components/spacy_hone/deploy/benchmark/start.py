"""What it takes to start a pipeline: a fresh process each time."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ...errors import Errors, HoneError
from . import child

CHILD = child.__name__


class Start(NamedTuple):
    """import_seconds: of `import spacy`. load_seconds: of `spacy.load`. first_seconds: of the first text, when much is
    made that loading puts off. loaded_bytes: resident then. peak_bytes: the most that was resident up to the end of
    all texts."""

    import_seconds: float
    load_seconds: float
    first_seconds: float
    loaded_bytes: int
    peak_bytes: int

    @property
    def seconds(self) -> float:
        """From the interpreter to the first answer."""
        return self.import_seconds + self.load_seconds + self.first_seconds


def measure_start(
    model: str, texts: Sequence[str], *, batch_size: int, gpu_id: int = -1, python: str = sys.executable
) -> Start:
    """Start a pipeline in a process of its own and run texts through it.

    model: path or name. texts: at least one. batch_size: documents at a time.
    python: the interpreter, of an environment that has this package, too.

    Raises H753 if the process fails.
    """
    place = str(Path(model).absolute()) if Path(model).exists() else model
    command = [python, "-m", CHILD, place, str(batch_size), str(gpu_id)]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False)
    if done.returncode:
        raise HoneError(Errors.H753.format(model=model, code=done.returncode, output=done.stderr.strip()))
    return Start(**json.loads(done.stdout.splitlines()[-1]))
