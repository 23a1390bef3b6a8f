"""Vectors of a teacher as the second term of distillation, in whole components."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam

from spacy_hone.errors import HoneError
from spacy_hone.pipes.vectors import TeacherVectors, document_vectors, make_teacher_vectors, token_vectors
from spacy_hone.teachers.base import NO_OFFSETS, Output, Task, Teacher
from spacy_hone.teachers.mapping import align_docs
from spacy_hone.training.gradients import bind_optimizer
from spacy_hone.training.optimizer import make_adamw

WIDTH = 16
CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": WIDTH,
    "depth": 1,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
}
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": WIDTH}
TEXTS = ["Ann saw Rome.", "", "Rome \n fell", "Bob left"]
CATS = {"a": 1.0, "b": 0.0}
MODELS = {"hone_ner": "hone.TokenClassifier.v1", "hone_tagger": "hone.TokenClassifier.v1"}
TASKS = {
    "hone_ner": Task("tags", True, ["O", "B-PER", "I-PER"], "BIO"),
    "hone_tagger": Task("tags", True, ["A", "B"]),
    "hone_textcat": Task("categories", True, ["a", "b"]),
    "hone_textcat_multilabel": Task("categories", False, ["a", "b"]),
}
EVERY_HEAD = pytest.mark.parametrize("factory", TASKS)


class Oracle(Teacher):
    """Words between spaces are its tokens; each has a vector of its own. width: None for no vectors."""

    key = "oracle"

    def __init__(self, task: Task, width: int | None):
        self._task, self.width, self.asked = task, width, 0

    @property
    def task(self) -> Task:
        return self._task

    def vector(self, word: str) -> np.ndarray:
        rng = np.random.default_rng(list(word.encode()))
        return rng.normal(size=self.width).astype("float32")

    def outputs(self, texts: Sequence[Doc], *, vectors: bool = False) -> list[Output]:
        self.asked += 1
        return [self.output(doc.text, vectors and self.width is not None) for doc in texts]

    def output(self, text: str, vectors: bool) -> Output:
        words = text.split()
        logits = np.zeros((len(words), len(self.columns)), dtype="float32")
        logits[:, 0] = 1
        found = np.stack([self.vector(word) for word in words]) if vectors and words else None
        if self.kind == "categories":
            mean = None if found is None else found.mean(axis=0, keepdims=True)
            return Output(logits[:1], NO_OFFSETS, NO_OFFSETS, mean)
        starts = np.array([text.index(word) for word in words], dtype="int32")
        return Output(logits, starts, starts + np.array([len(word) for word in words], dtype="int32"), found)


def pipeline(factory: str, tok2vec: dict[str, Any] = CNN) -> tuple[Language, list[Example]]:
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    if tok2vec is LISTENER:
        nlp.add_pipe("tok2vec", config={"model": CNN})
    model = {"@architectures": MODELS.get(factory, "hone.TextClassifier.v1"), "tok2vec": tok2vec}
    link = "sigmoid" if factory == "hone_textcat_multilabel" else "softmax"
    hard = {"@losses": "hone.CrossEntropy.v1", "link": link}
    loss = {"@losses": "hone.Distillation.v1", "hard": hard}
    nlp.add_pipe(factory, name="head", config={"model": model, "loss": loss})
    docs = [nlp.make_doc(text) for text in TEXTS]
    gold = [
        {
            "entities": ["U-PER" if token.is_title else "O" for token in doc],
            "cats": CATS,
            "tags": ["A"] * len(doc),
        }
        for doc in docs
    ]
    examples = [Example.from_dict(doc, each) for doc, each in zip(docs, gold)]
    if factory == "hone_tagger":
        nlp.get_pipe("head").add_label("B")
    nlp.initialize(lambda: examples)
    return nlp, examples


def taught(
    factory: str, width: int | None = WIDTH, *, tok2vec=CNN, **options
) -> tuple[Language, list[Example], TeacherVectors]:
    nlp, examples = pipeline(factory, tok2vec)
    vectors = make_teacher_vectors(**options)
    nlp.get_pipe("head").teach(Oracle(TASKS[factory], width), lambda: examples, vectors=vectors)
    return nlp, examples, vectors


def gradients(nlp: Language, examples: list[Example]) -> tuple[np.ndarray, float]:
    """Of all parameters of the pipeline's models, after an update without dropout; and the reported loss."""
    losses: dict[str, float] = {}
    nlp.update(examples, sgd=False, drop=0.0, losses=losses)
    nodes = [node for _, pipe in nlp.pipeline for node in pipe.model.walk()]
    found = [
        node.get_grad(name).ravel() for node in nodes for name in node.param_names if node.has_grad(name)
    ]
    return np.concatenate(found), losses["head"]


