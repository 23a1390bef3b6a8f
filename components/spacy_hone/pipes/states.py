"""The states of a transition parser on their way through some documents, and the moves that are valid in each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

Bools = NDArray[np.bool_]
Ints = NDArray[np.integer]

GIVEN: list[int | str] = [
    "ENT_IOB",
    "ENT_TYPE",
    "IS_SPACE",
]  # what of a token decides on the validity of moves
GIVEN_NEXT: list[int | str] = ["ENT_IOB", "SENT_START"]  # and what of the one after it


class Moves:
    """The moves of spaCy's system for entities, in the order of a parser's scores.

    names (list[str]): "O", "B-PER", "I-PER", "L-PER", "U-PER" ..., and "U-" for a token that can be in no entity.
    types (list[str]): the entity type of each, "" where it has none.
    opens (ndarray): the number of the type whose entity is open after each, 0 for none, shape (moves,).
    closings (ndarray): the move that ends an entity, by the number of its type; for 0 the move O.
    """

    def __init__(self, system: Any):
        self.system = system
        self.names = [system.get_class_name(i) for i in range(system.n_moves)]
        self.types = [name[2:] for name in self.names]
        numbers = {label: i for i, label in enumerate(dict.fromkeys(["", *self.types]))}
        self.opens = np.array([numbers[name[2:]] if name[0] in "BI" else 0 for name in self.names])
        closings = [f"L-{label}" if label else "O" for label in numbers]
        self.closings = np.array([self.names.index(name) for name in closings])
        self._valid: dict[tuple[bytes, int], Bools] = {}

    def valid(self, state: Any, situation: bytes, opened: int) -> Bools:
        """Which moves are valid in a state, shape (moves,). spaCy is asked once for each situation and open type."""
        key = situation, opened
        if key not in self._valid:
            self._valid[key] = np.array([self.system.is_valid(state, name) for name in self.names])
        return self._valid[key]


class Walk:
    """A state for each document that has tokens, all of them at the same token, which a parser moves on.

    states (list[StateClass]): those that are not final.
    owners (ndarray): the number of the document of each, shape (states,).
    opened (ndarray): the number of the type of the entity that is open in each, 0 for none, shape (states,).
    """

    def __init__(self, parser: Any, moves: Moves, docs: Sequence[Doc]):
        self.parser, self.moves = parser, moves
        self._bases = np.cumsum([0, *map(len, docs)])
        self._situations = [row.tobytes() for doc in docs for row in situations(doc)]
        self.states = parser.moves.init_batch(docs)
        self.owners = np.arange(len(docs))
        self.opened = np.zeros(len(docs), dtype="int64")
        self._drop_final()

    @property
    def tokens(self) -> Ints:
        """The first token of the buffer of each state, counted through all documents, shape (states,)."""
        return self._bases[self.owners] + [state.B(0) for state in self.states]

    def valid(self) -> Bools:
        """The moves that are valid in each state, shape (states, moves)."""
        rows = zip(self.states, self.tokens.tolist(), self.opened.tolist())
        return np.stack([self.moves.valid(state, self._situations[i], opened) for state, i, opened in rows])

    def advance(self, scores: NDArray[np.float32], valid: Bools) -> None:
        """Make the valid move that scores best in each state, as spaCy's parser does."""
        self.opened = self.moves.opens[np.where(valid, scores, -np.inf).argmax(axis=1)]
        self.parser.transition_states(self.states, scores)
        self._drop_final()

    def _drop_final(self) -> None:
        going_on = [not state.is_final() for state in self.states]
        self.states = [state for state, goes_on in zip(self.states, going_on) if goes_on]
        self.owners, self.opened = self.owners[going_on], self.opened[going_on]


def situations(doc: Doc) -> NDArray[np.uint64]:
    """What decides, beside the open entity, which moves are valid at each token, shape (tokens, features)."""
    following: NDArray[np.uint64] = np.full(
        (len(doc), len(GIVEN_NEXT)), 99, dtype="uint64"
    )  # of the last token: nothing
    if len(doc):
        following[:-1] = doc.to_array(GIVEN_NEXT)[1:]
    given: NDArray[np.uint64] = doc.to_array(GIVEN).reshape(len(doc), len(GIVEN)).astype("uint64")
    return np.hstack((given, following))
