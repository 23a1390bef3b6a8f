"""Lines of a column file to sentences. Blocks with nothing odd are split in bulk, others line by line."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from ...errors import Errors, HoneError
from ..faults import Log, legible
from ..schemes import Style, join_tag, split_tag
from ..segment import segment

DOCUMENT = re.compile(r"-+ ?DOCSTART ?-+|#\s*newdoc\b|#\s*begin document\b", re.IGNORECASE)
LONE = re.compile(r"\W*DOCSTART\b", re.IGNORECASE)  # a mark where it is all of a block
COMMENT = re.compile(r"#(\s|$|\s*end document\b|\s*[\w.]+\s*=)")
TEXT = re.compile(r"#\s*text\s*=\s*(.*)")
BLANK = re.compile(r"\n[^\S\n]+(?=\n|\Z)")  # a line of white space
BORDER = re.compile(rf"\n(?=\n|{DOCUMENT.pattern})", re.IGNORECASE)  # between two blocks
RUNS = re.compile(r"[ \t]+")
SPREAD = {"B": "BII", "E": "IIE", "L": "IIL", "S": "BIE", "U": "BIL"}
BAD = re.compile("[\0\ud800-\udfff]")  # NUL, and bytes that are not UTF-8
CHUNK = 1 << 18  # characters read at a time
MAX_ROWS = 100_000  # of a block, which is held in memory


@dataclass(frozen=True)
class Columns:
    """How lines are laid out: separator (tab or space), number of columns, indices of token and tag.

    style: where the tags have their letter. missing: the tag that stands for unknown annotation.
    labels: the bare labels that a file was found to have; a line of # and another word is a comment there.
    """

    separator: str
    count: int
    token: int
    tag: int
    style: Style
    missing: str | None = None
    labels: frozenset[str] = frozenset()

    @property
    def stray(self) -> str:
        """The blank that does not separate the columns."""
        return " " if self.separator == "\t" else "\t"


@dataclass(slots=True)
class Sentence:
    """A sentence as it stands in the file.

    lines: line number of each token.
    text: of a `# text = ...` comment.
    opens: a document mark stands before it.
    bad: it has faults that are not repaired.
    """

    tokens: list[str]
    tags: list[str]
    lines: Sequence[int]
    text: str = ""
    opens: bool = False
    bad: bool = False


def blocks(file: TextIO) -> Iterator[tuple[int, str]]:
    """Runs of lines that are not blank, cut at document marks, each as a string with the number of its first line.

    RAISES: HoneError H128 for one of more than 100,000 lines.
    """
    rest, number, part = "\n", 0, "\n"
    while part:
        part = file.read(CHUNK)
        *pieces, rest = BORDER.split(BLANK.sub("\n", rest + part + (file.readline() if part else "")))
        for piece in pieces:
            found = _block(piece, number, file)
            if found[1]:
                yield found
            number += piece.count("\n") + 1
        last = _block(rest, number, file)
    if last[1]:
        yield last


def _block(piece: str, number: int, file: TextIO) -> tuple[int, str]:
    """A piece without the blank lines around it, and the number of its first line; it begins in line `number`."""
    block = piece.strip("\n")
    first = number + len(piece) - len(piece.lstrip("\n"))
    if block.count("\n") >= MAX_ROWS:
        raise HoneError(Errors.H128.format(where=f"{file.name}:{first}", rows=MAX_ROWS))
    return first, block


def split_row(line: str, columns: Columns) -> list[str]:
    """The fields of a line; runs of blanks separate them where the separator gives a wrong number."""
    row = line.split(columns.separator)
    if len(row) == columns.count and "" not in row and (columns.separator == "\t" or "\t" not in line):
        return row
    loose = RUNS.split(line.strip(" \t"))
    return loose if len(loose) == columns.count or columns.separator == " " else row


def is_mark(line: str, block: Sequence[str]) -> bool:
    """Does a line of this block begin a document?"""
    return bool(DOCUMENT.match(line) or (len(block) == 1 and LONE.match(line)))


def is_comment(line: str, columns: Columns) -> bool:
    """A line that begins with # and is no row: `# O` in a two-column file is the token #."""
    if not COMMENT.match(line):
        return False
    row = split_row(line, columns)
    tag = row[columns.tag] if len(row) == columns.count else ""
    known = tag in columns.labels or split_tag(tag, "prefix" if columns.labels else columns.style)
    return tag != columns.missing and not known