@EVERY_HEAD
@pytest.mark.parametrize("tok2vec", [CNN, LISTENER], ids=["own", "listener"])
def test_the_gradient_is_the_sum_of_both_terms(factory, tok2vec):
    nlp, examples = pipeline(factory, tok2vec)
    nlp.get_pipe("head").teach(Oracle(TASKS[factory], WIDTH), lambda: examples)
    alone, loss = gradients(nlp, examples)
    (none, zero), (once, one), (twice, two) = (
        gradients(*taught(factory, tok2vec=tok2vec, weight=weight)[:2]) for weight in (0.0, 1.0, 2.0)
    )
    np.testing.assert_allclose(none, alone, atol=1e-7)
    assert zero == pytest.approx(loss, rel=1e-6)
    assert 0.5 < one - loss < 1.5  # of random directions: a cosine around 0
    assert two - loss == pytest.approx(2 * (one - loss), rel=1e-5)
    np.testing.assert_allclose(twice - alone, 2 * (once - alone), atol=1e-6)
    assert np.abs(once - alone).max() > 1e-4


@pytest.mark.parametrize("kind", ["cosine", "mse"])
@pytest.mark.parametrize("factory", ["hone_ner", "hone_textcat"])
def test_the_gradient_is_that_of_the_reported_value(factory, kind):
    """Central differences along the gradient of the encoder's parameters, the projection among them."""
    nlp, examples, vectors = taught(factory, 5, kind=kind, weight=3.0)
    head = nlp.get_pipe("head")

    def value() -> float:
        losses: dict[str, float] = {}
        nlp.update(examples, sgd=False, drop=0.0, losses=losses)
        return losses["head"]

    value()
    nodes = [*head.model.walk(), *head.unsaved_models]
    params = [(node, name) for node in nodes for name in node.param_names if node.has_grad(name)]
    assert (vectors.projections[0], "W") in params
    directions = [node.get_grad(name).copy() for node, name in params]
    length = sum(float((d.astype("float64") ** 2).sum()) for d in directions)
    step = 2e-3 / np.sqrt(length)
    values = []
    for sign in (1, -2):
        for (node, name), direction in zip(params, directions):
            node.set_param(name, node.get_param(name) + np.float32(sign * step) * direction)
        values.append(value())
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(length, rel=0.02)


@EVERY_HEAD
@pytest.mark.parametrize("width", [WIDTH, 5])
@pytest.mark.parametrize("kind", ["cosine", "mse"])
def test_training_brings_the_vectors_together(factory, width, kind):
    nlp, examples, vectors = taught(factory, width, kind=kind)
    head, optimizer = nlp.get_pipe("head"), Adam(0.02)
    found = []
    for _ in range(40):
        nlp.update(examples, sgd=optimizer)
        rows = head.model.get_ref("tok2vec").predict([eg.predicted for eg in examples])
        found.append(vectors.distance(head, {None: rows})[0])
    assert (not vectors.projections) == (width == WIDTH)
    assert found[-1] < 0.2 * found[0]


