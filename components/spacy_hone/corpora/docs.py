"""The only file of the room that knows spaCy: tokenisers in, DocBins out, and back."""

import sys
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Literal

import numpy as np
import spacy
from spacy.attrs import ENT_IOB, ENT_TYPE, LENGTH, ORTH, SENT_START, SPACY
from spacy.language import Language
from spacy.strings import get_string_id
from spacy.tokens import Doc, DocBin, Span
from spacy.util import get_words_and_spaces
from spacy.vocab import Vocab

from ..errors import Errors, HoneError
from .align import Misaligned, fit
from .faults import Log
from .records import Record

Words = tuple[list[str], list[bool]]  # words, and whether a space follows each
TokenizerName = Literal["stock", "mixed"]
MAX_TOKENS = 250_000  # tokens a shard, which bounds the memory whatever the documents' length
ZONE = 2_000  # documents that a tokenizer keeps what it learns for
ATTRS = [ORTH, ENT_IOB, ENT_TYPE, SENT_START]
OUTSIDE, INSIDE, BEGIN = 2, 1, 3  # spaCy's codes for ENT_IOB; 0 is a missing annotation


@cache
def load_tokenizer(lang: str, tokenizer: TokenizerName) -> Language:
    """An empty pipeline with the tokenizer that the trained one will have."""
    config = {"nlp": {"tokenizer": {"@tokenizers": "hone.MixedTokenizer.v1"}}} if tokenizer == "mixed" else {}
    try:
        nlp = spacy.blank(lang, config=config)
    except (ImportError, ValueError) as error:
        raise HoneError(Errors.H123.format(lang=lang, tokenizer=tokenizer, problem=error)) from None
    nlp.max_length = sys.maxsize  # it bounds the memory of parsers
    # only words are wanted, and the lexical attributes take most of the time
    nlp.vocab.lex_attr_getters = {}  # type: ignore[attr-defined]
    return nlp


def in_zones(records: Iterable[Record], nlp: Language) -> Iterator[Record]:
    """Pass records on, and let the tokenizer forget words and texts after every 2,000: its memory stays flat.

    Docs made while a record is worked on must not outlive it.
    """
    stream = iter(records)
    for first in stream:
        with nlp.memory_zone():
            yield from chain([first], islice(stream, ZONE - 1))


def words_of(doc: Doc) -> Words:
    """A document's words, and whether a space follows each."""
    return [token.text for token in doc], [bool(token.whitespace_) for token in doc]


def other_words(nlp: Language, text: str, words: list[str], spaces: list[bool]) -> Words | None:
    """The tokenizer's words and spaces for a text, or None if they are the given ones, which spell it too."""
    doc = nlp.make_doc(text)
    if len(doc) == len(words):
        ours = np.array([list(map(len, words)), spaces], dtype=np.uint64)
        if np.array_equal(doc.to_array([LENGTH, SPACY]), ours.T):
            return None
    return words_of(doc)


def tokenize(record: Record, nlp: Language, misaligned: Misaligned, log: Log) -> None:
    """Give a record of text its tokens: its own or else the tokenizer's, cut where spans need it."""
    if record.tokens is not None:
        words, spaces = get_words_and_spaces(record.tokens, record.text)
    else:
        words, spaces = words_of(nlp.make_doc(record.text))
    record.tokens, record.spaces, ents = fit(words, spaces, record.spans or [], misaligned, log.notes)
    record.ents = None if record.spans is None else ents


