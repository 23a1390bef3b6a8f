"""What has to be known of a kind of annotation to compare it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from .section import Section


class Compared(NamedTuple):
    """golds: all documents of the corpus. preds: the same, as the pipeline sees them; those that have none of the
    annotation that is compared are the gold ones themselves. bootstrap, seed: resamples for the intervals (0 for
    none), and their seed."""

    nlp: Language
    golds: Sequence[Doc]
    preds: Sequence[Doc]
    bootstrap: int
    seed: int


@dataclass(frozen=True, slots=True)
class Kind:
    """where: its place, as Python says it. unit: what its labels are counted in.
    assigns: what components that predict it say they assign.
    is_gold: whether a document is annotated. is_found: whether a pipeline has predicted any in a document.
    may_be_empty: whether a component that assigns it may well find none in a whole corpus.
    is_required: whether it was asked for by name.
    labels: the gold labels of a document, each as often as it occurs.
    predictable: the labels that a pipeline says it predicts, empty where it says none.
    copy: copies it from a document to a bare one.
    report: its sections.
    """

    where: str
    unit: str
    assigns: str
    is_gold: Callable[[Doc], bool]
    is_found: Callable[[Doc], bool]
    labels: Callable[[Doc], Iterable[str]]
    predictable: Callable[[Language], set[str]]
    copy: Callable[[Doc, Doc], None]
    report: Callable[[Compared], Sequence[Section]]
    may_be_empty: bool = False
    is_required: bool = False

    def is_assigned(self, nlp: Language) -> bool:
        """Whether a component says that it assigns it."""
        return any(self.assigns in nlp.get_pipe_meta(name).assigns for name in nlp.pipe_names)
