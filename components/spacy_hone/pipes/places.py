"""Rows of a batch as people know them: tokens and documents."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from spacy.tokens import Doc

from ..errors import HoneError, RowError

SHOWN = 50  # characters of a document


@contextmanager
def name_tokens(component: str, docs: Sequence[Doc]) -> Iterator[None]:
    """Say of an error in a row of the batch which token of which document that is.

    docs (Sequence[Doc]): the batch, whose tokens are the rows.
    """
    try:
        yield
    except RowError as error:
        tokens = ((doc, token) for doc in docs for token in doc)
        doc, token = next(pair for row, pair in enumerate(tokens) if row == error.row)
        what = f"token {token.i + 1}, {token.text!r}, of the document {doc.text[:SHOWN]!r}"
        raise HoneError(_place(error, component, what)) from error


@contextmanager
def name_documents(component: str, docs: Sequence[Doc]) -> Iterator[None]:
    """The same where the documents themselves are the rows."""
    try:
        yield
    except RowError as error:
        raise HoneError(_place(error, component, f"the document {docs[error.row].text[:SHOWN]!r}")) from error


def _place(error: RowError, component: str, what: str) -> str:
    return f"{error} In component '{component}', row {error.row} is {what}."
