"""The TASTEset CSV: `ingredients`, a text; `ingredients_entities`, JSON with start, end, type and entity."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from ...errors import Errors, HoneError
from ..faults import Log, explain
from ..records import CharSpan, Record
from .options import ReadOptions
from .spans import char_span, check_spans
from .values import NoText, check_text, parse

TEXT, ENTITIES = "ingredients", "ingredients_entities"


def claims(path: Path, first: str) -> bool:
    """The column of the entities tells it from other CSV files."""
    return ENTITIES in first


def read(path: Path, log: Log, options: ReadOptions) -> Iterator[Record]:
    """Stream the recipes. An entity whose text is not what its offsets cover is counted; the offsets hold."""
    csv.field_size_limit(sys.maxsize)
    with options.open(path, newline="") as file:
        reader = csv.DictReader(file)
        for column in (TEXT, ENTITIES):
            if column not in (reader.fieldnames or ()):
                header = ", ".join(reader.fieldnames or ())
                values = {"column": column, "header": header or "nothing"}
                advice = f"Expected {TEXT} and {ENTITIES}: rename the columns, or leave out --format"
                raise HoneError(Errors.H115.format(where=f"{path}:1", advice=advice, **values))
        line = 2
        for row in reader:
            text = row[TEXT] or ""
            spans = _spans(text, row[ENTITIES], line, log)
            if spans is None:
                log.skips["documents"] += 1
            else:
                yield Record(path, line, text=text, spans=spans)
            line = reader.line_num + 1


def _spans(text: str, value: str | None, line: int, log: Log) -> list[CharSpan] | None:
    spans: list[CharSpan] = []
    try:
        check_text(text)
        if not text:
            raise ValueError(f"{TEXT} is empty")
        for entity in parse(value or ""):
            span = char_span((entity["start"], entity["end"], entity["type"]))
            covered = text[span[0] : span[1]]
            log.notes["spans_differ_from_their_text"] += entity.get("entity", covered) != covered
            spans.append(span)
    except NoText as error:
        log.fault(error.code, line, "document-dropped", token=error.token)
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        expected = f"{ENTITIES} to be a JSON list of objects with start, end, type, entity"
        log.fault("H114", line, "document-dropped", problem=explain(error), expected=expected)
        return None
    return check_spans(text, spans, line, log)
