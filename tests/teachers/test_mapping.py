"""Outputs of teachers in the rows and columns of students: names, schemes, tokens."""

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.tokens import Doc
from spacy.util import get_words_and_spaces

from spacy_hone.errors import HoneError
from spacy_hone.teachers.base import NO_OFFSETS, Task
from spacy_hone.teachers.labels import LabelMap
from spacy_hone.teachers.mapping import prepare

BIO = Task("tags", True, ["O", "B-PER", "I-PER", "B-GPE", "I-GPE"], "BIO")
STUDENT = Task("tags", True, ["O", "B-PERSON", "I-PERSON", "B-ORG", "I-ORG"], "BIO")
PAIRS = [["PER", "PERSON"], ["GPE", None]]
VOCAB = spacy.blank("en").vocab


def doc_of(words, spaces=None):
    return Doc(VOCAB, words=words, spaces=spaces)


def tags(targets, student):
    """The likeliest column of each row; None where nothing is known."""
    return [
        student.columns[int(row.argmax())] if known else None
        for row, known in zip(targets.logits, targets.known)
    ]


def decide(teacher, student, doc):
    return tags(prepare(teacher, student).to_student([teacher.output()], [doc]), student)


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_names_nulls_and_columns_unknown_to_the_teacher(fake):
    doc = doc_of(["Ann", "saw", "Rome"])
    teacher = fake(BIO, [(0, 3, "B-PER"), (4, 7, "O"), (8, 12, "B-GPE")], PAIRS)
    mapping = prepare(teacher, STUDENT)
    logits, known = mapping.to_student([teacher.output()], [doc])
    assert logits.dtype == np.float32 and logits.shape == (3, 5) and known.all()
    assert np.isneginf(logits[:, 3:]).all() and np.isfinite(logits[:, :3]).all()
    assert_allclose(softmax(logits).sum(axis=1), 1, rtol=1e-6)
    assert tags((mapping.to_student([teacher.output()], [doc])), STUDENT) == ["B-PERSON", "O", "O"]


def test_the_same_columns_keep_their_probabilities(fake):
    task = Task("tags", True, ["B-A", "O", "I-A"], "BIO")
    student = task._replace(columns=["O", "B-A", "I-A"])
    teacher = fake(task, [(0, 1, "O"), (2, 3, "O")])
    logits = np.random.default_rng(0).normal(0, 3, (2, 3)).astype("float32")
    output = teacher.output()._replace(logits=logits)
    found = prepare(teacher, student).to_student([output], [doc_of(["a", "b"])]).logits
    assert_allclose(softmax(found), softmax(logits)[:, [1, 0, 2]], rtol=1e-5)


def test_labels_that_become_one_add_up(fake):
    teacher = fake(BIO, [(0, 3, "O")], [["PER", "PERSON"], ["GPE", "PERSON"]])
    output = teacher.output()._replace(logits=np.log([[0.4, 0.1, 0.2, 0.25, 0.05]]).astype("float32"))
    found = prepare(teacher, STUDENT).to_student([output], [doc_of(["Ann"])]).logits
    assert_allclose(np.exp(found[0, :3]), [0.4, 0.35, 0.25], rtol=1e-5)


CHARACTERS = [(i, i + 1, tag) for i, tag in enumerate(["B-A", "I-A", "I-A", "I-A", "O"])]
CASES = {  # text, the student's words, the teacher's tokens, what the student is told
    "contraction": (
        "I don't know",
        ["I", "don't", "know"],
        [(0, 1, "O"), (2, 4, "B-A"), (4, 7, "I-A"), (8, 12, "O")],
        "O B-A O",
    ),
    "its parts": ("I don't", ["I", "do", "n't"], [(0, 1, "O"), (2, 7, "B-A")], "O B-A I-A"),
    "characters": (
        "北京大学在",
        ["北", "京", "大", "学", "在"],
        [(0, 2, "B-A"), (2, 4, "I-A"), (4, 5, "O")],
        "B-A I-A I-A I-A O",
    ),
    "words": ("北京大学在", ["北京", "大学", "在"], CHARACTERS, "B-A I-A O"),
    "emoji": (
        "👩\u200d👧 in Rome",
        ["👩\u200d👧", "in", "Rome"],
        [(0, 1, "O"), (2, 3, "O"), (4, 6, "O"), (7, 11, "B-A")],
        "O O B-A",
    ),
    "combining": (
        "e\u0301te\u0301 Rome",
        ["e\u0301te\u0301", "Rome"],
        [(0, 5, "O"), (6, 10, "B-A")],
        "O B-A",
    ),
    "letters only": ("e\u0301 x", ["e\u0301", "x"], [(0, 1, "B-A"), (3, 4, "O")], "B-A O"),
    "token without": ("a \u200b b", ["a", "\u200b", "b"], [(0, 1, "B-A"), (4, 5, "O")], "B-A None O"),
}


