"""What a column file is like, found out by reading it: columns, tag scheme, what separates its documents."""

from collections import Counter
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from ...errors import Errors, HoneError
from ..faults import check_choice, legible
from ..schemes import NAMES, SCHEMES, Style, detect, split_tag, style_of
from .columns import BAD, COMMENT, DOCUMENT, RUNS, Columns, blocks, is_comment, is_mark, split_row
from .options import ReadOptions

MARK = "-DOCSTART-"
SAMPLE = 5_000  # lines from which the columns are found


@dataclass(frozen=True)
class Layout:
    """The layout of a column file. marked: document marks separate documents, else every sentence is one."""

    columns: Columns
    scheme: str
    marked: bool

    def report(self) -> dict[str, object]:
        """For the report; columns are counted from 1."""
        columns = asdict(self.columns)
        columns |= {"separator": "tab" if self.columns.separator == "\t" else "space"}
        columns |= {"token": self.columns.token + 1, "tag": self.columns.tag + 1}
        marks = "document marks" if self.marked else "blank lines"
        return {"scheme": self.scheme, "documents_by": marks, "columns": columns}


def sniff(path: Path, options: ReadOptions) -> Layout:
    """Find a file's layout; options that are given are taken as they are.

    The columns come from the first 5,000 lines, the scheme and the document marks from the whole file. A
    lone document mark at the head of a file separates nothing.
    """
    scheme = NAMES.get(options.scheme.upper(), options.scheme)
    check_choice("--scheme", scheme, ("auto", *SCHEMES, *NAMES))
    with options.open(path) as file:
        sample = [
            line.rstrip("\r\n") for line in islice((line for line in file if not line.isspace()), SAMPLE)
        ]
    columns = _columns(path, sample, options, bare=scheme == "IO")
    pairs: Counter[tuple[str, str]] = Counter()
    marked = False
    with options.open(path) as file:
        for _, block in blocks(file):
            tags = ["O" if tag == options.missing else tag for tag in _tags(block, columns)]
            marked = marked or (MARK in tags and bool(pairs))
            pairs.update(zip(["O", *tags], [*tags, "O"]))
    if scheme == "auto":
        scheme = detect(pairs, columns.style)
    return Layout(columns, scheme, marked)


def _tags(block: str, columns: Columns) -> list[str]:
    """The tags of a block, roughly: a tag that a fault makes unreadable tells no scheme from another."""
    lines = block.split("\n")
    if "#" in block or "docstart" in block.lower():
        lines = [
            MARK if is_mark(line, lines) else line
            for line in lines
            if is_mark(line, lines) or not is_comment(line, columns)
        ]
    if columns.tag == columns.count - 1 and columns.stray not in block:
        return [line.rstrip().rpartition(columns.separator)[2] for line in lines]
    rows = (split_row(line, columns) for line in lines)
    return [row[columns.tag] if len(row) == columns.count else row[0] for row in rows]


def _columns(path: Path, sample: list[str], options: ReadOptions, *, bare: bool) -> Columns:
    lines = [line for line in sample if not DOCUMENT.match(line)]
    separator = "\t" if 2 * sum("\t" in line for line in lines) > len(lines) else " "
    rows = [line.split("\t") if separator == "\t" else RUNS.split(line.strip(" ")) for line in lines]
    width = Counter(len(row) for row, line in zip(rows, lines) if not COMMENT.match(line)).most_common(1)
    if not width:
        raise HoneError(Errors.H109.format(where=path, detail="", expected="lines of a token and its tag"))
    count = width[0][0]
    fields = zip(*(row for row in rows if len(row) == count))
    values = [Counter(value for value in column if value != options.missing) for column in fields]
    if count == 1:
        raise _no_tags(path, sample, values)
    chosen = {"--token-column": options.token_column, "--tag-column": options.tag_column}
    for option, value in chosen.items():
        if not 0 <= value <= count:
            raise HoneError(Errors.H122.format(where=path, option=option, value=value, columns=count))
    token = options.token_column - 1 if options.token_column else _token_column(values)
    if token == options.tag_column - 1 and not options.token_column:
        token = 0 if token else count - 1
    if options.tag_column:
        tag, style = options.tag_column - 1, style_of(values[options.tag_column - 1])
    else:
        candidates = [i for i in range(count) if i != token]
        found = [(i, style) for i in candidates if _readable(values[i], style := style_of(values[i])) > 0.5]
        if not (found or bare):
            raise _no_tags(path, sample, values)
        found = [known for known in found if set(values[known[0]]) != {"O"}] or found
        tag, style = found[-1] if found else (candidates[-1], "bare")
    if bare and not any(split_tag(value, style) for value in values[tag] if value != "O"):
        style = "bare"
    return Columns(separator, count, token, tag, style, options.missing)


def _no_tags(path: Path, sample: list[str], values: list[Counter[str]]) -> HoneError:
    if any(BAD.search(line) for line in sample):
        return HoneError(Errors.H108.format(where=path))
    examples = ", ".join(f"'{legible(value, 20)}'" for value in list(values[-1])[:3])
    return HoneError(Errors.H111.format(where=path, columns=len(values), examples=examples))


def _readable(values: Counter[str], style: Style) -> float:
    known = sum(values[value] for value in values if split_tag(value, style) is not None)
    return known / max(values.total(), 1)


def _token_column(values: list[Counter[str]]) -> int:
    """The second column if the first only counts the sentence's tokens, as CoNLL-U does, else the first."""
    counts = (
        len(values) > 2
        and next(iter(values[0]), "") == "1"
        and all(value[:1].isdigit() for value in values[0])
    )
    return int(counts and len(set(values[1])) > 1)
