"""JSON lines: `{"text": "...", "spans": [{"start": 0, "end": 2, "label": "X"}], "cats": {}, "tokens": []}`.

A span may also be `[0, 2, "X"]`, and the spans may have the name that other tools give them, see `SPANS`.
Without them a document has no entity annotation; `tokens` are words, or objects with a `text`. What was not
accepted in Prodigy is left out.
"""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..align import locate
from ..faults import Log, explain, legible
from ..records import CharSpan, Record
from .options import ReadOptions
from .spans import char_span, check_spans

EXPECTED = "one JSON object a line with a `text`, and `spans` of start, end, label"
SPANS = ("spans", "entities", "label", "labels")  # Prodigy's and ours, spaCy's, doccano's two
KEYS = ("text", "tokens", "cats", "answer", *SPANS)


def read(path: Path, log: Log, options: ReadOptions) -> Iterator[Record]:
    """Stream the documents of a JSON lines file."""
    with options.open(path) as file:
        lines = ((number, line) for number, line in enumerate(file, 1) if not line.isspace())
        for i, (number, line) in enumerate(lines):
            if not i and line.lstrip().startswith("["):
                problem = "a JSON array, not JSON lines"
                log.fault("H114", number, "file-dropped", problem=problem, expected=EXPECTED)
                return
            record = _document(path, number, line, log)
            if record is not None:
                log.notes["documents_without_annotation"] += record.spans is None and not record.cats
                yield record


def _document(path: Path, number: int, line: str, log: Log) -> Record | None:
    """The document of a line, or None, counted, if it is at fault or was not accepted."""
    record = None
    try:
        line.encode()
        row = json.loads(line)
        if not isinstance(row, dict):
            raise ValueError(f"{legible(repr(row))} is not a JSON object")
        if (row.get("answer") or "accept") != "accept":
            log.skips["documents_not_accepted"] += 1
            return None
        record = _record(path, number, row)
    except UnicodeEncodeError:
        log.fault("H107", number, "document-dropped", token=legible(line))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.fault("H114", number, "document-dropped", problem=explain(error), expected=EXPECTED)
    if record is not None and record.spans is not None:
        record.spans = check_spans(record.text, record.spans, number, log)
        record = None if record.spans is None else record
    if record is None:
        log.skips["documents"] += 1
    return record


def _record(path: Path, line: int, row: dict[str, Any]) -> Record:
    text = row["text"]
    if not isinstance(text, str) or not text:
        raise ValueError(f"the text is {text!r}")
    for key in row.keys() - set(KEYS):
        if _near(key) not in row.keys() | {""}:
            raise ValueError(f"the key {key!r}, where {_near(key)!r} may be meant")
    tokens = [token if isinstance(token, str) else token["text"] for token in row.get("tokens") or ()]
    if tokens and locate(tokens, text) is None:
        raise ValueError("the tokens do not spell the text")
    return Record(path, line, tokens or None, text=text, spans=_spans(row), cats=_cats(row.get("cats") or {}))


@lru_cache
def _near(key: str) -> str:
    """The known key that this one resembles, or nothing."""
    return next(iter(get_close_matches(key.lower(), KEYS, n=1, cutoff=0.8)), "")


def _spans(row: dict[str, Any]) -> list[CharSpan] | None:
    """The spans under whatever name; a `label` that is none, or a list of names, says nothing about spans."""
    given = [key for key in SPANS if row.get(key) is not None and (key in SPANS[:2] or _is_list(row[key]))]
    if len(given) > 1:
        raise ValueError(f"there are spans under {' and '.join(given)}")
    return [_span(span) for key in given for span in row[key]] if given else None


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(span, list | dict) for span in value)


def _span(span: Any) -> CharSpan:
    if isinstance(span, dict):
        span = span["start"], span["end"], span["label"]
    return char_span(span)


def _cats(cats: Any) -> dict[str, float]:
    if not isinstance(cats, dict) or not all(score in (0, 1) for score in cats.values()):  # also false, true
        raise ValueError(f"the cats {legible(repr(cats))} are not an object with 0 or 1 for each")
    return {name: float(score) for name, score in cats.items()}