@pytest.mark.parametrize("case", CASES)
def test_unlike_tokens(fake, case):
    text, words, tokens, expected = CASES[case]
    student = Task("tags", True, ["O", "B-A", "I-A"], "BIO")
    doc = doc_of(*get_words_and_spaces(words, text))
    assert doc.text == text
    assert " ".join(map(str, decide(fake(student, tokens), student, doc))) == expected


def test_whitespace_is_not_known(fake):
    student = Task("tags", True, ["O", "B-A", "I-A"], "BIO")
    doc = doc_of(["a", "\n\n", "b"], [False, False, False])
    teacher = fake(student, [(0, 1, "B-A"), (1, 3, "I-A"), (3, 4, "O")])
    assert decide(teacher, student, doc) == ["B-A", None, "O"]


def test_scheme_and_tokens_together(fake):
    student = Task("tags", True, ["O", "B-A", "I-A", "L-A", "U-A"], "BILUO")
    teacher = fake(Task("tags", True, ["O", "I-A"], "IO"), [(0, 3, "I-A"), (4, 8, "I-A"), (9, 10, "O")])
    assert decide(teacher, student, doc_of(["New", "York", "."])) == ["B-A", "L-A", "O"]
    pieces = doc_of(["New", "Yo", "rk", "."], [True, False, True, False])
    assert decide(teacher, student, pieces) == ["B-A", "I-A", "L-A", "O"]
    assert decide(teacher, student, doc_of(["New York", "."])) == ["U-A", "O"]


def test_empty_documents_and_silent_teachers(fake):
    mapping = prepare(teacher := fake(BIO, [], PAIRS), STUDENT)
    logits, known = mapping.to_student([teacher.output()], [doc_of([])])
    assert logits.shape == (0, 5) and known.shape == (0,)
    logits, known = mapping.to_student([teacher.output()], [doc_of(["a"])])
    assert not known.any() and (logits[0, :3] == 0).all()


def test_tagger_and_exclusive_categories(fake):
    task = Task("tags", True, ["NN", "NNS", "VB"])
    student = Task("tags", True, ["V", "N", "X"])
    teacher = fake(task, [(0, 1, "VB"), (2, 3, "NNS")], [["NN", "N"], ["NNS", "N"], ["VB", "V"]])
    assert decide(teacher, student, doc_of(["a", "b"])) == ["V", "N"]
    teacher.labels = [["NN", "N"], ["NNS", None], ["VB", "V"]]  # what is given up says nothing of the others
    assert decide(teacher, student, doc_of(["a", "b"])) == ["V", None]

    task, student = Task("categories", True, ["p", "n", "other"]), Task("categories", True, ["neg", "pos"])
    pairs = [["p", "pos"], ["n", "neg"], ["other", None]]
    teacher = fake(task, labels=pairs, logits=np.log([0.2, 0.6, 0.2]))
    logits, known = prepare(teacher, student).to_student([teacher.output()], [doc_of(["a"])])
    assert known.tolist() == [True]
    assert_allclose(np.exp(logits), [[0.75, 0.25]], rtol=1e-5)


def test_independent_categories(fake):
    task, student = Task("categories", False, ["a", "b", "c"]), Task("categories", False, ["x", "C", "new"])
    teacher = fake(task, labels=[["a", "x"], ["b", "x"], ["c", "C"]], logits=[-1.0, 2.0, 0.5])
    logits, known = prepare(teacher, student).to_student([teacher.output()], [doc_of(["a"])])
    assert_allclose(logits, [[2.0, 0.5, -np.inf]])
    assert known.all()


