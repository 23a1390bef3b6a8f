"""Predictions and per-document scores as files, and files that are there whole or not at all."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from spacy.tokens import Doc

from ..errors import Errors, HoneError
from .samples import MISSING
from .section import Section


def conll_lines(docs: Sequence[Doc], sections: Iterable[Section]) -> Iterator[str]:
    """Token, gold tag, predicted tag (these two for each section with tokens), separated by one space; a blank line
    after each document.

    Entities are in IOB2; `-` stands where there is no tag. Whitespace inside a token or a label is written as
    `\\u0020`, so that there are always as many columns. Documents that no section has are left out.

    docs: all of the corpus.
    """
    tables = [section.tokens for section in sections if section.tokens]
    for number in sorted(set().union(*tables)):
        doc = docs[number]
        columns: list[Sequence[str]] = []
        for table in tables:
            tags = table.get(number)
            columns += [tags.gold_tags, tags.pred_tags] if tags else [[""] * len(doc)] * 2
        for token, *row in zip(doc, *columns):
            yield " ".join(_escape(text or MISSING) for text in (token.text, *row))
        yield ""


def document_lines(sections: Iterable[Section]) -> Iterator[str]:
    """One JSON object for each document in each section, worst first."""
    return (json.dumps(row, ensure_ascii=False) for section in sections for row in section.rows())


def check_writable(paths: Sequence[Path]) -> None:
    """Find out before the long work whether the files can be written.

    Raises HoneError: two outputs are one file, a path is a directory, or its directory cannot be used.
    """
    for path in paths:
        parent = next(p for p in path.absolute().parents if p.exists())
        faults = {
            "two outputs have this name": [p.absolute() for p in paths].count(path.absolute()) > 1,
            "it is a directory": path.is_dir(),
            f"{parent} is not a directory": not parent.is_dir(),
            f"no permission to write in {parent}": not os.access(parent, os.W_OK),
        }
        for fault in (fault for fault, found in faults.items() if found):
            raise HoneError(Errors.H607.format(path=path, error=fault))


def write_files(files: Mapping[Path, Iterable[str]]) -> None:
    """Write lines to files, making their directories: first all of them under temporary names, then renamed.

    Raises HoneError: a file could not be written; then none is.
    """
    temporary = {path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in files}
    path = Path()
    try:
        for path, lines in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary[path].open("w", encoding="utf8", newline="\n") as stream:
                stream.writelines(f"{line}\n" for line in lines)
        for path in files:
            temporary[path].replace(path)
    except OSError as error:
        raise HoneError(Errors.H607.format(path=path, error=error)) from error
    finally:
        for leftover in temporary.values():
            leftover.unlink(missing_ok=True)


def _escape(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" if char.isspace() else char for char in text)
