"""States of a transition parser: which moves are valid, and what a teacher's tags say of them."""

from collections.abc import Sequence

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_hone.pipes.state_targets import of_states
from spacy_hone.pipes.states import Moves, Walk

NAMES = ["O", "B-PER", "I-PER", "L-PER", "U-PER", "B-LOC", "I-LOC", "L-LOC", "U-LOC", "U-"]
TEXT = "Ann met Bob \n in New York City . Rome fell"
TINY = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 4,
    "maxout_pieces": 2,
    "use_upper": True,
    "tok2vec": {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 8,
        "depth": 1,
        "embed_size": 50,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": False,
    },
}


@pytest.fixture(scope="module")
def ner():
    nlp = spacy.blank("en")
    ner = nlp.add_pipe("hone_transition_ner", name="ner", config={"model": TINY})
    golds = [Example.from_dict(nlp.make_doc("Ann Rome"), {"entities": [(0, 3, "PER"), (4, 8, "LOC")]})]
    nlp.initialize(lambda: golds)
    return ner


def given(doc: Doc) -> Doc:
    """With entities, a blocked token and beginnings of sentences that are there before."""
    doc.set_ents([Span(doc, 5, 7, "LOC")], blocked=[doc[2:3]], default="unmodified")
    for i in range(1, len(doc)):
        doc[i].is_sent_start = i == 9
    return doc


@pytest.mark.parametrize("make", [lambda doc: doc, given], ids=["plain", "given"])
@pytest.mark.parametrize("seed", range(5))
def test_valid_moves_are_spacys_on_any_way(ner, make, seed):
    docs = [make(ner_doc) for ner_doc in (spacy.blank("en").make_doc(TEXT), spacy.blank("en").make_doc(TEXT))]
    docs.append(spacy.blank("en").make_doc(""))
    docs.append(spacy.blank("en").make_doc("Rome"))
    docs = [Doc(ner.vocab).from_bytes(doc.to_bytes()) for doc in docs]
    moves = Moves(ner.moves)
    assert sorted(moves.names) == sorted(NAMES)
    walk, rng = Walk(ner, moves, docs), np.random.default_rng(seed)
    assert walk.owners.tolist() == [0, 1, 3]
    bases, times = np.cumsum([0, *map(len, docs)]), 0
    while walk.states:
        valid = walk.valid()
        expected = [[ner.moves.is_valid(state, name) for name in moves.names] for state in walk.states]
        assert valid.tolist() == expected and valid.any(axis=1).all()
        assert [state.entity_is_open() for state in walk.states] == (walk.opened > 0).tolist()
        assert walk.tokens.tolist() == [bases[owner] + times for owner in walk.owners]
        walk.advance(rng.normal(size=valid.shape).astype("float32"), valid)
        times += 1
    assert times == len(docs[0])


class TestOfStates:
    """Columns as in NAMES. P of the tags of one token: O .1, B-PER .2, I-PER .1, L-PER .2, U-LOC .4."""

    P = np.array([0.1, 0.2, 0.1, 0.2, 0, 0, 0, 0, 0.4, 0])
    OUTSIDE = (0, 1, 4, 5, 8)  # valid where no entity is open

    def read(self, valid: Sequence[int], closing: int, known: list[int] | None = None) -> np.ndarray:
        mask = np.isin(np.arange(10), valid)[None]
        with np.errstate(divide="ignore"):
            tags = np.maximum(np.log(self.P), -69)
        tags[9] = -np.inf
        if known is not None:
            tags[~np.isin(np.arange(10), known)] = -np.inf
        return np.exp(of_states(tags[None], mask, np.array([closing]))[0])

    def test_outside_what_begins_nothing_is_outside(self):
        p = self.read(self.OUTSIDE, 0)
        assert_allclose(p, [0.4, 0.2, 0, 0, 0, 0, 0, 0, 0.4, 0], atol=1e-12)

    def test_inside_what_does_not_go_on_ends(self):
        assert_allclose(self.read([2, 3], 3), [0, 0, 0.1, 0.9, 0, 0, 0, 0, 0, 0], atol=1e-12)
        assert_allclose(self.read([6, 7], 7), [0, 0, 0, 0, 0, 0, 0, 1, 0, 0], atol=1e-12)

    def test_the_last_token_ends_what_is_open(self):
        assert_allclose(self.read([3], 3)[3], 1)

    def test_where_the_closing_move_is_not_valid_p_is_what_it_is(self):
        assert_allclose(self.read([1, 4], 0)[[1, 4]], [0.2, 0], atol=1e-12)

    def test_types_that_the_teacher_does_not_know_are_left_out(self):
        people = [0, 1, 2, 3, 4]
        p = self.read(self.OUTSIDE, 0, people)
        assert_allclose(p[[0, 1, 4]], [0.8, 0.2, 0], atol=1e-12)
        assert not p[[5, 8]].any()
        assert not self.read([6, 7], 7, people).any()  # nothing is said of an entity of such a type

    def test_a_certain_teacher_shows_a_gold_move(self, ner):
        """Its likeliest move has no cost in spaCy's dynamic oracle, also after any one mistake of the student's."""
        vocab = ner.vocab
        words = ["Ann", "Lee", "met", "Bob", "in", "New", "York", "City", ".", "Rome"]
        ents = ["B-PER", "L-PER", "O", "U-PER", "O", "B-LOC", "I-LOC", "L-LOC", "O", "U-LOC"]
        iob = [tag.replace("L-", "I-").replace("U-", "B-") for tag in ents]
        moves = Moves(ner.moves)
        tags = np.where([[name == tag for name in moves.names] for tag in ents], 0.0, -69.0)
        tags[:, moves.names.index("U-")] = -np.inf
        for mistake in np.ndindex(len(words), len(moves.names)):
            eg = Example(Doc(vocab, words=words), Doc(vocab, words=words, ents=iob))
            walk = Walk(ner, moves, [eg.predicted])
            gold = ner.moves.init_gold(walk.states[0], eg)
            while walk.states:
                valid = walk.valid()
                soft = of_states(tags[walk.tokens], valid, moves.closings[walk.opened])
                assert ner.moves.get_cost(walk.states[0], gold, int(soft.argmax())) <= 0
                scores = np.where(valid, soft, -1e9).astype("float32")
                if walk.tokens[0] == mistake[0]:
                    scores[0, mistake[1]] = 1
                walk.advance(scores, valid)
