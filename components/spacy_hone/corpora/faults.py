"""What is wrong with the input: located, gathered and raised together, or repaired or skipped and counted."""

import re
from collections import Counter
from dataclasses import dataclass, field
from json import JSONDecodeError
from pathlib import Path
from typing import Any, Literal, get_args

from ..errors import Errors, HoneError

OnError = Literal["raise", "repair", "skip"]
Repair = Literal["conlleval", "discard"]
LISTED = 1_000


@dataclass
class Faults:
    """The faults of all inputs; the first 1,000 are kept as messages, all are counted."""

    on_error: OnError = "raise"
    messages: list[str] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    files: set[Path] = field(default_factory=set)

    def add(self, file: Path, code: str, where: str, values: dict[str, Any]) -> None:
        """Keep one fault; `code` is the name of a message in `Errors`."""
        self.codes[code] += 1
        self.files.add(file)
        if len(self.messages) < LISTED:
            self.messages.append(getattr(Errors, code).format(where=where, **values))

    def check(self) -> None:
        """Raise all faults as one error, if there are any."""
        if not self.messages:
            return
        total = self.codes.total()
        more = total - len(self.messages)
        listing = self.messages + ([f"... and {more:,} more"] if more else [])
        kinds = ", ".join(f"{count:,} {code}" for code, count in sorted(self.codes.items()))
        files = f"{len(self.files)} files" if len(self.files) > 1 else str(next(iter(self.files)))
        raise HoneError(
            Errors.H100.format(
                total=f"{total:,} fault{'s'[: total > 1]}",
                files=files,
                kinds=kinds,
                listing="\n".join(listing),
            )
        )


@dataclass
class Log:
    """What a reader tells about one file: its faults, and what was done about them.

    layout: what was found out about the file, such as the scheme and the columns.
    repairs, skips: how often each rule was applied, and how many units (sentences, documents) were left out.
    notes: counts of harmless things worth knowing.
    found: what the file has of annotated entities, in a unit of the format. kept: entities that were read.
    """

    file: Path
    faults: Faults
    layout: dict[str, Any] = field(default_factory=dict)
    repairs: Counter[str] = field(default_factory=Counter)
    skips: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    kept: int = 0

    @property
    def on_error(self) -> OnError:
        return self.faults.on_error

    def fault(self, code: str, line: int, rule: str, **values: Any) -> None:
        """Report a fault in `line`: gather it, or count `rule`, by which the caller repairs it.

        What is skipped is counted by the caller: a sentence or a document may have many faults.
        """
        if self.on_error == "raise":
            self.faults.add(self.file, code, f"{self.file}:{line}", values)
        elif self.on_error == "repair":
            self.repairs[rule] += 1


def counted(counts: Counter[str]) -> str:
    """What was counted, in words: `1 sentence, 2 documents not accepted`."""
    units = {unit: unit.replace("_", " ") for unit, count in counts.items() if count}
    units |= {unit: re.sub(r"s\b", "", words, count=1) for unit, words in units.items() if counts[unit] == 1}
    return ", ".join(f"{counts[unit]:,} {words}" for unit, words in units.items())


def legible(text: str, length: int = 80) -> str:
    """The beginning of a text for a message, with what is no text spelled out: bytes that are not UTF-8
    (`\\xe9`), NUL, lone surrogates (`\\ud800`)."""
    escaped = re.sub("[\ud800-\udfff]", _spell, text.strip())
    return escaped.replace("\0", "\\x00")[:length]


def _spell(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def explain(error: Exception) -> str:
    """What was wrong with a JSON text or with what is in it, in words."""
    if isinstance(error, JSONDecodeError):
        return f"not valid JSON ({error.msg}, at character {error.pos + 1})"
    return f"there is no {error} in it" if isinstance(error, KeyError) else str(error)


def check_choice(option: str, value: str, kind: Any) -> None:
    """Refuse a value that is none of a Literal's, or of a collection's."""
    allowed = get_args(kind) or tuple(kind)
    if value not in allowed:
        raise HoneError(Errors.H119.format(option=option, value=value, allowed=", ".join(allowed)))
