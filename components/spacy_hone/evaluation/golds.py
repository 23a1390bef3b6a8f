"""The gold documents of a corpus, read before anything is predicted, with faults named."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpora.docs import read_docs
from ..errors import Errors, HoneError
from .samples import get_spans, is_annotated


@dataclass(frozen=True, slots=True)
class Golds:
    """docs: the documents that carry entity annotation; numbers: their places in the corpus, from 0;
    skipped: how many documents carry none."""

    docs: Sequence[Doc]
    numbers: Sequence[int]
    skipped: int

    def label_counts(self, spans_key: str | None = None) -> dict[str, int]:
        """How often each label occurs, sorted by label."""
        counts: dict[str, int] = {}
        for span in (span for doc in self.docs for span in get_spans(doc, spans_key)):
            counts[span.label_] = counts.get(span.label_, 0) + 1
        return dict(sorted(counts.items()))


def read_golds(path: Path, vocab: Vocab, spans_key: str | None = None) -> Golds:
    """Read a `.spacy` file, or all of a directory's in the order of their names.

    Documents without tokens are left out, as spaCy's own reader does.

    Raises HoneError: nothing there, not a DocBin (both of `read_docs`), no document, no entity annotation.
    """
    docs = [doc for doc in read_docs(path, vocab) if len(doc)]
    if not docs:
        raise HoneError(Errors.H603.format(path=path))
    numbers = [i for i, doc in enumerate(docs) if is_annotated(doc, spans_key)]
    if not numbers:
        groups = sorted({key for doc in docs for key in doc.spans})
        where = "doc.ents" if spans_key is None else f"doc.spans[{spans_key!r}]"
        if groups:
            hint = f"It has span groups, which --spans-key chooses: {', '.join(groups)}."
        elif spans_key:
            hint = "It has no span groups: leave out --spans-key for doc.ents."
        else:
            hint = "Convert it again from a file that has entities."
        raise HoneError(Errors.H604.format(path=path, where=where, hint=hint))
    return Golds([docs[i] for i in numbers], numbers, len(docs) - len(numbers))
