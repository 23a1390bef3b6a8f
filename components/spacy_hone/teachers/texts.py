"""Texts without annotation, from whatever file they are in."""

import json
from collections.abc import Iterator
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpora.docs import read_docs
from ..corpora.faults import explain
from ..errors import Errors, HoneError

EXPECTED = 'one JSON object a line with a string "text"'


def read_texts(path: Path, vocab: Vocab) -> Iterator[Doc | str]:
    """Stream the documents of a .spacy file or a folder of them, or the texts of JSON lines with a "text" (.jsonl),
    or else of plain lines; blank lines are left out.

    Raises H110 if there is no such file, H124 for one that is no DocBin, H108 for one that is not UTF-8, H114 for a
    line that has no text.
    """
    if path.is_dir() or path.suffix == ".spacy":
        yield from read_docs(path, vocab)
        return
    if not path.is_file():
        raise HoneError(Errors.H110.format(where=path, detail=""))
    is_json = path.suffix in (".jsonl", ".ndjson")
    with path.open(encoding="utf-8-sig") as lines:
        try:
            for number, line in enumerate(lines, 1):
                if not line.isspace():
                    yield _text(line, f"{path}:{number}") if is_json else line.rstrip("\n")
        except UnicodeDecodeError as error:
            raise HoneError(Errors.H108.format(where=path)) from error


def _text(line: str, where: str) -> str:
    try:
        text = json.loads(line)["text"]
        text.encode()  # a lone surrogate is no text
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HoneError(Errors.H114.format(where=where, problem=explain(error), expected=EXPECTED)) from None
    return text
