"""Spans by character offsets, as several formats give them: checked, trimmed, and freed of overlaps."""

from typing import Any

from ..faults import Log
from ..records import CharSpan


def char_span(span: Any) -> CharSpan:
    """What a file gives as a span. RAISES: ValueError if it is none."""
    start, end, label = span if isinstance(span, list | tuple) and len(span) == 3 else (None, None, None)
    if not (type(start) is int and type(end) is int and isinstance(label, str)):
        raise ValueError(f"the span {span!r} is not start, end and label")
    return start, end, label


def check_spans(text: str, spans: list[CharSpan], line: int, log: Log) -> list[CharSpan] | None:
    """The spans in order, without white space at their ends.

    RETURNS: None if the document is at fault and not to be repaired.
    """
    log.found["spans"] += len(spans)
    inside: list[CharSpan] = []
    bad = False
    for start, end, label in dict.fromkeys(spans):
        piece = text[start:end]
        if problem := _problem(text, (start, end, label)):
            values = {"start": start, "end": end, "label": label, "length": len(text)}
            log.fault("H112", line, "span-dropped", problem=problem, **values)
            bad = True
            continue
        left, right = len(piece) - len(piece.lstrip()), len(piece) - len(piece.rstrip())
        log.notes["spans_trimmed"] += bool(left or right)
        inside.append((start + left, end - right, label))
    log.notes["spans_duplicate"] += len(spans) - len(set(spans))
    kept: list[CharSpan] = []
    for span in sorted(inside, key=lambda span: (span[0] - span[1], span[0])):  # the longest first
        rival = next((other for other in kept if span[0] < other[1] and other[0] < span[1]), None)
        if rival:
            log.fault(
                "H113", line, "overlap-longest-kept", first=_show(text, rival), second=_show(text, span)
            )
            bad = True
        else:
            kept.append(span)
    if bad and log.on_error != "repair":
        return None
    log.kept += len(kept)
    return sorted(kept)


def _problem(text: str, span: CharSpan) -> str:
    """What is wrong with a span by itself, if anything is."""
    start, end, label = span
    if min(start, end) < 0 or max(start, end) > len(text):
        return f"lies outside the text of {len(text)} characters"
    if start >= end:
        return "is empty" if start == end else "ends before it begins"
    if not text[start:end].strip():
        return "holds nothing but white space"
    return "" if label.strip() else "has no label"


def _show(text: str, span: CharSpan) -> str:
    start, end, label = span
    return f"{start}-{end} {label} {text[start:end]!r}"
