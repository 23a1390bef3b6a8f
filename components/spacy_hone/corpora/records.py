"""What every format reader yields: one document, without spaCy."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TokenSpan = tuple[int, int, str]  # first token, last token + 1, label
CharSpan = tuple[int, int, str]  # first character, last character + 1, label


@dataclass(slots=True)
class Record:
    """One document, either as tokens with `ents` or, before tokenisation, as a text with `spans`.

    file, line: where the document begins; lines are counted from 1.
    tokens, spaces: words, and whether a space follows each. Without spaces the text is still to be tokenised,
        or, if it came with tokens, to be fitted to them.
    sent_starts: indices of the tokens that begin a sentence; None if unknown.
    ents: entities over tokens, or None if the document carries no entity annotation.
    missing: indices of tokens whose annotation is unknown.
    text, spans: a text not yet tokenised, and its entities by character offsets (None: no annotation).
    cats: categories with scores, for text classification. exclusive: exactly one of them holds.
    """

    file: Path
    line: int
    tokens: list[str] | None = None
    spaces: list[bool] | None = None
    sent_starts: list[int] | None = None
    ents: list[TokenSpan] | None = None
    missing: list[int] = field(default_factory=list)
    text: str = ""
    spans: list[CharSpan] | None = None
    cats: dict[str, float] = field(default_factory=dict)
    exclusive: bool = False

    def labels(self) -> list[str]:
        """The label of each entity, and the categories that hold."""
        spans = self.spans if self.ents is None else self.ents
        return [label for *_, label in spans or ()] + [
            cat for cat, score in self.cats.items() if score >= 0.5
        ]


@dataclass(slots=True)
class Counts:
    """How much there is of what."""

    documents: int = 0
    sentences: int = 0
    tokens: int = 0
    entities: dict[str, int] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Count a tokenised record."""
        self.documents += 1
        self.sentences += len(record.sent_starts or ())
        self.tokens += len(record.tokens or ())
        for *_, label in record.ents or ():
            self.entities[label] = self.entities.get(label, 0) + 1
        for cat, score in record.cats.items():
            self.categories[cat] = self.categories.get(cat, 0) + (score >= 0.5)

    def to_dict(self) -> dict[str, Any]:
        """For JSON, the commonest label first."""
        counts: dict[str, Any] = {
            "documents": self.documents,
            "sentences": self.sentences,
            "tokens": self.tokens,
        }
        for name, table in (("entities", self.entities), ("categories", self.categories)):
            counts[name] = dict(sorted(table.items(), key=lambda item: (-item[1], item[0])))
        return counts
