"""The commands that a user types, and what they leave behind."""

import subprocess
import sys
from pathlib import Path

from click.testing import Result
from spacy.cli import app
from typer.testing import CliRunner

import spacy_hone.cli  # noqa: F401  (adds `hone` to spaCy's commands, as the entry point does)

ROOT = Path(__file__).parents[1]
GOOD = "red O\nsalt B-FOOD\n\nblack O\npepper B-FOOD\n\n2 O\ncups B-UNIT\n"
BINARY = bytes(range(1, 10)) + bytes(range(128, 256)) * 40


def invoke(*args: object) -> Result:
    """`python -m spacy ARGS` in this process."""
    return CliRunner().invoke(app, [str(arg) for arg in args])


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def refused(result: Result) -> str:
    """The message of a command of ours that failed as it should."""
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert not result.stdout
    assert result.stderr.startswith("[H")
    assert "Traceback" not in result.stderr
    return result.stderr


def run(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