def test_adamw_trains_the_projection():
    nlp, examples, vectors = taught("hone_ner", 5, tok2vec=LISTENER)
    bind_optimizer(nlp)
    nlp.update(examples, sgd=False)
    before = vectors.projections[0].get_param("W").copy()
    optimizer = make_adamw(0.01)
    for _, pipe in nlp.pipeline:
        pipe.finish_update(optimizer)
    assert np.abs(vectors.projections[0].get_param("W") - before).max() == pytest.approx(0.01, rel=0.1)
    assert not vectors.projections[0].has_grad("W")


def test_the_teacher_is_asked_once_an_update():
    nlp, examples, _ = taught("hone_ner")
    teacher = nlp.get_pipe("head").mapping.teacher
    asked = teacher.asked
    nlp.update(examples, sgd=Adam(0.001))
    assert teacher.asked == asked + 1


def test_what_is_saved_does_not_change(tmp_path):
    nlp, examples, _ = taught("hone_ner", 5)
    nlp.update(examples, sgd=Adam(0.001))
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert [node.name for node in loaded.get_pipe("head").model.walk()] == [
        node.name for node in nlp.get_pipe("head").model.walk()
    ]
    assert loaded.get_pipe("head").vectors is None
    for text in TEXTS:
        np.testing.assert_array_equal(
            *(each.get_pipe("head").model.predict([each.make_doc(text)])[0] for each in (nlp, loaded))
        )


def test_without_annotation_and_without_a_loss_that_listens():
    """The vectors alone teach: the loss of unannotated documents is 0."""
    nlp, _ = pipeline("hone_ner")
    head = nlp.get_pipe("head")
    head.loss = head.loss.hard
    examples = [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in TEXTS]
    head.teach(Oracle(TASKS["hone_ner"], WIDTH), lambda: examples, vectors=make_teacher_vectors())
    losses = [nlp.update(examples, sgd=Adam(0.01), losses={})["head"] for _ in range(20)]
    assert 0 < losses[-1] < losses[0]


def test_a_batch_of_which_nothing_is_known():
    nlp, _, vectors = taught("hone_ner", 5)
    blanks = [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in ("\n", " \n ")]
    assert nlp.update(blanks, sgd=Adam(0.01), losses={})["head"] == 0
    assert not vectors.projections
    assert nlp.update([Example(nlp.make_doc(""), nlp.make_doc(""))], losses={})["head"] == 0


def test_a_transformer_student():
    pytest.importorskip("spacy_transformers")
    from spacy_hone.models.scratch import train_tokenizer

    nlp = spacy.blank("en")
    sizes = {"vocab_size": 60, "depth": 1, "width": WIDTH, "n_heads": 2, "ff_width": 16, "precision": "fp32"}
    encoder = nlp.add_pipe(
        "transformer", config={"model": {"@architectures": "hone.TransformerEncoder.v1", **sizes}}
    )
    train_tokenizer(encoder.model, TEXTS)
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": "reduce_first.v1"},
    }
    for factory, model in (
        ("hone_ner", "hone.TokenClassifier.v1"),
        ("hone_textcat", "hone.TextClassifier.v1"),
    ):
        nlp.add_pipe(factory, config={"model": {"@architectures": model, "tok2vec": listener}})
    examples = [Example.from_dict(nlp.make_doc(text), {"entities": [], "cats": CATS}) for text in TEXTS]
    nlp.get_pipe("hone_ner").add_label("PER")
    nlp.initialize(lambda: examples)
    for factory in ("hone_ner", "hone_textcat"):
        head = nlp.get_pipe(factory)
        head.teach(Oracle(TASKS[factory], 5), lambda: examples, vectors=make_teacher_vectors(), needed=True)
    bind_optimizer(nlp)
    optimizer = make_adamw(0.01)
    found = [nlp.update(examples, sgd=optimizer, losses={}) for _ in range(30)]
    assert found[-1]["hone_ner"] < 0.7 * found[0]["hone_ner"]
    assert found[-1]["hone_textcat"] < 0.7 * found[0]["hone_textcat"]


