"""Read Docs from .spacy files, with errors that say which file."""

import zlib
from collections.abc import Iterator
from pathlib import Path

from spacy.tokens import Doc, DocBin
from spacy.training.corpus import FILE_TYPE, walk_corpus
from spacy.vocab import Vocab

from ..errors import Errors, HoneError


def docbin_paths(path: str | Path | None) -> list[Path]:
    """The .spacy files at `path`, a file or a folder; H510 where there is none."""
    paths = [] if path is None or not Path(path).exists() else sorted(walk_corpus(path, FILE_TYPE))
    if not paths:
        raise HoneError(Errors.H510.format(path=path))
    return paths


def read_docs(path: str | Path | None, vocab: Vocab) -> Iterator[Doc]:
    """All Docs at `path`, file after file.

    Raises H510 where there is no such file, H511 for a file that is no corpus.
    """
    for file in docbin_paths(path):
        try:
            docs = DocBin().from_disk(file)
        except (ValueError, KeyError, TypeError, zlib.error) as error:
            raise HoneError(Errors.H511.format(path=file, error=error)) from error
        yield from docs.get_docs(vocab)
