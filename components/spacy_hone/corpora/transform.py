"""What may be done to records between reading and writing: Chinese script conversion, and maps of labels."""

from collections.abc import Callable
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path
from typing import Any, Literal

import srsly

from ..errors import Errors, HoneError
from .align import locate
from .records import Record

Script = Literal["s2t", "t2s"]
Converter = Callable[[str], str]


def load_script(script: Script) -> Converter:
    """OpenCC's conversion from simplified to traditional characters (s2t), or back (t2s)."""
    try:
        from opencc import OpenCC
    except ImportError:
        raise HoneError(Errors.H121.format(script=script)) from None
    convert: Converter = OpenCC(script).convert
    return convert


def convert_script(record: Record, convert: Converter) -> None:
    """Convert a record's text or tokens in place, as a whole, since characters depend on their neighbours.

    Offsets follow where the conversion changes the length. A token that would vanish is converted by itself.
    """
    old = record.text
    if record.spaces is not None:
        old = "".join(word + " " * space for word, space in zip(record.tokens or [], record.spaces))
    new = convert(old)
    at = offsets(old, new, convert)
    borders = locate(record.tokens or [], old) or []
    words = [new[at[start] : at[end]].strip() for start, end in borders]
    if record.tokens is not None:
        record.tokens = [word or convert(token) for word, token in zip(words, record.tokens, strict=True)]
    if record.spans is not None:
        record.spans = [(at[start], at[end], label) for start, end, label in record.spans]
    record.text = new if record.text else ""


def offsets(old: str, new: str, convert: Converter) -> list[int]:
    """For each offset in `old` (its length included) the one in `new`, its conversion."""
    if len(old) == len(new):
        return list(range(len(old) + 1))
    alike = "".join(char if len(char) == 1 else "\0" for char in map(convert, old))
    at = [len(new)] * (len(old) + 1)
    for _, left, right, start, end in SequenceMatcher(None, alike, new, autojunk=False).get_opcodes():
        for i in range(left, right):
            at[i] = min(start + i - left, end)
    return at


class LabelMap:
    """Renames, merges and drops labels of entities and categories.

    pairs: old name -> new name, or None to drop. Names are free text (`a:b`, `NN=P`, `#c`), so they stand in
    a list of pairs in a JSON or YAML file.
    """

    def __init__(self, pairs: dict[str, str | None], where: Path) -> None:
        self.pairs, self.where = pairs, where
        self.seen: set[str] = set()

    @classmethod
    def from_file(cls, path: Path) -> "LabelMap":
        """Read `[["PER", "PERSON"], ["MISC", null]]` from JSON, or the same from YAML."""
        if not path.is_file():
            detail = ", but a folder: --map-labels names the file of pairs" if path.is_dir() else ""
            raise HoneError(Errors.H110.format(where=path, detail=detail))
        try:
            pairs: Any = srsly.read_json(path) if path.suffix == ".json" else srsly.read_yaml(path)
        except Exception as error:  # the YAML reader has a hierarchy of its own
            raise HoneError(Errors.H117.format(where=path, problem=str(error).splitlines()[0])) from None
        if not isinstance(pairs, list) or not pairs:
            raise HoneError(Errors.H117.format(where=path, problem="no list"))
        found: dict[str, str | None] = {}
        for pair in pairs:
            right = isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)
            if not right or not (pair[1] is None or (isinstance(pair[1], str) and pair[1])):
                raise HoneError(Errors.H117.format(where=path, problem=f"{pair!r} is no pair of names"))
            if any("\ud800" <= char <= "\udfff" for name in pair for char in name or ""):
                problem = f"{pair!r} has half of a surrogate pair, which is no character"
                raise HoneError(Errors.H117.format(where=path, problem=problem))
            if pair[0] in found:
                raise HoneError(Errors.H117.format(where=path, problem=f"{pair[0]!r} is mapped twice"))
            found[pair[0]] = pair[1]
        return cls(found, path)

    def apply(self, record: Record) -> None:
        """Map the labels of a record in place. Without its only category a document has none that is known."""
        for name in ("ents", "spans"):
            spans = getattr(record, name)
            if spans is not None:
                self.seen.update(label for *_, label in spans)
                mapped = ((start, end, self.pairs.get(label, label)) for start, end, label in spans)
                setattr(record, name, [span for span in mapped if span[2] is not None])
        self.seen.update(record.cats)
        cats: dict[str, float] = {}
        for old, score in record.cats.items():
            new = self.pairs.get(old, old)
            if new is not None:
                cats[new] = max(score, cats.get(new, 0.0))
        record.cats = {} if record.exclusive and not any(cats.values()) else cats

    def check(self) -> None:
        """Refuse names that no input had, naming near ones."""
        unknown = sorted(set(self.pairs) - self.seen)
        if unknown:
            near = {name: get_close_matches(name, self.seen, n=1, cutoff=0.5) for name in unknown}
            listed = ", ".join(
                f"{name!r}" + (f" (near: {near[name][0]!r})" if near[name] else "") for name in unknown
            )
            known = ", ".join(sorted(self.seen)) or "none"
            raise HoneError(Errors.H116.format(where=self.where, unknown=listed, known=known))
