"""Several teachers as one: means by hand."""

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.tokens import Doc

from spacy_hone.errors import HoneError
from spacy_hone.teachers.base import Output, Task
from spacy_hone.teachers.ensemble import make_ensemble_teacher
from spacy_hone.teachers.mapping import prepare

A = Task("tags", True, ["O", "B-A", "I-A"], "BIO")
B = Task("tags", True, ["O", "B-B", "I-B"], "BIO")
AB = Task("tags", True, ["O", "B-A", "I-A", "B-B", "I-B"], "BIO")
DOC = Doc(spacy.blank("en").vocab, words=["x", "y"])


@pytest.fixture
def say(fake):
    """say(task, rows, labels): a teacher that gives these probabilities for the tokens of DOC, or for the whole."""

    def make(task, rows, labels=None, key="fake"):
        teacher = fake(task, labels=labels)
        teacher.key = key
        p = np.array(rows, dtype="float32")
        logits = np.log(p) if task.exclusive else np.log(p / (1 - p))
        starts = np.array([0, 2][: len(p)] if task.kind == "tags" else [], dtype="int32")
        teacher.output = lambda: Output(logits, starts, starts + 1)
        return teacher

    return make


def probabilities(teacher):
    logits = teacher.outputs([DOC])[0].logits
    return np.exp(logits) if teacher.exclusive else 1 / (1 + np.exp(-logits))


def test_the_mean_of_the_same_labels(say):
    first, second = ([[0.5, 0.3, 0.2], [0.9, 0.1, 1e-9]], [[0.1, 0.9, 1e-9], [0.1, 0.3, 0.6]])
    ensemble = make_ensemble_teacher(say(A, first), say(A, second))
    assert ensemble.task == A
    assert_allclose(probabilities(ensemble), (np.array(first) + second) / 2, atol=1e-6)
    ensemble = make_ensemble_teacher(say(A, first), say(A, second), weights=[3.0, 1.0])
    assert_allclose(probabilities(ensemble), (3 * np.array(first) + second) / 4, atol=1e-6)


def test_labels_that_only_one_knows(say):
    rows = [[0.1, 0.9, 1e-9], [0.2, 0.8, 1e-9]], [[1.0, 1e-9, 1e-9], [0.4, 0.6, 1e-9]]
    ensemble = make_ensemble_teacher(say(A, rows[0]), say(B, rows[1]))
    assert ensemble.columns == AB.columns
    found = probabilities(ensemble)
    assert_allclose(found[0], [0.1, 0.9, 0, 0, 0], atol=1e-6)
    assert_allclose(found[1], [0.2 * 0.4, 0.8, 0, 0.6, 0], atol=1e-6)  # they disagree
    logits, known = prepare(ensemble, AB).to_student(ensemble.outputs([DOC]), [DOC])
    assert known.all()
    assert_allclose(np.exp(logits[1]), np.array([0.08, 0.8, 0, 0.6, 0]) / 1.48, atol=1e-6)


def test_names_and_schemes_meet(say):
    biluo = Task("tags", True, ["O", "B-B", "I-B", "L-B", "U-B"], "BILUO")
    one = say(biluo, [[0.5, 0.1, 0.1, 0.1, 0.2]] * 2, [["B", "A"]])
    ensemble = make_ensemble_teacher(one, say(A, [[0.5, 0.3, 0.2]] * 2))
    assert ensemble.task == A
    assert_allclose(probabilities(ensemble), [[0.5, 0.3, 0.2]] * 2, atol=1e-6)
    assert make_ensemble_teacher(one, one).scheme == "BILUO"


def test_tokens_that_one_does_not_know(say):
    short = say(A, [[0.2, 0.7, 0.1]])
    assert_allclose(
        probabilities(make_ensemble_teacher(short, say(A, [[0.4, 0.3, 0.3]] * 2)))[1],
        [0.4, 0.3, 0.3],
        rtol=1e-5,
    )
    output = make_ensemble_teacher(short, short).outputs([DOC])[0]
    assert output.starts.tolist() == [0] and output.ends.tolist() == [1] and len(output.logits) == 1


def test_categories(say):
    exclusive = Task("categories", True, ["a", "b"])
    ensemble = make_ensemble_teacher(say(exclusive, [[0.8, 0.2]]), say(exclusive, [[0.4, 0.6]]))
    assert_allclose(probabilities(ensemble), [[0.6, 0.4]], rtol=1e-5)
    independent = Task("categories", False, ["a", "b"])
    other = say(independent._replace(columns=["b", "c"]), [[0.6, 0.9]])
    ensemble = make_ensemble_teacher(say(independent, [[0.8, 0.2]]), other)
    assert ensemble.columns == ["a", "b", "c"]
    assert_allclose(probabilities(ensemble), [[0.8, 0.4, 0.9]], rtol=1e-5)


def test_bad_ensembles(say):
    one, cats = say(A, [[0.8, 0.1, 0.1]]), say(Task("categories", True, ["a", "b"]), [[0.8, 0.2]])
    with pytest.raises(HoneError, match=r"H916.*tags of entities \(BIO\); exclusive categories"):
        prepare(make_ensemble_teacher(one, cats), A)
    for teachers, weights in (((one,), None), ((one, one), [1.0]), ((one, one), [1.0, 0.0])):
        with pytest.raises(HoneError, match="H917"):
            make_ensemble_teacher(*teachers, weights=weights)
    with pytest.raises(HoneError, match=r"H903.*'X'"):
        prepare(make_ensemble_teacher(one, say(A, [[0.8, 0.1, 0.1]], [["X", "A"]])), A)
    with pytest.raises(HoneError, match="H902"):
        prepare(make_ensemble_teacher(one, say(A, [[0.8, 0.1, 0.1]], [["A"]])), A)
    with pytest.raises(HoneError, match=r"H905.*B"):
        prepare(make_ensemble_teacher(one, say(B, [[0.8, 0.1, 0.1]])), A)


def test_keys(say):
    rows = [[0.8, 0.1, 0.1]]
    keys = {
        make_ensemble_teacher(say(A, rows), say(A, rows, key=key), weights=weights).key
        for key in ("one", "other")
        for weights in (None, [1.0, 2.0])
    }
    assert len(keys) == 4
    assert (
        make_ensemble_teacher(say(A, rows), say(A, rows)).key
        == make_ensemble_teacher(say(A, rows), say(A, rows)).key
    )
