"""What a report is made of: a section for each thing that was compared."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from rich.table import Table

from .scores import Counts, EntityScores


class Tags(Protocol):
    """What `--predictions` writes of a document: gold and predicted tags of its tokens."""

    @property
    def gold_tags(self) -> Sequence[str]:
        """Of each token; "" or `MISSING` where there is none."""

    @property
    def pred_tags(self) -> Sequence[str]:
        """The same."""


class Counted(NamedTuple):
    """What a section counts. numbers: its documents' places in the corpus. scores: of these documents."""

    numbers: Sequence[int]
    scores: EntityScores

    @property
    def predicted(self) -> set[str]:
        """The labels that a pipeline has predicted, rightly or wrongly."""
        found = self.scores.counts[..., :2].sum((0, 2))
        return {label for label, n in zip(self.scores.labels, found) if n}

    @property
    def annotated(self) -> list[str]:
        """The labels that the corpus has."""
        found = self.scores.counts[..., [0, 2]].sum((0, 2))
        return [label for label, n in zip(self.scores.labels, found) if n]

    def by_label(self, n_docs: int) -> dict[str, Counts]:
        """TP, FP, FN of each label in all documents of the corpus, (documents, 3)."""
        counts = np.zeros((n_docs, *self.scores.counts.shape[1:]), dtype="int64")
        counts[list(self.numbers)] = self.scores.counts
        return {label: counts[:, i] for i, label in enumerate(self.scores.labels)}


class Section(Protocol):
    """One kind of annotation, gold and predicted."""

    @property
    def title(self) -> str:
        """The heading, printed where a report has several sections or this is not about entities."""

    @property
    def path(self) -> tuple[str, ...]:
        """The keys under which its numbers stand in the JSON; () for the top."""

    @property
    def size(self) -> str:
        """How much was compared; "" if another section says so."""

    @property
    def warnings(self) -> Sequence[str]:
        """Coded lines for people."""

    @property
    def counted(self) -> Counted | None:
        """What is right and wrong by document and label; None if that is another section's."""

    @property
    def tokens(self) -> Mapping[int, Tags]:
        """The tags of documents by number; empty if this is not about tokens."""

    def to_json(self) -> dict[str, Any]:
        """All numbers, fractions from 0 to 1 and unrounded."""

    def show(self) -> Iterator[Table | str]:
        """Tables and lines, in order."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """Score and errors of each document, worst first."""
