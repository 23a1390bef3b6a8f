"""JSON lines: `{"text": "...", "spans": [{"start": 0, "end": 2, "label": "X"}], "cats": {}, "tokens": []}`.

A span may also be `[0, 2, "X"]`. Without `spans` a document has no entity annotation; `tokens` are words, or
objects with a `text`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..align import locate
from ..faults import Log
from ..records import CharSpan, Record
from .options import ReadOptions
from .spans import check_spans

EXPECTED = "one JSON object a line with a `text`, and `spans` of start, end, label"


def read(path: Path, log: Log, options: ReadOptions) -> Iterator[Record]:
    """Stream the documents of a JSON lines file."""
    with options.open(path) as file:
        for number, line in enumerate(file, 1):
            if line.isspace():
                continue
            try:
                line.encode()
                record = _record(path, number, json.loads(line))
            except UnicodeEncodeError:
                shown = line.strip().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
                log.fault("H107", number, "document-dropped", token=shown[:80])
                log.skips["documents"] += 1
                continue
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                problem = f"no {error} in it" if isinstance(error, KeyError) else str(error)
                log.fault("H114", number, "document-dropped", problem=problem, expected=EXPECTED)
                log.skips["documents"] += 1
                continue
            if record.spans is not None:
                spans = check_spans(record.text, record.spans, number, log)
                if spans is None:
                    log.skips["documents"] += 1
                    continue
                record.spans = spans
            yield record


def _record(path: Path, line: int, row: dict[str, Any]) -> Record:
    text = row["text"]
    if not isinstance(text, str) or not text:
        raise ValueError(f"the text is {text!r}")
    tokens = [token if isinstance(token, str) else token["text"] for token in row.get("tokens") or ()]
    if tokens and locate(tokens, text) is None:
        raise ValueError("the tokens do not spell the text")
    spans = None if row.get("spans") is None else [_span(span) for span in row["spans"]]
    cats = {str(name): float(score) for name, score in (row.get("cats") or {}).items()}
    return Record(path, line, tokens or None, text=text, spans=spans, cats=cats)


def _span(span: Any) -> CharSpan:
    start, end, label = (span["start"], span["end"], span["label"]) if isinstance(span, dict) else span
    if not (type(start) is int and type(end) is int and isinstance(label, str)):
        raise ValueError(f"the span {span!r} is not start, end and label")
    return start, end, label
