"""What a report is made of: a section for each thing that was compared."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from rich.table import Table


class Tags(Protocol):
    """What `--predictions` writes of a document: gold and predicted tags of its tokens."""

    @property
    def gold_tags(self) -> Sequence[str]:
        """Of each token; "" or `MISSING` where there is none."""

    @property
    def pred_tags(self) -> Sequence[str]:
        """The same."""


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
        """How much was compared."""

    @property
    def warnings(self) -> Sequence[str]:
        """Coded lines for people."""

    @property
    def tokens(self) -> Mapping[int, Tags]:
        """The tags of documents by number; empty if this is not about tokens."""

    def to_json(self) -> dict[str, Any]:
        """All numbers, fractions from 0 to 1 and unrounded."""

    def show(self) -> Iterator[Table | str]:
        """Tables and lines, in order."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """Score and errors of each document, worst first."""
