"""JSON lines: `{"text": "...", "spans": [{"start": 0, "end": 2, "label": "X"}], "cats": {}, "tokens": []}`.

A span may also be `[0, 2, "X"]`, and the spans may have the name that other tools give them, see `SPANS`.
Without them a document has no entity annotation; `tokens` are words, or objects with a `text`. Categories
stand in `cats`, each 0 or 1, or those that hold are named, see `NAMED`: a string is the one that holds, of a
list all do. What was not accepted in Prodigy is left out.
"""

from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..align import locate
from ..faults import Log, explain, legible
from ..records import CharSpan, Record
from .categories import complete, names_in, scores
from .options import ReadOptions
from .spans import char_span, check_spans
from .values import NoText, parse

EXPECTED = "one JSON object a line with a text, and `spans` of start, end, label, or a `label`, or `cats`"
SPANS = ("spans", "entities", "label", "labels")  # Prodigy's and ours, spaCy's, doccano's two
NAMED = ("label", "labels", "accept")  # of one category, of several, Prodigy's choices
KEYS = ("text", "tokens", "cats", "accept", "answer", *SPANS)


def read(path: Path, log: Log, options: ReadOptions) -> Iterator[Record]:
    """Stream the documents of a JSON lines file."""
    with options.open(path) as file:
        lines = ((number, line) for number, line in enumerate(file, 1) if not line.isspace())
        for i, (number, line) in enumerate(lines):
            if not i and line.lstrip().startswith("["):
                problem = "a JSON array, not JSON lines"
                log.fault("H114", number, "file-dropped", problem=problem, expected=EXPECTED)
                log.skips["files"] += 1
                return
            record = _document(path, number, line, log, options)
            if record is not None:
                log.notes["documents_without_annotation"] += record.spans is None and not record.cats
                yield record


def categories(path: Path, options: ReadOptions) -> set[str]:
    """The categories, if documents name them; faults are left to `read`."""
    names: set[str] = set()
    scored: set[str] = set()
    with options.open(path) as file:
        for line in file:
            with suppress(ValueError, KeyError, AttributeError):
                row = parse(line)
                names |= names_in(_named(row, options)) if _accepted(row) else set()
                scored.update(row.get("cats") or ())
    return names | scored if names else names


def _document(path: Path, number: int, line: str, log: Log, options: ReadOptions) -> Record | None:
    """The document of a line, or None, counted, if it is at fault or was not accepted."""
    record = None
    try:
        row = parse(line)
        if not isinstance(row, dict):
            raise ValueError(f"{legible(repr(row))} is not a JSON object")
        if not _accepted(row):
            log.skips["documents_not_accepted"] += 1
            return None
        record = _record(path, number, row, options)
    except NoText as error:
        log.fault(error.code, number, "document-dropped", token=error.token)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.fault("H114", number, "document-dropped", problem=explain(error), expected=EXPECTED)
    if record is not None and record.spans is not None:
        record.spans = check_spans(record.text, record.spans, number, log)
        record = None if record.spans is None else record
    if record is None:
        log.skips["documents"] += 1
    return record


def _accepted(row: dict[str, Any]) -> bool:
    return (row.get("answer") or "accept") == "accept"


def _record(path: Path, line: int, row: dict[str, Any], options: ReadOptions) -> Record:
    text = row[options.text_column or "text"]
    if not isinstance(text, str) or not text:
        raise ValueError(f"the text is {text!r}")
    for key in row.keys() - {*KEYS, options.text_column, options.label_column}:
        if _near(key) not in row.keys() | {""}:
            raise ValueError(f"the key {key!r}, where {_near(key)!r} may be meant")
    tokens = [token if isinstance(token, str) else token["text"] for token in row.get("tokens") or ()]
    if tokens and locate(tokens, text) is None:
        raise ValueError("the tokens do not spell the text")
    named, cats = _named(row, options), row.get("cats")
    if named is not None and cats is not None:
        raise ValueError("there are categories in cats and by name")
    return Record(
        path,
        line,
        tokens or None,
        text=text,
        spans=_spans(row, options),
        cats=scores(cats or {}, options.labels) if named is None else complete(named, options.labels),
        exclusive=isinstance(named, str),
    )


@lru_cache
def _near(key: str) -> str:
    """The known key that this one resembles, or nothing."""
    return next(iter(get_close_matches(key.lower(), KEYS, n=1, cutoff=0.8)), "")


def _spans(row: dict[str, Any], options: ReadOptions) -> list[CharSpan] | None:
    """The spans under whatever name."""
    given = [key for key in SPANS if row.get(key) is not None]
    given = [key for key in given if key in SPANS[:2] or _is_spans(row[key], options)]
    if len(given) > 1:
        raise ValueError(f"there are spans under {' and '.join(given)}")
    return [_span(span) for key in given for span in row[key]] if given else None


def _named(row: dict[str, Any], options: ReadOptions) -> Any:
    """The value that names categories, or None."""
    if options.label_column:
        return row[options.label_column]
    given = [key for key in NAMED if row.get(key) is not None and not _is_spans(row[key], options)]
    if len(given) > 1:
        raise ValueError(f"there are categories under {' and '.join(given)}")
    return row[given[0]] if given else None


def _is_spans(value: Any, options: ReadOptions) -> bool:
    """Of `label` and `labels`: spans, no names? An empty list is no category in a file that has any."""
    return (
        isinstance(value, list)
        and all(isinstance(span, list | dict) for span in value)
        and not (value == [] and options.labels)
    )


def _span(span: Any) -> CharSpan:
    if isinstance(span, dict):
        span = span["start"], span["end"], span["label"]
    return char_span(span)