@pytest.mark.parametrize(
    "pairs, code, words",
    [
        (None, "H905", ["PER", "GPE", "PERSON, ORG", "PER may be PERSON"]),
        ([["PER", "PERSON"]], "H905", ["GPE", "null"]),
        ([["PERS", "PERSON"], ["GPE", None]], "H903", ["'PERS'", "teacher", "PER"]),
        ([["PER", "PERSNO"], ["GPE", None]], "H903", ["'PERSNO'", "student", "PERSON"]),
        ([["PER", "PERSON"], ["PER", "ORG"], ["GPE", None]], "H904", ["'PER'"]),
        ([["PER", None], ["GPE", None]], "H906", ["PER, GPE", "PERSON, ORG"]),
        ([["PER"]], "H902", ["['PER']"]),
        (["PER"], "H902", ["'PER'"]),
    ],
)
def test_label_maps_are_complete_or_refused(pairs, code, words):
    with pytest.raises(HoneError, match=code) as error:
        LabelMap(pairs, ["PER", "GPE"], ["PERSON", "ORG"])
    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize(
    "student",
    [
        Task("tags", True, ["PER", "GPE"]),
        Task("categories", True, ["PER", "GPE"]),
        Task("categories", False, ["PER", "GPE"]),
    ],
    ids=str,
)
def test_kinds_must_agree(fake, student):
    with pytest.raises(HoneError, match="H901"):
        prepare(fake(BIO), student)


@pytest.mark.parametrize(
    "tokens", [[(0, 9, "O")], [(0, 2, "O"), (1, 3, "O")], [(2, 2, "O")], [(2, 3, "O"), (0, 1, "O")]]
)
def test_offsets_of_another_text(fake, tokens):
    teacher = fake(BIO, tokens, PAIRS)
    with pytest.raises(HoneError, match=r"H907.*a b c"):
        prepare(teacher, STUDENT).to_student([teacher.output()], [doc_of(["a", "b", "c"])])


@pytest.mark.parametrize("source", ["BIO", "IO"])
def test_documents_of_a_batch_do_not_meet(fake, source):
    student = Task("tags", True, ["O", "B-A", "I-A", "L-A", "U-A"], "BILUO")
    columns = ["O", "I-A"] if source == "IO" else ["O", "B-A", "I-A"]
    last, first = ("I-A", "I-A") if source == "IO" else ("B-A", "I-A")
    teacher = fake(Task("tags", True, columns, source), [(0, 1, first), (2, 3, last)])
    mapping = prepare(teacher, student)
    docs = [doc_of(["a", "b"]), doc_of([]), doc_of(["\n"]), doc_of(["a", "b"]), doc_of(["a", "b"])]
    nothing = teacher.output()._replace(
        logits=np.zeros((0, len(columns)), "float32"), starts=NO_OFFSETS, ends=NO_OFFSETS
    )
    outputs = [teacher.output(), nothing, nothing, teacher.output(), teacher.output()]
    together = mapping.to_student(outputs, docs)
    alone = [mapping.to_student([output], [doc]) for output, doc in zip(outputs, docs)]
    assert_allclose(together.logits, np.concatenate([each.logits for each in alone]), rtol=1e-6)
    assert together.known.tolist() == [True, True, False, True, True, True, True]


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize(("kind", "columns"), [("tags", ["NN", "VB"]), ("categories", ["NN", "VB"])])
def test_logits_that_are_not_finite(fake, kind, columns, exclusive):
    task = Task(kind, exclusive or kind == "tags", columns)
    pieces = [(0, 1, "NN"), (2, 3, "VB")] if kind == "tags" else [(0, 0, "NN")]
    teacher = fake(task, pieces)
    output, doc = teacher.output(), doc_of(["a", "b"])
    for bad in (np.nan, np.inf):
        logits = output.logits.copy()
        logits[-1, 1] = bad
        with pytest.raises(HoneError, match=r"H920.*'a b"):
            prepare(teacher, task).to_student([output._replace(logits=logits)], [doc])
