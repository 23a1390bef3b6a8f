"""Probabilities of tags from one scheme to another, and from a teacher's tokens to a student's.

They are held as an array of shape (tokens, labels, 4): for each entity type the probabilities of its tags, by their
letters B(egin) I(nside) E(nd) S(ingle). A scheme that lacks a letter has zeros there; what is left is O.
"""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from ..corpora.schemes import NEAREST, SCHEMES
from .align import Alignment

Array = NDArray[np.float64]
LETTERS = "BIES"
B, I, E, S = range(4)  # noqa: E741


def letter_of(tag: str, scheme: str) -> int:
    """The index of the letter that a tag's prefix stands for in a scheme."""
    return LETTERS.index(SCHEMES[scheme].letters[tag[0]])


def shares(scheme: str) -> Array:
    """How the letters are read in a scheme, shape (4, 4): the row's probability goes to the column's."""
    written = SCHEMES[scheme].letters.values()
    table = np.zeros((4, 4))
    for i, letter in enumerate(LETTERS):
        table[i, LETTERS.index(next(near for near in NEAREST[letter] if near in written))] = 1
    return table


def convert(letters: Array, source: str, target: str, joined: NDArray[np.bool_] | None = None) -> Array:
    """Probabilities of the tags in another scheme; of tags that are certain, exactly the tags of the same spans.

    A tag that says less than the target has to know is completed from its neighbours. Under BIO a token of type X
    is followed by more of its entity with the probability P(I-X next) / P(X), at most 1. Under IO neighbours of a
    type are one entity: X goes on from its predecessor, or into its successor, as far as min(P(X), P(X beside it))
    allows.

    letters: shape (tokens, labels, 4).
    source, target: "BIO", "BILUO" or "IO".
    joined: shape (tokens - 1,): whether a token and the one after it are of one text. None: all are.
    """
    if source == target:
        return letters
    beside = np.ones((1, 1)) if joined is None else joined[:, None].astype("float64")
    if source == "IO":
        letters = _find_begins(letters, beside)
    if source != "BILUO" and target == "BILUO":
        letters = _find_ends(letters, beside)
    return cast(Array, letters @ shares(target))


def _find_begins(letters: Array, beside: Array) -> Array:
    """IO to BIO."""
    mass = letters[..., I]
    inside = np.zeros_like(letters)
    inside[1:, :, I] = np.minimum(mass[1:], mass[:-1]) * beside
    inside[..., B] = mass - inside[..., I]
    return inside


def _find_ends(letters: Array, beside: Array) -> Array:
    """BIO to BILUO."""
    mass = letters.sum(axis=2)
    following = np.zeros_like(mass)
    following[:-1] = np.minimum(letters[1:, :, I], mass[:-1]) * beside
    goes_on = _ratio(following, mass)
    begins, inside = letters[..., B], letters[..., I]
    parts = (begins * goes_on, inside * goes_on, inside * (1 - goes_on), begins * (1 - goes_on))
    return np.stack(parts, axis=2)


def carry(letters: Array, alignment: Alignment) -> Array:
    """The same probabilities for the tokens of a student, each of which one of the teacher's speaks for.

    The first of the teacher's tokens in it says its type and whether an entity begins there, the last one whether it
    ends. Of several tokens in one of the teacher's only the first can begin what it begins, and only the last end
    what it ends.

    letters: shape (teacher tokens, labels, 4).
    RETURNS: shape (student tokens, labels, 4), in the same scheme.
    """
    first, last, opens, closes = alignment
    carried = letters[first]
    several = first != last
    heads, tails = carried[several], letters[last[several]]
    ends = _ratio(tails[..., E] + tails[..., S], tails.sum(axis=2))
    begins, inside = heads[..., B] + heads[..., S], heads[..., I] + heads[..., E]
    carried[several] = np.stack(
        (begins * (1 - ends), inside * (1 - ends), inside * ends, begins * ends), axis=2
    )
    _move(carried, ~opens, ((B, I), (S, E)))
    _move(carried, ~closes, ((E, I), (S, B)))
    return carried


def _move(letters: Array, where: NDArray[np.bool_], moves: tuple[tuple[int, int], ...]) -> None:
    """Let the letters of some tokens become others, in place."""
    for old, new in moves:
        letters[where, :, new] += letters[where, :, old]
        letters[where, :, old] = 0


def _ratio(part: Array, whole: Array) -> Array:
    """part / whole, and 0 where there is nothing."""
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
