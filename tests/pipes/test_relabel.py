"""What an O means where only some labels are annotated."""

import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from spacy_hone.errors import HoneError
from spacy_hone.pipes.relabel import Relabelling
from spacy_hone.pipes.tags import TagTable
from spacy_hone.teachers.mapping import Targets

TABLE = TagTable(["OLD", "NEW"], "BIO")  # O, B-OLD, I-OLD, B-NEW, I-NEW
GOLD = TABLE.encode([(0, 1, "NEW")], 5)
LOGITS = np.random.default_rng(0).normal(size=(5, 5))
ALL = np.ones(5, dtype=bool)
COVERED = np.tile(np.isin(TABLE.labels, ["NEW"]), (5, 1))


def complete(relabelling=None, taught=None, covered=COVERED, known=ALL, logits=LOGITS):
    return (relabelling or Relabelling())(
        np.eye(5)[GOLD], known, covered=covered, logits=logits, taught=taught, lengths=[3, 2], table=TABLE
    )


def teacher(*spans: tuple[int, int], p: float = 0.9, known=ALL) -> Targets:
    """A teacher of OLD alone, with probability p for the tags of the spans, elsewhere for O."""
    probabilities = np.full((5, 3), (1 - p) / 2)
    probabilities[np.arange(5), TABLE.encode([(*span, "OLD") for span in spans], 5)] = p
    return Targets(np.hstack((np.log(probabilities), np.full((5, 2), -np.inf))), known)


def test_where_all_is_annotated_nothing_changes():
    targets, known = complete(covered=np.ones((5, 5), dtype=bool))
    assert (targets == np.eye(5)[GOLD]).all() and known.all()


def test_without_a_teacher_the_gradient_is_that_of_the_marginal_likelihood():
    targets, _ = complete()
    possible = [0, 1, 2]  # O or OLD

    def loss(logits):
        return -logsumexp(logits[possible]) + logsumexp(logits)

    for row in range(1, 5):
        gradient = softmax(LOGITS[row]) - targets[row]
        for k in range(5):
            step = np.eye(5)[k] * 1e-6
            numeric = (loss(LOGITS[row] + step) - loss(LOGITS[row] - step)) / 2e-6
            assert gradient[k] == pytest.approx(numeric, abs=1e-8)
    assert (targets[0] == np.eye(5)[3]).all()  # an entity is an entity


def test_hard_takes_what_the_teacher_is_sure_of():
    targets, known = complete(Relabelling("hard", 0.5), teacher((1, 3)))
    assert targets.argmax(axis=1).tolist() == [3, 1, 2, 0, 0] and targets.max(axis=1).tolist() == [1] * 5
    assert known.all()


def test_hard_leaves_out_what_it_is_not_sure_of():
    _, known = complete(Relabelling("hard", 0.95), teacher((1, 3)))
    assert known.tolist() == [True, False, False, True, True]


def test_entities_end_with_their_document():
    targets, _ = complete(Relabelling("hard", 0.0), teacher((2, 5)))
    assert targets.argmax(axis=1).tolist() == [3, 0, 1, 1, 2]  # nothing crosses from one text into the next


def test_soft_takes_the_teachers_probabilities():
    targets, known = complete(Relabelling("soft"), teacher((1, 3), p=0.8))
    assert targets[1] == pytest.approx([0.1, 0.8, 0.1, 0, 0])
    assert targets.sum(axis=1) == pytest.approx(np.ones(5)) and known.all()


def test_a_teacher_that_knows_none_of_the_open_labels_leaves_them_to_the_model():
    covered = np.tile(np.isin(TABLE.labels, ["OLD"]), (5, 1))
    targets, _ = complete(Relabelling("hard"), teacher((1, 3)), covered=covered)
    assert targets[1, [0, 3, 4]] == pytest.approx(softmax(LOGITS[1, [0, 3, 4]]))


def test_unknown_tokens_stay_unknown():
    known = np.array([True, True, False, True, True])
    assert (complete(Relabelling("soft"), teacher(), known=known)[1] == known).all()


@pytest.mark.parametrize("settings", [("firm", 0.5), ("hard", 1.5)])
def test_bad_settings(settings):
    with pytest.raises(HoneError, match="H329"):
        Relabelling(*settings)
