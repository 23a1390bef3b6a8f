"""What a column file is like, found out by reading it: columns, tag scheme, what separates its documents."""

from collections import Counter
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from ...errors import Errors, HoneError
from ..faults import check_choice, legible
from ..schemes import NAMES, SCHEMES, Style, detect, is_bare, split_tag, style_of
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
        del columns["labels"]
        marks = "document marks" if self.marked else "blank lines"
        return {"scheme": self.scheme, "documents_by": marks, "columns": columns}


def sniff(path: Path, options: ReadOptions) -> Layout:
    """Find a file's layout; options that are given are taken as they are.

    The columns come from the first 5,000 lines, the scheme and the document marks from the whole file. Bare
    labels (`PER`) are of the scheme IO, where the column has no tag with a prefix. A lone document mark at the
    head of a file separates nothing.
    """
    scheme = NAMES.get(options.scheme.upper(), options.scheme)
    check_choice("--scheme", scheme, ("auto", *SCHEMES, *NAMES))
    with options.open(path) as file:
        sample = [
            line.rstrip("\r\n") for line in islice((line for line in file if not line.isspace()), SAMPLE)
        ]
    columns = _columns(path, sample, options, scheme)
    pairs: Counter[tuple[str, str]] = Counter()
    marked = False
    with options.open(path) as file:
        for _, block in blocks(file):
            tags = ["O" if tag == options.missing else tag for tag in _tags(block, columns)]
            marked = marked or (MARK in tags and bool(pairs))
            pairs.update(zip(["O", *tags], [*tags, "O"]))
    if scheme in ("auto", "IO"):
        columns, scheme = _bare(path, columns, options, pairs) or (columns, scheme)
    if scheme == "auto":
        scheme = detect(pairs, columns.style)
    return Layout(columns, scheme, marked)


def _bare(
    path: Path, columns: Columns, options: ReadOptions, pairs: Counter[tuple[str, str]]
) -> tuple[Columns, str] | None:
    """The columns and the scheme of a file of bare labels, or None.

    With `--scheme IO` it is one unless most tags have a prefix, or one is `I-X`; else if no tag looks like one
    with a prefix. The rows are read again, exactly, unless most have one.

    pairs: how often each tag follows each, roughly.
    """
    prefixed: Counter[bool] = Counter()
    for (_, tag), count in pairs.items():
        if tag not in {"O", MARK}:
            prefixed[any(split_tag(tag, style) for style in ("prefix", "suffix"))] += count
    mostly_prefixed = prefixed[True] > prefixed[False]
    if not prefixed or (mostly_prefixed and options.scheme == "auto"):
        return None
    with options.open(path) as file:
        tags = {tag for _, block in blocks(file) for tag in _exact_tags(block, columns)}
    if options.scheme != "auto":
        has_prefixes = mostly_prefixed or any(tag[:2] in {"I-", "I_"} for tag in tags)
        style: Style = style_of(tags) if has_prefixes else "bare"
        return replace(columns, style=style), "IO"
    if not tags or not all(map(is_bare, tags)):
        return None
    return replace(columns, style="bare", labels=frozenset(tags)), "IO"


def _exact_tags(block: str, columns: Columns) -> set[str]:
    """The tags of a block's rows that have all columns, without O and unknown ones."""
    lines = block.split("\n")
    lines = [line for line in lines if not (is_mark(line, lines) or is_comment(line, columns))]
    rows = (split_row(line, columns) for line in lines)
    return {row[columns.tag].strip() for row in rows if len(row) == columns.count} - {"O", columns.missing}


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


def _columns(path: Path, sample: list[str], options: ReadOptions, scheme: str) -> Columns:
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
        if not found and scheme == "auto":
            found = [(i, "prefix") for i in candidates if _may_be_bare(values[i])]
        if not (found or scheme == "IO"):
            raise _no_tags(path, sample, values)
        found = [known for known in found if set(values[known[0]]) != {"O"}] or found
        tag, style = found[-1] if found else (candidates[-1], "bare")
    if scheme == "IO" and not any(split_tag(value, style) for value in values[tag] if value != "O"):
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


def _may_be_bare(values: Counter[str]) -> bool:
    return "O" in values and all(value == "O" or is_bare(value) for value in values)


def _token_column(values: list[Counter[str]]) -> int:
    """The second column if the first only counts the sentence's tokens, as CoNLL-U does, else the first."""
    counts = (
        len(values) > 2
        and next(iter(values[0]), "") == "1"
        and all(value[:1].isdigit() for value in values[0])
    )
    return int(counts and len(set(values[1])) > 1)
