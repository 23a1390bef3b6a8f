"""Does the tokenizer give the corpus's tokens? Where not, a pipeline sees others than it was taught."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .align import starts_of
from .records import Record

SHOWN = 5
MAX_TOKENS = 20_000


@dataclass
class Agreement:
    """Compares the corpus's tokens with a tokenizer's on the first documents.

    other_words: text, words, spaces -> the tokenizer's words and spaces, or None if they are those.
    limit: how many documents to compare, while they are not over 20,000 tokens; -1 is all.
    """

    other_words: Callable[[str, list[str], list[bool]], tuple[list[str], list[bool]] | None]
    limit: int
    documents: int = 0
    disagree: int = 0
    tokens: int = 0
    tokens_differ: int = 0
    entities: int = 0
    entities_misaligned: int = 0
    first: list[dict[str, Any]] = field(default_factory=list)

    def check(self, record: Record) -> None:
        """Compare one tokenised record."""
        if self.documents == self.limit or (self.limit > 0 and self.tokens > MAX_TOKENS):
            return
        own, spaces = record.tokens or [], record.spaces or []
        text = "".join(word + " " * space for word, space in zip(own, spaces))
        self.documents += 1
        self.tokens += len(own)
        self.entities += len(record.ents or ())
        other = self.other_words(text, own, spaces)
        if other is None:
            return
        words, after = other
        offsets = starts_of(own, spaces)
        theirs = {(at, at + len(word)) for at, word in zip(starts_of(words, after), words)}
        starts, ends = {start for start, _ in theirs}, {end for _, end in theirs}
        lost = [i for i, (at, word) in enumerate(zip(offsets, own)) if (at, at + len(word)) not in theirs]
        self.disagree += 1
        self.tokens_differ += len(lost)
        self.entities_misaligned += sum(
            offsets[start] not in starts or offsets[end - 1] + len(own[end - 1]) not in ends
            for start, end, _ in record.ents or ()
        )
        if len(self.first) < SHOWN and lost:
            left, right = max(lost[0] - 2, 0), lost[0] + 3
            begin, end = offsets[left], offsets[min(right, len(own))]
            shown = [word for at, word in zip(starts_of(words, after), words) if begin <= at < end]
            where = f"{record.file}:{record.line}"
            self.first.append({"document": where, "corpus": own[left:right], "tokenizer": shown})

    def to_dict(self) -> dict[str, Any]:
        """For the report."""
        names = (
            "documents",
            "disagree",
            "tokens",
            "tokens_differ",
            "entities",
            "entities_misaligned",
            "first",
        )
        return {name: getattr(self, name) for name in names}