def sentences(file: TextIO, columns: Columns, log: Log) -> Iterator[Sentence]:
    """Stream the sentences of a file, and report rows that cannot be read."""
    separator, token, tag = columns.separator, columns.token, columns.tag
    widths = {columns.count}
    careful = _Careful(columns, log)
    for first, block in blocks(file):
        if (
            block[0] not in "#\ufeff"
            and "\n#" not in block
            and "docstart" not in block.lower()
            and columns.stray not in block
            and not BAD.search(block)
        ):
            rows = [line.split(separator) for line in block.split("\n")]
            if set(map(len, rows)) == widths:
                tokens, tags = [row[token] for row in rows], [row[tag] for row in rows]
                if "" not in tokens and "" not in tags:
                    lines = range(first, first + len(rows))
                    yield Sentence(tokens, tags, lines, opens=careful.take_mark())
                    continue
        yield from careful.read(first, block.split("\n"))


class _Careful:
    """Reads blocks that hold comments, document marks or faults."""

    def __init__(self, columns: Columns, log: Log) -> None:
        self.columns, self.log = columns, log
        self.marked = False

    def take_mark(self) -> bool:
        """Did a document mark stand before this sentence? Asked once a sentence."""
        marked, self.marked = self.marked, False
        return marked

    def read(self, first: int, block: list[str]) -> Iterator[Sentence]:
        rows: list[tuple[str, str, int]] = []
        text, bad = "", False
        for number, raw in enumerate(block, first):
            line = raw.lstrip("\ufeff")
            if is_mark(line, block):
                if rows:
                    yield self._sentence(rows, text, bad)
                    rows, text, bad = [], "", False
                self.marked = True
            elif is_comment(line, self.columns):
                found = TEXT.match(line)
                text = found[1] if found else text
            elif pairs := self._row(number, line):
                rows += [(token, tag, number) for token, tag in pairs]
            else:
                bad = True
        if rows or bad:
            yield self._sentence(rows, text, bad)

    def _sentence(self, rows: list[tuple[str, str, int]], text: str, bad: bool) -> Sentence:
        tokens, tags, lines = (list(column) for column in zip(*rows)) if rows else ([], [], [])
        return Sentence(tokens, tags, lines, text, self.take_mark(), bad and self.log.on_error != "repair")

    def _row(self, number: int, line: str) -> list[tuple[str, str]]:
        """Token and tag of a row: several if it is repaired by splitting, none if the row is at fault."""
        columns, log = self.columns, self.log
        repair = log.on_error == "repair"
        row = split_row(line, columns)
        if BAD.search(line):
            log.fault("H107", number, "invalid-utf8-replaced", token=legible(line))
            row = split_row(BAD.sub("\ufffd", line), columns)
            if not repair:
                return []
        if len(row) != columns.count:
            alone = len(row) == 1
            rule = "missing-tag-to-O" if alone else "row-dropped"
            log.fault("H101", number, rule, found=len(row), columns=columns.count, row=line)
            return [(row[0], "O")] if alone and repair else []
        token, tag = row[columns.token], row[columns.tag].strip()
        if not token.strip(" "):
            log.fault("H106", number, "row-dropped", tag=tag)
            return []
        if " " not in token or segment(token)[0] == [token]:  # a telephone number may hold spaces
            return [(token, tag)]
        log.fault("H104", number, "token-split-at-space", token=token)
        return spread(token.split(), tag, columns.style) if repair else []


def spread(words: list[str], tag: str, style: Style) -> list[tuple[str, str]]:
    """Give each part of a token its tag: `New York` S-LOC becomes New B-LOC, York E-LOC."""
    letter, label = split_tag(tag, style) or ("", tag)
    if style == "bare" or letter not in SPREAD:
        return [(word, tag) for word in words]
    letters = [SPREAD[letter][0], *SPREAD[letter][1] * (len(words) - 2), SPREAD[letter][2]]
    return [(word, join_tag(letter, label, style)) for word, letter in zip(words, letters)]
