"""The file formats, one a file. A new format is a module with a `read` and a line in `FORMATS`.

A reader is `read(path, log, options) -> Iterator[Record]`. It streams, reports faults to `log`, and knows
nothing of spaCy.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import Errors, HoneError
from ..faults import Log, check_choice
from ..records import Record
from . import conll, jsonl, tasteset
from .options import ReadOptions

Reader = Callable[[Path, Log, ReadOptions], Iterator[Record]]


@dataclass(frozen=True)
class Format:
    """A format's reader, and the file names that it is recognised by."""

    read: Reader
    suffixes: tuple[str, ...]


FORMATS = {
    "conll": Format(conll.read, ()),  # every file that no other format claims
    "jsonl": Format(jsonl.read, (".jsonl", ".ndjson", ".json")),
    "tasteset": Format(tasteset.read, (".csv",)),
}


def format_of(path: Path, name: str = "auto") -> str:
    """The format of a file: the one named, or the one that its suffix belongs to. It must be text."""
    check_choice("--format", name, ("auto", *FORMATS))
    if not path.is_file():
        detail = ", but a folder: name the files in it" if path.is_dir() else ""
        raise HoneError(Errors.H110.format(where=path, detail=detail))
    with path.open("rb") as file:
        head = file.read(65_536)
    if b"\0" in head:
        raise HoneError(Errors.H108.format(where=path))
    if name != "auto":
        return name
    return next(
        (known for known, format in FORMATS.items() if path.suffix.lower() in format.suffixes), "conll"
    )
