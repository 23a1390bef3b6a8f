"""The texts that pipelines are measured on."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...errors import Errors, HoneError
from ...teachers.texts import read_texts


def read_items(path: Path, vocab: Vocab, limit: int | None = None) -> list[Doc | str]:
    """Documents of a .spacy file (or a folder of them), texts of JSON lines or of plain lines; empty ones are left out.

    limit: how many at most.

    Raises H603 if there is none; for other faults see `read_texts`.
    """
    items = list(islice((item for item in read_texts(path, vocab) if len(item)), limit))
    if not items:
        raise HoneError(Errors.H603.format(path=path))
    return items


def to_texts(items: Sequence[Doc | str]) -> list[str]:
    """The raw texts."""
    return [item if isinstance(item, str) else item.text for item in items]


def count_words(items: Sequence[Doc | str], nlp: Language) -> int:
    """Tokens of the documents; texts are tokenised by a pipeline."""
    return sum(len(nlp.make_doc(item) if isinstance(item, str) else item) for item in items)
