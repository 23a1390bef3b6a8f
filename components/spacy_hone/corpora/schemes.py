"""Tag schemes as tables: which tag may follow which, where a chunk begins, which scheme a file is in.

Letters are canonical inside: B(egin) I(nside) E(nd) S(ingle) O(utside); a scheme spells them in its own way.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from .records import TokenSpan

Style = Literal["prefix", "suffix", "bare"]
Tag = tuple[str, str]  # canonical letter, label; an unreadable tag has the letter ""
OUTSIDE: Tag = ("O", "")


@dataclass(frozen=True)
class Scheme:
    """A tag scheme.

    letters: canonical letter of each prefix that the scheme writes.
    after: for each canonical letter, the letters that may stand before it: those of the same label, those of
        another label or O. The border of a sentence counts as O.
    """

    name: str
    letters: dict[str, str]
    after: dict[str, tuple[str, str]]

    def allows(self, previous: Tag, tag: Tag) -> bool:
        """Is `tag` legal right after `previous`?"""
        return previous[0] in self.after[tag[0]][previous[1] != tag[1]]

    def expected(self, previous: Tag, tag: Tag) -> str:
        """Words for what would have been legal in place of `previous`, `tag`."""
        same, other = self.after[tag[0]]
        if "O" in other:  # `tag` may begin, so what stands before it has not ended
            return f"{previous[1]} to end with {self._spell('E')}"
        return f"{' or '.join(self._spell(letter) + tag[1] for letter in same)} before it"

    def _spell(self, canonical: str) -> str:
        return next((f"{letter}-" for letter, known in self.letters.items() if known == canonical), canonical)


_CHUNKS = {"O": ("OES", "OES"), "B": ("ES", "OES"), "I": ("BI", ""), "E": ("BI", ""), "S": ("ES", "OES")}
SCHEMES = {
    scheme.name: scheme
    for scheme in (
        Scheme("BIO", {"B": "B", "I": "I"}, {"O": ("OBI", "OBI"), "B": ("BI", "OBI"), "I": ("BI", "")}),
        Scheme("IO", {"I": "I"}, {"O": ("OI", "OI"), "I": ("I", "OI")}),
        Scheme("IOB1", {"B": "B", "I": "I"}, {"O": ("OBI", "OBI"), "B": ("BI", ""), "I": ("BI", "OBI")}),
        Scheme("BIOES", {"B": "B", "I": "I", "E": "E", "S": "S"}, _CHUNKS),
        Scheme("BILUO", {"B": "B", "I": "I", "L": "E", "U": "S"}, _CHUNKS),
        Scheme("BMES", {"B": "B", "M": "I", "E": "E", "S": "S"}, _CHUNKS),
    )
}
NAMES = {"IOB2": "BIO", "IOB": "IOB1", "IOBES": "BIOES", "BMESO": "BMES", "BILOU": "BILUO"}
CANONICAL = {letter: known for scheme in SCHEMES.values() for letter, known in scheme.letters.items()}
NEAREST = {"B": "BI", "I": "I", "E": "EI", "S": "SBI"}  # how a letter is read in a scheme without it
LONE = re.compile(
    r"(?<![^\W_])[A-Za-z](?![^\W_])"
)  # a letter by itself: the prefix of `b-per`, or all of a tag
FOREIGN = 10  # a prefix that the scheme lacks counts as much as so many illegal transitions


def split_tag(tag: str, style: Style = "prefix") -> Tag | None:
    """Letter as written and label of a tag, split at the first separator; None if it is no tag.

    >>> split_tag("B-creative-work")
    ('B', 'creative-work')
    """
    if tag == "O":
        return OUTSIDE
    if style == "bare":
        return ("I", tag) if tag else None
    if style == "suffix":
        tag = f"{tag[-1:]}{tag[-2:-1]}{tag[:-2]}"
    if len(tag) > 2 and tag[1] in "-_" and tag[0] in CANONICAL:
        return tag[0], tag[2:]
    return None


def join_tag(letter: str, label: str, style: Style) -> str:
    """The inverse of `split_tag`."""
    return f"{label}-{letter}" if style == "suffix" else f"{letter}-{label}"


def style_of(tags: Iterable[str]) -> Style:
    """Is the letter first (`B-NP`) or last (`NP-B`)? First, unless more tags can be read the other way."""
    known = list(tags)
    prefixed, suffixed = (
        sum(split_tag(tag, style) is not None for tag in known) for style in get_args(Style)[:2]
    )
    return "suffix" if suffixed > prefixed else "prefix"


def is_bare(tag: str) -> bool:
    """May a tag be a label without a prefix (`PER`)? Not where it looks like a tag of whatever spelling (`b-per`)."""
    return any(char.isalpha() for char in tag) and not LONE.search(tag)


def tags_among(labels: Iterable[str]) -> list[str]:
    """Those of a corpus's labels that are tags of a scheme, sorted.

    They are if there are several of one type (`B-X`, `I-X`), or nothing else and an entity can begin with
    one: `E-MAIL` is a label.
    """
    known = set(labels)
    found = {label: tag for label in known if (tag := split_tag(label))}
    types = Counter(label for _, label in found.values() if label)
    all_tags = len(found) == len(known) and any(
        CANONICAL.get(tag[0], "O") in "OBIS" for tag in found.values()
    )
    return sorted(label for label, tag in found.items() if all_tags or types[tag[1]] > 1)


class Table(dict[str, Tag]):
    """Tag as written -> canonical letter and label, filled as tags are met; unreadable: the letter "".

    A prefix of another scheme is read as the nearest one that the scheme has, and its tag kept in
    `suspects`, where unreadable tags are too.
    """

    def __init__(self, scheme: Scheme, style: Style) -> None:
        self.scheme, self.style = scheme, style
        self.suspects: set[str] = set()
        self["O"] = OUTSIDE

    def __missing__(self, tag: str) -> Tag:
        written, label = split_tag(tag, self.style) or ("", "")
        if written not in self.scheme.letters:
            self.suspects.add(tag)
        known = self.scheme.letters.get(written) or CANONICAL.get(written, "")
        letter = next((near for near in NEAREST.get(known, "") if near in self.scheme.after), "")
        self[tag] = letter, label
        return self[tag]


def detect(pairs: Counter[tuple[str, str]], style: Style) -> str:
    """The scheme that explains a file's tags with the fewest faults.

    pairs: how often each tag follows each, with O for the borders of a sentence.
    """

    def faults(scheme: Scheme) -> int:
        table, total = Table(scheme, style), 0
        for (previous, tag), count in pairs.items():
            before, after = table[previous], table[tag]
            if tag in table.suspects:
                total += FOREIGN * count
            elif before[0] and not scheme.allows(before, after):
                total += count
        return total

    if {tag for pair in pairs for tag in pair} <= {"O"}:
        return "BIO"
    return min(SCHEMES, key=lambda name: faults(SCHEMES[name]))


def begins(previous: Tag, tag: Tag) -> bool:
    """Does a chunk begin at `tag`? The rule of conlleval, which reads illegal sequences too."""
    return tag[0] in "BS" or (tag[0] in "IE" and (previous[0] in "OES" or previous[1] != tag[1]))


def decode(tags: Sequence[Tag], scheme: Scheme) -> tuple[list[TokenSpan], list[int]]:
    """Entities of a sentence, illegal sequences read as conlleval does, and where transitions are illegal.

    tags: one per token. RETURNS: spans in tokens, and indices of the second tag of each illegal pair;
    `len(tags)` stands for the sentence's end.
    """
    ents: list[TokenSpan] = []
    illegal: list[int] = []
    previous, start = OUTSIDE, -1
    for i, tag in enumerate((*tags, OUTSIDE)):
        if tag is OUTSIDE and previous is OUTSIDE:
            continue
        if not scheme.allows(previous, tag):
            illegal.append(i)
        first = begins(previous, tag)
        if start >= 0 and (first or tag[0] == "O"):
            ents.append((start, i, previous[1]))
            start = -1
        if first:
            start = i
        previous = tag
    return ents, illegal


def discard(
    ents: list[TokenSpan], illegal: list[int], tags: Sequence[Tag], scheme: Scheme
) -> list[TokenSpan]:
    """Drop the entities that are to blame for illegal transitions instead of repairing them."""
    unbegun = {i for i in illegal if i < len(tags) and "O" not in scheme.after[tags[i][0]][1]}
    unended = {i for i in illegal if i and tags[i - 1][0] not in scheme.after["O"][1]}
    return [ent for ent in ents if ent[1] not in unended and unbegun.isdisjoint(range(ent[0], ent[1]))]
