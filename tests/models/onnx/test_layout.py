"""Where documents are cut for the graph, and what stands where."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_hone.errors import HoneError
from spacy_hone.models.onnx.layout import arrange, strided
from spacy_hone.models.tokenization import Pieces, Wordpieces

NLP = spacy.blank("en")


@pytest.fixture(scope="module")
def wordpieces(toy_files) -> Wordpieces:
    return Wordpieces({"tokenizer.json": toy_files()[1]}, 0)


def settings(kind: str, window: int = 0, stride: int = 0, longest: int = 64) -> dict:
    return {"max_positions": longest, "windows": {"kind": kind, "window": window, "stride": stride}}


def pieces_of(rows, wordpieces, n_tokens: int) -> list[str]:
    strings = [wordpieces.strings[row] for row in rows.ids]
    found = [""] * n_tokens
    for row, col, token in zip(rows.row, rows.col, rows.token):
        found[token] += strings[row][col].removeprefix("##")
    return found


@pytest.mark.parametrize("window", [1, 3, 5, 8])
@pytest.mark.parametrize("stride", [1, 2, 5, 9])
def test_strided_spans_are_those_of_spacy_transformers(window, stride):
    from spacy_transformers.span_getters import get_strided_spans

    for n in range(1, 14):
        doc = Doc(NLP.vocab, words=["a"] * n)
        expected = [(span.start, span.end) for span in get_strided_spans([doc], window, stride)[0]]
        assert strided(doc, window, stride) == expected, n


@pytest.mark.parametrize("kind", ["hone", "doc", "strided", "sent"])
def test_tokens_have_their_wordpieces(wordpieces, kind):
    texts = ["Two cups.", "", "of  sugar", "it 's-ok"]
    docs = [NLP(text) for text in texts]
    for doc in docs:
        for token in doc:
            token.is_sent_start = token.i in (0, 2)
    rows = arrange(docs, wordpieces, settings(kind, 3, 3) if kind == "strided" else settings(kind))
    n_tokens = sum(map(len, docs))
    found = pieces_of(rows, wordpieces, n_tokens)
    spaces = "[CLS]" if kind == "hone" else ""
    assert found == [spaces if token.is_space else token.lower_ for doc in docs for token in doc]
    assert len(rows.ids) == {"hone": 3, "doc": 3, "strided": 4, "sent": 6}[kind]
    assert rows.lengths.tolist() == [len(row) for row in rows.ids]


def test_overlapping_spans_count_twice(wordpieces):
    rows = arrange([NLP("a bc d e")], wordpieces, settings("strided", 3, 2))
    assert rows.token.tolist() == [0, 1, 1, 2, 2, 3]
    assert rows.row.tolist() == [0, 0, 0, 0, 1, 1]


@pytest.mark.parametrize("kind", ["hone", "doc", "strided"])
@pytest.mark.parametrize("word", ["ab", "chocolates", "x" * 90])
def test_what_is_too_long_is_cut_and_every_token_found(wordpieces, kind, word):
    doc = Doc(NLP.vocab, words=[word] * 500)
    rows = arrange([doc], wordpieces, settings(kind, *((400, 300) if kind == "strided" else (0, 16))))
    assert rows.lengths.max() <= 64
    assert np.unique(rows.token).tolist() == list(range(500))


def test_rows_without_room_for_text(wordpieces):
    with pytest.raises(HoneError, match=r"H208.*2 of a row's"):
        arrange([NLP("a")], wordpieces, settings("doc", longest=2))


class Contraction:
    """A tokenizer that knows one text."""

    prefix, suffix = [1], [2]

    def __call__(self, texts: list[str]) -> list[Pieces]:
        assert texts == ["don't"]
        return [Pieces(np.array([7, 8, 9]), np.array([0, 3, 4]), np.array([3, 4, 5]))]


@pytest.mark.parametrize("kind, columns", [("hone", [2, 3]), ("doc", [1, 2, 3])])
def test_a_wordpiece_across_a_border_is_shared_as_where_the_encoder_was_trained(kind, columns):
    doc = Doc(Vocab(), words=["do", "n't"], spaces=[False, False])
    windows = {"kind": kind, "window": 0, "stride": 0}
    rows = arrange([doc], Contraction(), {"max_positions": 9, "windows": windows})
    assert rows.col[rows.token == 0].tolist() == [1]
    assert rows.col[rows.token == 1].tolist() == columns
