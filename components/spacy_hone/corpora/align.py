"""Fit tokens to spans: cut them where a span begins or ends inside one, so that no entity is lost."""

from collections import Counter
from itertools import accumulate
from typing import Literal

from .records import CharSpan, TokenSpan

Misaligned = Literal["split", "drop"]


def starts_of(words: list[str], spaces: list[bool]) -> list[int]:
    """The character offset of each token, and, last, the length of the text."""
    return list(accumulate((len(word) + space for word, space in zip(words, spaces)), initial=0))


def locate(words: list[str], text: str) -> list[tuple[int, int]] | None:
    """Where the words begin and end in the text; None if they, and white space between them, do not spell it."""
    found: list[tuple[int, int]] = []
    at = 0
    for word in words:
        start = text.find(word, at)
        if start < 0 or text[at:start].strip() or not word:
            return None
        at = start + len(word)
        found.append((start, at))
    return None if text[at:].strip() else found


def fit(
    words: list[str], spaces: list[bool], spans: list[CharSpan], misaligned: Misaligned, notes: Counter[str]
) -> tuple[list[str], list[bool], list[TokenSpan]]:
    """Entities over tokens for spans over characters.

    spans: in order, without overlaps, without white space at their ends.
    misaligned: what happens to spans that do not begin and end with tokens: the tokens are split, or the
        span is dropped.
    notes: takes the counts of what was done.
    RETURNS: the words and spaces, some of them split, and the entities.
    """
    offsets = starts_of(words, spaces)
    starts = set(offsets)
    ends = {start + len(word) for start, word in zip(offsets, words)}
    fitting = [span for span in spans if span[0] in starts and span[1] in ends]
    if len(fitting) < len(spans):
        notes["spans_misaligned"] += len(spans) - len(fitting)
        if misaligned == "split":
            fitting, before = spans, len(words)
            words, spaces = cut(words, spaces, {border for start, end, _ in spans for border in (start, end)})
            offsets = starts_of(words, spaces)
            notes["tokens_added_by_splitting"] += len(words) - before
    first = {start: i for i, start in enumerate(offsets[:-1])}
    last = {start + len(word): i + 1 for i, (start, word) in enumerate(zip(offsets, words))}
    return words, spaces, [(first[start], last[end], label) for start, end, label in fitting]


def cut(words: list[str], spaces: list[bool], borders: set[int]) -> tuple[list[str], list[bool]]:
    """Split the words at character offsets; the pieces of a word have no space between them."""
    pieces: list[str] = []
    after: list[bool] = []
    for start, word, space in zip(starts_of(words, spaces), words, spaces):
        inside = [at - start for at in range(start + 1, start + len(word)) if at in borders]
        for left, right in zip([0, *inside], [*inside, len(word)]):
            pieces.append(word[left:right])
            after.append(space and right == len(word))
    return pieces, after


def trim(ents: list[TokenSpan], words: list[str], notes: Counter[str]) -> list[TokenSpan]:
    """Take white-space tokens off the ends of entities: spaCy allows none there."""
    kept: list[TokenSpan] = []
    for start, end, label in ents:
        first, last = start, end
        while first < last and words[first].isspace():
            first += 1
        while first < last and words[last - 1].isspace():
            last -= 1
        notes["entities_trimmed"] += (first, last) != (start, end)
        if first < last:
            kept.append((first, last, label))
    return kept
