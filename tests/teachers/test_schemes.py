"""Tag probabilities from scheme to scheme: numbers by hand, hard tags against spaCy, sums."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spacy.training import biluo_to_iob, iob_to_biluo

from spacy_hone.teachers.align import align
from spacy_hone.teachers.schemes import LETTERS, carry, convert

SPELLED = dict(zip(LETTERS, "BILU"))  # canonical letters in BILUO
RANDOM = np.random.default_rng(0)


def one_hot(tags):
    """Tags of the types X and Y, in BILUO letters, as an array (tokens, 2, 4)."""
    rows = np.zeros((len(tags), 2, 4))
    for row, tag in zip(rows, tags):
        if tag != "O":
            row["XY".index(tag[2:]), "BILU".index(tag[0])] = 1
    return rows


def written(rows):
    """The inverse of `one_hot`."""
    assert_allclose(rows * (1 - rows), 0, atol=1e-12)
    return [
        next((f"{SPELLED[LETTERS[j]]}-{'XY'[i]}" for i in (0, 1) for j in range(4) if row[i, j] > 0.5), "O")
        for row in rows
    ]


def legal_bio(n_tokens):
    for tags in itertools.product(["O", "B-X", "I-X", "B-Y", "I-Y"], repeat=n_tokens):
        before = ("O", *tags)
        if all(tag[0] != "I" or last[1:] == tag[1:] for last, tag in zip(before, tags)):
            yield list(tags)


def soft(scheme, n_tokens=30):
    """Probabilities of two types' tags; what they leave is O's."""
    rows = RANDOM.dirichlet(np.ones(9), n_tokens)[:, :8].reshape(n_tokens, 2, 4)
    letters = {"BIO": [1, 1, 0, 0], "IO": [0, 1, 0, 0], "BILUO": [1, 1, 1, 1]}[scheme]
    return rows * letters


@pytest.mark.parametrize("n_tokens", [1, 2, 3, 4])
def test_certain_tags_become_the_tags_of_the_same_spans(n_tokens):
    for bio in legal_bio(n_tokens):
        biluo = iob_to_biluo(bio)
        assert written(convert(one_hot(bio), "BIO", "BILUO")) == biluo
        assert written(convert(one_hot(biluo), "BILUO", "BIO")) == biluo_to_iob(biluo) == bio


def test_io_is_read_as_the_longest_entities():
    io = one_hot(["I-X", "I-X", "O", "I-Y", "I-X"])
    assert written(convert(io, "IO", "BIO")) == ["B-X", "I-X", "O", "B-Y", "B-X"]
    assert written(convert(io, "IO", "BILUO")) == ["B-X", "L-X", "O", "U-Y", "U-X"]
    assert written(convert(one_hot(["B-X", "L-X", "U-Y"]), "BILUO", "IO")) == ["I-X", "I-X", "I-Y"]


def test_by_hand():
    bio = np.array([[[0.6, 0.2, 0, 0]], [[0.1, 0.4, 0, 0]]])  # O has 0.2 and 0.5
    # The first token goes on with probability 0.4 / 0.8, the last one ends.
    expected = [[[0.3, 0.1, 0.1, 0.3]], [[0, 0, 0.4, 0.1]]]
    assert_allclose(convert(bio, "BIO", "BILUO"), expected, atol=1e-12)
    biluo = np.array([[[0.1, 0.2, 0.3, 0.25]]])
    assert_allclose(convert(biluo, "BILUO", "BIO"), [[[0.35, 0.5, 0, 0]]])
    assert_allclose(convert(biluo, "BILUO", "IO"), [[[0, 0.85, 0, 0]]])
    io = np.array([[[0, 0.3, 0, 0]], [[0, 0.9, 0, 0]], [[0, 0.5, 0, 0]]])
    expected = [[[0.3, 0, 0, 0]], [[0.6, 0.3, 0, 0]], [[0, 0.5, 0, 0]]]
    assert_allclose(convert(io, "IO", "BIO"), expected, atol=1e-12)


@pytest.mark.parametrize("source", ["BIO", "BILUO", "IO"])
@pytest.mark.parametrize("target", ["BIO", "BILUO", "IO"])
def test_the_probability_of_a_type_stays(source, target):
    letters = soft(source)
    converted = convert(letters, source, target)
    assert (converted >= 0).all()
    assert_allclose(converted.sum(axis=2), letters.sum(axis=2), atol=1e-12)
    used = {"BIO": "BI", "IO": "I", "BILUO": "BIES"}[target]
    assert not converted[..., [letter not in used for letter in LETTERS]].any()


def test_there_and_back():
    bio = soft("BIO")
    assert_allclose(convert(convert(bio, "BIO", "BILUO"), "BILUO", "BIO"), bio, atol=1e-12)


def cut(*borders):
    borders = np.array(borders)
    return borders[:-1], borders[1:]


def carried(tags, teacher, student):
    return written(carry(one_hot(tags), align(cut(*student), cut(*teacher))))


def test_pieces_of_a_teachers_token():
    assert carried(["U-X"], [0, 3], [0, 1, 2, 3]) == ["B-X", "I-X", "L-X"]
    assert carried(["B-X", "L-X"], [0, 2, 4], [0, 1, 2, 3, 4]) == ["B-X", "I-X", "I-X", "L-X"]
    assert carried(["B-Y", "L-Y", "O"], [0, 2, 4, 6], [0, 1, 2, 4, 5, 6]) == ["B-Y", "I-Y", "L-Y", "O", "O"]


def test_several_of_a_teachers_tokens_in_one():
    assert carried(["B-X", "I-X", "L-X"], [0, 1, 2, 3], [0, 3]) == ["U-X"]
    assert carried(["B-X", "I-X", "L-X"], [0, 1, 2, 3], [0, 2, 3]) == ["B-X", "L-X"]
    assert carried(["O", "U-X"], [0, 1, 2], [0, 2]) == ["O"]


def test_tokens_that_cross():
    # The student's second token begins in the teacher's first and goes on into its second, which speaks for it.
    assert carried(["U-X", "O"], [0, 3, 5], [0, 2, 5]) == ["B-X", "O"]
    assert carried(["O", "U-X"], [0, 3, 5], [0, 2, 4, 5]) == ["O", "B-X", "L-X"]


@pytest.mark.parametrize("scheme", ["BIO", "BILUO", "IO"])
def test_carrying_keeps_scheme_and_probabilities(scheme):
    letters = soft(scheme, 10)
    alignment = align(cut(0, 2, 3, 4, 9, 10, 15, 20), cut(0, 1, 2, 3, 4, 6, 8, 10, 12, 14, 20))
    found = carry(letters, alignment)
    assert_allclose(found.sum(axis=2), letters[alignment.first].sum(axis=2), atol=1e-12)
    unused = {"BIO": [2, 3], "IO": [0, 2, 3], "BILUO": []}[scheme]
    assert not found[..., unused].any()
