"""From documents to the rows of wordpieces that an encoder reads, and where their tokens stand in them."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from ...errors import Errors, HoneError
from ..windows import Ints, lay_out
from .graph import Kind, Settings, Windows

if TYPE_CHECKING:
    from ..tokenization import Pieces, Wordpieces

STOCK_OVERLAP = 64  # wordpieces, where a span of spacy-transformers is too long for the encoder and is cut
NOWHERE = np.iinfo(np.int64).max
NOTHING = np.zeros(0, dtype=np.int64)
Span = tuple[int, int]


class Rows(NamedTuple):
    """Rows of wordpieces, and the tokens of all documents, which are numbered one document after another.

    ids: wordpieces of each row, special ones included. lengths: how many they are, shape (rows,).
    row, col, token: where a wordpiece stands, and the token that it makes, in the order of the rows, each of shape
        (aligned,). A wordpiece may stand there for several tokens, and a token may have several windows, or none.
    """

    ids: list[Ints]
    lengths: Ints
    row: Ints
    col: Ints
    token: Ints


class Stretch(NamedTuple):
    """What is made into wordpieces by itself. tokens: first character and end of each, from the text's beginning;
    first: the number of the first token."""

    text: str
    tokens: tuple[Ints, Ints]
    first: int


def arrange(docs: Sequence[Doc], wordpieces: "Wordpieces", settings: Settings) -> Rows:
    """Cut documents. Raises H208 if the special wordpieces fill a row.

    Cut as by spacy-transformers, a token without wordpieces is none of `Rows.token`; as by `models.windows`, it has
    the first special one. What spacy-transformers leaves out of a span that is too long for the encoder has rows of its
    own, for the tokens that would have no vector.
    """
    prefix, suffix = (np.array(ids, dtype=np.int64) for ids in (wordpieces.prefix, wordpieces.suffix))
    budget, overlap = fit(settings, len(prefix) + len(suffix))
    stock = settings["windows"]["kind"] != "hone"
    longest = budget + len(prefix) + len(suffix)
    shift = int(stock)  # column 0 is then for the tokens without wordpieces, and becomes -1
    ids: list[Ints] = []
    late: list[bool] = []  # of each row, whether spacy-transformers has none like it
    places: list[tuple[Ints, Ints, Ints]] = [(NOTHING, NOTHING, NOTHING)]
    stretches = list(cut(docs, settings["windows"]))
    for stretch, pieces in zip(stretches, wordpieces([stretch.text for stretch in stretches])):
        offsets = without_empty(pieces) if stock else (pieces.starts, pieces.ends)
        parts = [(slice(0, None), budget)]
        if stock and len(pieces.ids) > budget:
            room = longest - len(prefix)  # spacy-transformers cuts the last special wordpieces off, too
            parts = [(slice(0, room), room), (slice(room - overlap, None), budget)]
        for number, (part, budget_of_part) in enumerate(parts):
            layout = lay_out(
                stretch.tokens,
                (offsets[0][part], offsets[1][part]),
                budget=budget_of_part,
                overlap=overlap,
                prefix=len(prefix) + shift,
                share=stock,
            )
            token = np.repeat(np.arange(len(layout.lengths)) + stretch.first, layout.lengths)
            places.append((layout.rows + len(ids), layout.cols - shift, token))
            rows = zip(layout.starts, layout.ends)
            ids += [np.concatenate((prefix, pieces.ids[part][a:b], suffix))[:longest] for a, b in rows]
            late += [bool(number)] * len(layout.starts)
    return choose(ids, np.array(late, dtype=bool), *map(np.concatenate, zip(*places)))


def choose(ids: list[Ints], late: NDArray[np.bool_], row: Ints, col: Ints, token: Ints) -> Rows:
    """The rows that are read. col: -1 for tokens without wordpieces. late: of each row, whether it is only for the tokens
    that no other row has."""
    found = col >= 0
    if late.any():
        early = np.zeros(len(token) and int(token.max()) + 1, dtype=bool)
        early[token[found & ~late[row]]] = True
        found &= ~late[row] | ~early[token]
        read = ~late
        read[row[found]] = True
        ids, row = [ids[i] for i in np.flatnonzero(read)], (np.cumsum(read) - 1)[row]
    lengths = np.array([len(each) for each in ids], dtype=np.int64)
    return Rows(ids, lengths, row[found], col[found], token[found])


def is_too_long(doc: Doc, wordpieces: "Wordpieces", settings: Settings) -> bool:
    """Whether a span of spacy-transformers has more wordpieces than the encoder takes, so that it leaves out its end."""
    if settings["windows"]["kind"] == "hone":
        return False
    room = settings["max_positions"] - len(wordpieces.prefix)
    texts = [stretch.text for stretch in cut([doc], settings["windows"])]
    return any(len(pieces.ids) > room for pieces in wordpieces(texts))


def fit(settings: Settings, n_special: int) -> tuple[int, int]:
    """Wordpieces that a row holds beside the special ones, and how many of them neighbours share at most."""
    windows, longest = settings["windows"], settings["max_positions"]
    own = windows["kind"] == "hone"
    budget = (min(windows["window"] or longest, longest) if own else longest) - n_special
    if budget < 1:
        problem = f"{n_special} of a row's wordpieces are special ones, which leaves none for the text."
        raise HoneError(Errors.H208.format(option="window", value=budget + n_special, problem=problem))
    return budget, min(windows["stride"] if own else STOCK_OVERLAP, budget // 2)


def cut(docs: Sequence[Doc], windows: Windows) -> Iterator[Stretch]:
    """Stretches of all documents, one after another."""
    first = 0
    for doc in docs:
        if len(doc):
            begin, length = doc.to_array(["IDX", "LENGTH"]).astype(np.int64).T
            if windows["kind"] == "hone":
                yield Stretch(doc.text, (begin, begin + length), first)
            else:
                yield from cut_stock(doc, windows, (begin, begin + length), first)
        first += len(doc)


def cut_stock(doc: Doc, windows: Windows, tokens: tuple[Ints, Ints], first: int) -> Iterator[Stretch]:
    """Stretches as the spans of spacy-transformers, whose alignment gives a token the space after it too."""
    text, (begin, end) = doc.text, tokens
    reach = np.append(begin[1:], end[-1] + 1)
    for a, b in SPANS[windows["kind"]](doc, windows["window"], windows["stride"]):
        inside = text[begin[a] : end[b - 1]]
        yield Stretch(inside, (begin[a:b] - begin[a], reach[a:b] - begin[a]), first + a)


def without_empty(pieces: "Pieces") -> tuple[Ints, Ints]:
    """Offsets in which wordpieces of no characters are beside the text, as nothing aligns to them there."""
    full = pieces.ends > pieces.starts
    return np.where(full, pieces.starts, NOWHERE), np.where(full, pieces.ends, NOWHERE)


def strided(doc: Doc, window: int, stride: int) -> list[Span]:
    """The spans of `spacy-transformers.strided_spans.v1`, which leaves tokens out if the stride is the longer."""
    spans, start = [], 0
    for _ in range(len(doc) // stride):
        spans.append((start, min(start + window, len(doc))))
        if start + window >= len(doc):
            return spans
        start += stride
    return [*spans, (start, len(doc))] if start < len(doc) else spans


def whole(doc: Doc, window: int, stride: int) -> list[Span]:
    return [(0, len(doc))]


def sentences(doc: Doc, window: int, stride: int) -> list[Span]:
    return [(sent.start, sent.end) for sent in doc.sents]


SPANS: dict[Kind, Callable[[Doc, int, int], list[Span]]] = {
    "strided": strided,
    "doc": whole,
    "sent": sentences,
}
