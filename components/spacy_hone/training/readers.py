"""Corpora that say which labels they are annotated with, texts without annotation, and several corpora as one."""

from collections.abc import Callable, Iterator
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example

from ..corpora.docs import docbin_paths
from ..pipes.ner import ANNOTATED
from ..teachers.texts import read_texts

Reader = Callable[[Language], Iterator[Example]]
BINARY = ("", ".spacy")  # suffixes of what holds annotated documents; folders do, whatever they are called


def make_corpus(path: Path, annotated: list[str] | None = None) -> Reader:
    """Build `hone.Corpus.v1`.

    path (Path): a .spacy file or a folder of them, read as spaCy's corpus reader does; or texts without annotation, as
        JSON lines with a "text" (.jsonl) or plain lines: a teacher can make something of them.
    annotated (list[str] | None): the labels that the annotation covers; None: what the component says. Of an O in
        such a document `hone_ner` learns only that it is none of these.

    Raises H124 for a corpus that is not there, and the errors of `read_texts`.
    """

    def read(nlp: Language) -> Iterator[Example]:
        for eg in _read(Path(path), nlp):
            if annotated is not None:
                eg.reference.user_data[ANNOTATED] = tuple(annotated)
            yield eg

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


def _read(path: Path, nlp: Language) -> Iterator[Example]:
    if path.suffix in BINARY or path.is_dir():
        docbin_paths(path)
        yield from Corpus(path)(nlp)
        return
    for text in read_texts(path, nlp.vocab):
        doc = nlp.make_doc(str(text))
        words, spaces = [token.text for token in doc], [bool(token.whitespace_) for token in doc]
        yield Example(doc, Doc(nlp.vocab, words, spaces))
