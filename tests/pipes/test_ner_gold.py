"""What examples teach: spans over predicted tokens, and which tokens are known."""

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_hone.errors import HoneError
from spacy_hone.pipes.gold import read_gold

VOCAB = spacy.blank("en").vocab


def doc_of(text: str, ents: list[tuple[int, int, str]] | None = None) -> Doc:
    """Tokens are split at `|`; no spaces between them."""
    words = text.split("|")
    doc = Doc(VOCAB, words=words, spaces=[False] * len(words))
    if ents is not None:
        doc.set_ents([Span(doc, *ent) for ent in ents])
    return doc


def gold(predicted: Doc, reference: Doc, key: str | None = None):
    spans, known = read_gold(Example(predicted, reference), key)
    return spans, known.astype(int).tolist()


def test_same_tokens():
    reference = doc_of("in|New|York|!", [(1, 3, "LOC")])
    assert gold(doc_of("in|New|York|!"), reference) == ([(1, 3, "LOC")], [1, 1, 1, 1])


def test_no_entities_is_annotation_and_no_annotation_is_none():
    assert gold(doc_of("a|b"), doc_of("a|b", [])) == ([], [1, 1])
    assert gold(doc_of("a|b"), doc_of("a|b")) == ([], [0, 0])


def test_missing_tokens_are_unknown():
    reference = doc_of("a|b|c|d")
    reference.set_ents([Span(reference, 0, 1, "X")], missing=[reference[2:4]])
    assert gold(doc_of("a|b|c|d"), reference) == ([(0, 1, "X")], [1, 1, 0, 0])


def test_other_tokens_meet_by_characters():
    reference = doc_of("in|New|York|!", [(1, 3, "LOC")])
    assert gold(doc_of("in|NewYork|!"), reference) == ([(1, 2, "LOC")], [1, 1, 1])
    assert gold(doc_of("i|n|N|ew|Yo|rk|!"), reference) == ([(2, 6, "LOC")], [1] * 7)


def test_what_cannot_be_aligned_is_unknown():
    reference = doc_of("in|New|York|!|so", [(1, 3, "LOC")])
    assert gold(doc_of("in|New|York!|so"), reference) == ([], [1, 0, 0, 1])


def test_missing_annotation_with_other_tokens():
    reference = doc_of("ab|c|d")
    reference.set_ents([], missing=[reference[0:1]])
    assert gold(doc_of("a|b|cd"), reference) == ([], [0, 0, 1])


def test_whitespace_is_unknown_and_never_in_a_span():
    reference = doc_of("a| |b|\n|c", [(1, 4, "X")])
    assert gold(doc_of("a| |b|\n|c"), reference) == ([(2, 3, "X")], [1, 0, 1, 0, 1])


def test_an_entity_around_whitespace_is_unknown():
    reference = doc_of("a|New| |York|b", [(1, 4, "X")])
    assert gold(doc_of("a|New| |York|b"), reference) == ([], [1, 0, 0, 0, 1])


def test_a_span_of_whitespace_is_none():
    reference = doc_of("a|\n|b", [(1, 2, "X")])
    assert gold(doc_of("a|\n|b"), reference) == ([], [1, 0, 1])


def test_span_groups():
    reference = doc_of("a|b|c", [])
    assert gold(doc_of("a|b|c"), reference, "np") == ([], [0, 0, 0])
    reference.spans["np"] = [Span(reference, 2, 3, "N"), Span(reference, 0, 2, "N")]
    assert gold(doc_of("a|b|c"), reference, "np") == ([(0, 2, "N"), (2, 3, "N")], [1, 1, 1])
    assert gold(doc_of("a|bc"), reference, "np") == ([], [0, 0])


def test_overlapping_spans_are_refused():
    reference = doc_of("a|b|c")
    reference.spans["np"] = [Span(reference, 0, 2, "N"), Span(reference, 1, 3, "N")]
    with pytest.raises(HoneError, match=r"H308.*'ab'.*'bc'.*np"):
        gold(doc_of("a|b|c"), reference, "np")


def test_an_empty_document():
    assert gold(Doc(VOCAB), Doc(VOCAB)) == ([], [])