class DocBinWriter:
    """Writes records as `.spacy`: one file, or, above a number of documents, a directory of numbered shards.

    The directory has the file's name, and spaCy's corpus reader takes it in the file's place. The arrays of
    a DocBin are filled directly, which is several times faster than making Docs.
    """

    def __init__(
        self, path: Path, shard_size: int, *, unknown_spaces: bool = False, spans_key: str | None = None
    ) -> None:
        self.path, self.shard_size, self.unknown_spaces = path, shard_size, unknown_spaces
        self.spans_key = spans_key  # write the entities as this span group
        self.shards = 0
        self._reset()

    def _reset(self) -> None:
        self.bin = DocBin(attrs=ATTRS)
        self.keys = _Keys()
        self.vocab = Vocab()
        self.tokens = 0

    def add(self, record: Record) -> None:
        """Add a tokenised record."""
        assert record.tokens is not None and record.spaces is not None
        size = len(record.tokens)
        if self.bin.tokens and (len(self.bin) >= self.shard_size or self.tokens + size > MAX_TOKENS):
            self._flush()
        array = np.zeros((size, len(self.bin.attrs)), np.uint64)
        orth, iob, types, starts = (array[:, self.bin.attrs.index(attr)] for attr in ATTRS)
        orth[:] = np.fromiter(map(self.keys.__getitem__, record.tokens), np.uint64, size)
        if record.sent_starts is not None:
            starts[:] = np.uint64(2**64 - 1)  # -1: inside a sentence
            starts[record.sent_starts] = 1
        ents = record.ents if self.spans_key is None else None
        iob[:] = 0 if ents is None else OUTSIDE
        for start, end, label in ents or ():
            iob[start] = BEGIN
            iob[start + 1 : end] = INSIDE
            types[start:end] = self.keys[label]
        iob[record.missing] = 0
        self.bin.tokens.append(array)
        self.bin.spaces.append(np.array(record.spaces, dtype=bool).reshape(size, 1))
        self.bin.cats.append(record.cats)
        self.bin.flags.append({"has_unknown_spaces": self.unknown_spaces})
        self.bin.span_groups.append(self._group(record))
        self.tokens += size

    def _group(self, record: Record) -> bytes:
        """The span group, as a DocBin keeps it."""
        if self.spans_key is None or record.ents is None:
            return b""
        doc = Doc(self.vocab, record.tokens, record.spaces)
        doc.spans[self.spans_key] = [Span(doc, *ent) for ent in record.ents]
        for _, _, label in record.ents:
            self.keys[label]
        return doc.spans.to_bytes()

    def _flush(self) -> None:
        self.shards += 1
        self.bin.strings = set(self.keys)
        self.path.mkdir(parents=True, exist_ok=True)
        self.bin.to_disk(self.path / f"{self.shards:04d}.spacy")
        self._reset()

    def close(self) -> None:
        """Write what is left. A single shard becomes the file itself."""
        if self.bin.tokens:
            self._flush()
        if self.shards == 1:
            only = self.path / "0001.spacy"
            aside = self.path.with_name(f"{self.path.name}.single")
            only.rename(aside)
            self.path.rmdir()
            aside.rename(self.path)


class _Keys(dict[str, int]):
    """String -> spaCy's hash of it."""

    def __missing__(self, string: str) -> int:
        self[string] = get_string_id(string)
        return self[string]


def docbin_paths(path: Path | str | None) -> list[Path]:
    """The `.spacy` files at a path, a file or a directory, in order. RAISES: HoneError H124 if there are none."""
    if not path:
        raise HoneError(Errors.H124.format(where="A corpus", problem="its path is not given (null)"))
    if not Path(path).exists():
        raise HoneError(Errors.H124.format(where=path, problem="there is no such path"))
    files = [Path(path), *sorted(Path(path).rglob("*.spacy"))]
    found = [file for file in files if file.suffix == ".spacy" and file.is_file()]
    if not found:
        raise HoneError(Errors.H124.format(where=path, problem="there is no .spacy file here"))
    return found


def read_docs(path: Path | str | None, vocab: Vocab) -> Iterator[Doc]:
    """Stream the documents of a `.spacy` file or of a directory of shards, in order.

    RAISES: HoneError H124 if there are none, or a file is not a DocBin.
    """
    for file in docbin_paths(path):
        try:
            docs = DocBin().from_disk(file)
        except Exception:  # whatever zlib and msgpack make of foreign bytes
            raise HoneError(Errors.H124.format(where=file, problem="cannot be read as a corpus")) from None
        yield from docs.get_docs(vocab)
