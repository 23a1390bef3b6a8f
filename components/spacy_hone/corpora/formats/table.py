"""Tables for text classification, CSV and TSV: a text and its category, in columns that the header names."""

import csv
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from ...errors import Errors, HoneError
from ..faults import Log, legible
from ..records import Record
from .categories import complete, names_in
from .options import ReadOptions, open_binary

TEXTS = ("text", "sentence", "content", "utterance", "query", "question", "post", "title")
LABELS = ("label", "labels", "category", "categories", "intent", "class", "topic", "target")
DELIMITERS = (",", "\t", ";")
QUOTES = "a field with a quotation mark to stand in quotation marks, and the mark to be doubled"
MAX_FIELD = 10_000_000  # characters, which bounds what an open quotation mark may gather


@dataclass(frozen=True)
class Layout:
    """How a table is laid out.

    names: of the columns; their numbers where there is no header. text, label: indices of the columns; a
        table of one column has no label.
    """

    delimiter: str
    header: bool
    names: list[str]
    text: int
    label: int | None

    def report(self) -> dict[str, object]:
        """For the report, columns by name."""
        label = None if self.label is None else self.names[self.label]
        columns = {"count": len(self.names), "text": self.names[self.text], "label": label}
        return {"columns": {"separator": "tab" if self.delimiter == "\t" else self.delimiter, **columns}}


def claims(path: Path, first: str) -> bool:
    """A .tsv file may as well be a column file: it is a table if it has columns with the usual names."""
    names = {name.strip().lower() for name in first.split("\t")}
    return path.suffix.lower() == ".csv" or not (names.isdisjoint(TEXTS) or names.isdisjoint(LABELS))


def read(path: Path, log: Log, options: ReadOptions) -> Iterator[Record]:
    """Stream the rows. An empty cell of one label is unknown; of several, with a separator, none holds."""
    layout = sniff(path, options)
    log.layout.update(layout.report())
    with options.open(path, newline="") as file:
        for line, row in _rows(file, path, layout):
            try:
                text = _text(row, layout)
                label = _label(row, layout, options)
                cats = {} if label is None else complete(label, options.labels)
            except UnicodeEncodeError:
                log.fault("H107", line, "document-dropped", token=legible(layout.delimiter.join(row)))
                log.skips["documents"] += 1
            except ValueError as error:
                expected = (
                    f"{len(layout.names)} fields, with a text in the column {layout.names[layout.text]!r}"
                )
                log.fault("H114", line, "document-dropped", problem=str(error), expected=expected)
                log.skips["documents"] += 1
            else:
                log.notes["documents_without_annotation"] += not cats
                yield Record(path, line, text=text, cats=cats, exclusive=isinstance(label, str))


def categories(path: Path, options: ReadOptions) -> set[str]:
    """The categories in a table; faults are left to `read`."""
    layout = sniff(path, options)
    names: set[str] = set()
    with options.open(path, newline="") as file:
        for _, row in _rows(file, path, layout):
            with suppress(ValueError):
                _text(row, layout)
                names |= names_in(_label(row, layout, options))
    return names


def sniff(path: Path, options: ReadOptions) -> Layout:
    """Find the separator and the columns from the first line, which is a header unless columns are numbers."""
    with replace(options, opener=open_binary).open(path, newline="") as file:
        first = file.readline()
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(DELIMITERS, key=first.count)
    names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    if not names:
        raise HoneError(Errors.H109.format(where=path, detail="", expected="a header and rows below it"))
    chosen = {"--text-column": options.text_column, "--label-column": options.label_column}
    header = not any(value.isdigit() and value not in names for value in chosen.values())
    if not header:
        names = [str(number) for number, _ in enumerate(names, 1)]
    text, label = (
        _find(path, option, chosen[option], usual, names)
        for option, usual in (("--text-column", TEXTS), ("--label-column", LABELS))
    )
    for option, column in (("--text-column", text), ("--label-column", label)):
        if column is None and not (option == "--label-column" and len(names) == 1):
            raise HoneError(Errors.H129.format(where=f"{path}:1", option=option, header=", ".join(names)))
    assert text is not None
    return Layout(delimiter, header, names, text, label)


def _find(path: Path, option: str, chosen: str, usual: tuple[str, ...], names: list[str]) -> int | None:
    """The index of a column: the chosen one, or the first that has a usual name."""
    if chosen and chosen not in names:
        code = Errors.H122 if chosen.isdigit() else Errors.H115
        values = {"option": option, "value": chosen, "columns": len(names), "column": repr(chosen)}
        values["advice"] = f"Give {option} one of these or, where the file has no header, a number from 1"
        raise HoneError(code.format(where=f"{path}:1", header=", ".join(names) or "nothing", **values))
    lower = [name.lower() for name in names]
    return (
        names.index(chosen) if chosen else next((lower.index(name) for name in usual if name in lower), None)
    )


def _rows(file: TextIO, path: Path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of its first line. RAISES: HoneError H114 where quotation marks do not match."""
    csv.field_size_limit(MAX_FIELD)
    rows = csv.reader(file, delimiter=layout.delimiter, strict=True)
    line = 1
    try:
        for i, row in enumerate(rows):
            if row and (i or not layout.header):
                yield line, row
            line = rows.line_num + 1
    except csv.Error as error:
        raise HoneError(Errors.H114.format(where=f"{path}:{line}", problem=error, expected=QUOTES)) from None


def _text(row: list[str], layout: Layout) -> str:
    if len(row) != len(layout.names):
        raise ValueError(f"there are {len(row)} fields")
    text = row[layout.text]
    "".join(row).encode()
    if not text.strip():
        raise ValueError("the text is empty")
    return text


def _label(row: list[str], layout: Layout, options: ReadOptions) -> Any:
    """The name in the label's cell, or a list of names where a separator is given; None if there is none."""
    if layout.label is None:
        return None
    cell = row[layout.label].strip()
    if options.label_separator:
        return [name.strip() for name in cell.split(options.label_separator)] if cell else []
    return cell or None
