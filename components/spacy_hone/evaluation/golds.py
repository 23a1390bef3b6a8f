"""The gold documents of a corpus, read before anything is predicted, with faults named."""

from collections.abc import Sequence
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpora.docs import read_docs
from ..errors import Errors, HoneError
from .kind import Kind


def read_golds(path: Path, vocab: Vocab) -> list[Doc]:
    """Read a `.spacy` file, or all of a directory's in the order of their names.

    Documents without tokens are left out, as spaCy's own reader does.

    Raises HoneError: nothing there, not a DocBin (both of `read_docs`), no document.
    """
    docs = [doc for doc in read_docs(path, vocab) if len(doc)]
    if not docs:
        raise HoneError(Errors.H603.format(path=path))
    return docs


def require_annotation(path: Path, docs: Sequence[Doc], kinds: Sequence[Kind]) -> None:
    """Raise H604 where no document has annotation of one of the kinds, and say what there is. path: of the corpus."""
    if any(kind.is_gold(doc) for doc in docs for kind in kinds):
        return
    groups = sorted({key for doc in docs for key in doc.spans})
    if groups:
        hint = f"It has span groups, which --spans-key chooses: {', '.join(groups)}."
    elif any(kind.is_required for kind in kinds):
        hint = "It has no span groups: leave out --spans-key for doc.ents."
    else:
        hint = "Convert it again from a file that has it."
    where = " or ".join(kind.where for kind in kinds)
    raise HoneError(Errors.H604.format(path=path, where=where, hint=hint))