class TestRows:
    vocab = spacy.blank("en").vocab

    def test_tokens_get_the_vector_of_the_first_that_starts_in_them(self):
        doc = Doc(self.vocab, words=["Ann", "\n", "saw", "Rome"], spaces=[True, False, True, False])
        starts, ends = np.array([[0, 1, 5, 9], [1, 3, 8, 11]])
        output = Output(np.zeros((4, 1)), starts, ends, np.arange(8, dtype="float32").reshape(4, 2))
        vectors, known = token_vectors([output], align_docs([output], [doc]), 2)
        assert known.tolist() == [True, False, True, True]
        assert vectors.tolist() == [[0, 1], [0, 0], [4, 5], [6, 7]]

    def test_nothing_said(self):
        doc = Doc(self.vocab, words=["a"])
        silent = Output(np.zeros((0, 2)), NO_OFFSETS, NO_OFFSETS)
        heard = token_vectors([silent], align_docs([silent], [doc]), 3), document_vectors([silent], [doc], 3)
        for vectors, known in heard:
            assert vectors.shape == (1, 3)
            assert known.tolist() == [False]

    def test_no_tokens(self):
        output = Output(np.zeros((1, 2)), NO_OFFSETS, NO_OFFSETS, np.ones((1, 3), dtype="float32"))
        silent = Output(np.zeros((0, 2)), NO_OFFSETS, NO_OFFSETS)
        assert token_vectors([silent], align_docs([silent], [Doc(self.vocab)]), 3)[0].shape == (0, 3)
        assert document_vectors([output], [Doc(self.vocab)], 3).known.tolist() == [False]

    def test_documents_stay_apart(self):
        docs = [Doc(self.vocab, words=words) for words in (["a", "b"], ["c"], ["d"])]
        offsets = np.array([0, 2]), np.array([1, 3])
        first = Output(np.zeros((2, 1)), *offsets, np.array([[1.0], [2.0]], dtype="float32"))
        silent = Output(np.zeros((0, 1)), NO_OFFSETS, NO_OFFSETS)
        other = silent._replace(vectors=np.zeros((0, 0), dtype="float32"))  # as from a file
        last = Output(np.zeros((1, 1)), *(part[:1] for part in offsets), np.array([[3.0]], dtype="float32"))
        said = [first, silent, last]
        heard = token_vectors(said, align_docs(said, docs), 1)
        assert heard.vectors.tolist() == [[1], [2], [0], [3]]
        assert heard.known.tolist() == [True, True, False, True]
        aligned = align_docs([first, last], [docs[0], docs[2]])
        assert token_vectors([first, last], aligned, 1).vectors.tolist() == [[1], [2], [3]]
        said[1] = other
        assert token_vectors(said, align_docs(said, docs), 1).vectors.tolist() == [[1], [2], [0], [3]]
        heard = document_vectors([last, other, last], docs, 1)
        assert heard.vectors.tolist() == [[3], [0], [3]] and heard.known.tolist() == [True, False, True]


class TestBadInput:
    @pytest.mark.parametrize("options", [{"weight": -1}, {"weight": float("nan")}, {"kind": "angle"}])
    def test_settings(self, options):
        with pytest.raises(HoneError, match="H405"):
            make_teacher_vectors(**options)

    def test_no_teacher(self):
        nlp, examples = pipeline("hone_ner")
        with pytest.raises(HoneError, match="H330"):
            nlp.get_pipe("head").teach(None, lambda: examples, vectors=make_teacher_vectors())

    def test_a_model_of_another_build(self):
        nlp, examples = pipeline("hone_ner")
        head = nlp.get_pipe("head")
        head.model.set_ref("tok2vec", None)
        with pytest.raises(HoneError, match="H331"):
            head.teach(Oracle(TASKS["hone_ner"], 5), lambda: examples, vectors=make_teacher_vectors())

    def test_a_teacher_without_vectors(self):
        with pytest.raises(HoneError, match=r"H332.*Oracle"):
            taught("hone_ner", None)
