"""Corpora that say which labels they are annotated with, texts without annotation, and several corpora as one."""

from collections.abc import Callable, Iterator
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example

from ..corpora.docs import docbin_paths
from ..errors import Errors, HoneError
from ..pipes.ner import ANNOTATED
from ..teachers.texts import read_texts

Reader = Callable[[Language], Iterator[Example]]
BINARY = ("", ".spacy")  # suffixes of what holds annotated documents; folders do, whatever they are called


def make_corpus(path: str | Path | None, annotated: list[str] | None = None) -> Reader:
    """Build `hone.Corpus.v1`.

    path (str | Path | None): a .spacy file or a folder of them, read as spaCy's corpus reader does; or texts without
        annotation, as JSON lines with a "text" (.jsonl) or plain lines: a teacher can make something of them.
    annotated (list[str] | None): the labels that the annotation covers; None: what the component says. Of an O in
        such a document `hone_ner` learns only that it is none of these.

    Raises, when it is read, H124 for a corpus that is not there or not named, H109 for one with nothing in it, and
    the errors of `read_texts`.
    """

    def read(nlp: Language) -> Iterator[Example]:
        is_empty = True
        for eg in _read(path, nlp):
            is_empty = False
            if annotated is not None:
                eg.reference.user_data[ANNOTATED] = tuple(annotated)
            yield eg
        if is_empty:
            raise HoneError(Errors.H109.format(where=path, detail="", expected="annotated documents, or texts"))

    return read


def make_corpora(*corpora: Reader) -> Reader:
    """Build `hone.Corpora.v1`: one corpus after the other. In a config:

    [corpora.train]
    @readers = "hone.Corpora.v1"

    [corpora.train.*.new]
    @readers = "hone.Corpus.v1"
    path = ${paths.train}
    annotated = ["PHONE","FACILITY"]

    [corpora.train.*.texts]
    @readers = "hone.Corpus.v1"
    path = "texts.jsonl"
    """

    def read(nlp: Language) -> Iterator[Example]:
        for corpus in corpora:
            yield from corpus(nlp)

    return read


def _read(place: str | Path | None, nlp: Language) -> Iterator[Example]:
    path = Path(place or "")
    if path.suffix in BINARY or path.is_dir():
        docbin_paths(place)
        yield from Corpus(path)(nlp)
        return
    for text in read_texts(path, nlp.vocab):
        doc = nlp.make_doc(str(text))
        words, spaces = [token.text for token in doc], [bool(token.whitespace_) for token in doc]
        yield Example(doc, Doc(nlp.vocab, words, spaces))
