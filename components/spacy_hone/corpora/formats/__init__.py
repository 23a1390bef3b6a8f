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
from . import conll, jsonl, table, tasteset
from .categories import Scan
from .options import ReadOptions

Reader = Callable[[Path, Log, ReadOptions], Iterator[Record]]


@dataclass(frozen=True)
class Format:
    """A format's reader, and what its files are recognised by.

    suffixes: of the file names. claims: by its path and first line, is a file with such a suffix of this
        format? categories: reads a file for the categories of documents that name only those that hold.
    """

    read: Reader
    suffixes: tuple[str, ...]
    claims: Callable[[Path, str], bool] = lambda path, first: True
    categories: Scan | None = None


FORMATS = {
    "conll": Format(conll.read, ()),  # every file that no other format claims
    "jsonl": Format(jsonl.read, (".jsonl", ".ndjson", ".json"), categories=jsonl.categories),
    "tasteset": Format(tasteset.read, (".csv",), tasteset.claims),
    "csv": Format(table.read, (".csv", ".tsv"), table.claims, table.categories),
}


def format_of(path: Path, name: str = "auto") -> str:
    """The format of a file: the one named, or the first that claims it. It must be text."""
    check_choice("--format", name, ("auto", *FORMATS))
    if not path.is_file():
        detail = ", but a folder: name the files in it" if path.is_dir() else ""
        raise HoneError(Errors.H110.format(where=path, detail=detail))
    try:
        with path.open("rb") as file:
            head = file.read(65_536)
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise HoneError(Errors.H114.format(where=path, problem=problem, expected="a readable file")) from None
    if b"\0" in head:
        raise HoneError(Errors.H108.format(where=path))
    if name != "auto":
        return name
    first = head.partition(b"\n")[0].decode("utf-8-sig", "replace")
    suffix = path.suffix.lower()
    for known, format in FORMATS.items():
        if suffix in format.suffixes and format.claims(path, first):
            return known
    return "conll"
