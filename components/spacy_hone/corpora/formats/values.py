"""JSON values as several formats hold them, in which every string is text."""

import json
import re
from typing import Any

from ..faults import legible

HALF = re.compile(r"\\u[dD][89a-fA-F]")  # the escape of half a character above U+FFFF
CONTEXT = 20  # characters around what is wrong, for its message


class NoText(ValueError):
    """Characters that no text can hold. code: of the message in `Errors`. token: where they stand, for it."""

    def __init__(self, code: str, token: str) -> None:
        super().__init__(token)
        self.code, self.token = code, token


def check_text(text: str, code: str = "H107") -> None:
    """Refuse bytes that are not UTF-8, which are read as lone surrogates. RAISES: NoText."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        token = text if error.end < 80 else text[error.start - CONTEXT : error.end + CONTEXT]
        raise NoText(code, legible(token)) from None


def parse(text: str) -> Any:
    """The value of a JSON text.

    RAISES: NoText for bytes that are not UTF-8 (H107), and for a lone surrogate in an escape, in whatever
    string (H130); ValueError for what is no JSON.
    """
    check_text(text)
    try:
        value = json.loads(text)
        again = json.dumps(value, ensure_ascii=False) if HALF.search(text) else ""
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    check_text(again, "H130")
    return value
