"""What a user may say about how files are read."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from ..faults import Repair

Opener = Callable[[Path], BinaryIO]


def open_binary(path: Path) -> BufferedReader:
    """Open a file for reading, without a progress bar."""
    return path.open("rb")


@dataclass(frozen=True)
class ReadOptions:
    """Options of the readers; each format uses those that mean something to it.

    scheme: name of a tag scheme, or "auto".
    token_column, tag_column: counted from 1; 0 finds them.
    n_sents: sentences a document; 0 follows the file's own document marks, or makes each sentence a document.
    missing: the tag that stands for unknown annotation, if there is one.
    repair: what becomes of an illegal tag sequence under `--on-error repair`.
    text_column, label_column: header of a CSV column or key of a JSON object; "" goes by the usual names. A
        number is a column of a CSV file without a header, counted from 1.
    label_separator: stands between the labels of a CSV cell; "" takes a cell as one label.
    labels: the corpus's categories; a document that names those that hold has all others as 0.
    opener: opens a file in binary mode; the command line's shows a progress bar.
    """

    scheme: str = "auto"
    token_column: int = 0
    tag_column: int = 0
    n_sents: int = 0
    missing: str | None = None
    repair: Repair = "conlleval"
    text_column: str = ""
    label_column: str = ""
    label_separator: str = ""
    labels: tuple[str, ...] = ()
    opener: Opener = open_binary

    def open(self, path: Path, *, newline: str | None = None) -> TextIOWrapper:
        """A text stream without byte order mark; bytes that are not UTF-8 come as lone surrogates."""
        return TextIOWrapper(
            self.opener(path), encoding="utf-8-sig", errors="surrogateescape", newline=newline
        )
