"""hone_transition_ner with a teacher: of tags, or another transition parser."""

from pathlib import Path

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.language import Language
from spacy.pipeline import EntityRecognizer
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_hone.errors import HoneError
from spacy_hone.losses.distillation import make_distillation
from spacy_hone.pipes.state_targets import StateTeacher
from spacy_hone.pipes.states import Moves, Walk
from spacy_hone.teachers.base import Task
from spacy_hone.teachers.moves import ParserTeacher
from spacy_hone.teachers.pipeline import make_pipeline_teacher

CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 16,
    "depth": 1,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
}
MODEL = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 16,
    "maxout_pieces": 2,
    "use_upper": True,
    "tok2vec": CNN,
}
TAGGER = {"@architectures": "hone.TokenClassifier.v1", "tok2vec": CNN}
DISTIL = {"@losses": "hone.Distillation.v1", "alpha": 0.5}
SOFT = {"@losses": "hone.Distillation.v1", "alpha": 0.0, "temperature": 1.0}
TEXTS = [
    "Ann Lee met Bob",
    "Bob saw New York",
    "",
    "in Rome \n nobody met Ann Lee",
    "New York , Rome and Bob",
]
ENTITIES = {"Ann Lee": "PER", "Bob": "PER", "New York": "LOC", "Rome": "LOC"}


def golds(nlp: Language, texts=TEXTS, names=ENTITIES) -> list[Example]:
    docs = [nlp.make_doc(text) for text in texts]
    spans = [
        [
            (doc.text.index(name), doc.text.index(name) + len(name), label)
            for name, label in names.items()
            if name in doc.text
        ]
        for doc in docs
    ]
    return [Example.from_dict(doc, {"entities": found}) for doc, found in zip(docs, spans)]


def plain(nlp: Language) -> list[Example]:
    return [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in TEXTS]


def train(nlp: Language, examples: list[Example], n_updates: int = 60) -> Language:
    fix_random_seed(0)
    sgd = nlp.initialize(lambda: examples)
    sgd.learn_rate = 0.02
    for _ in range(n_updates):
        nlp.update(examples, sgd=sgd, drop=0.0)
    return nlp


def student(settings: dict, loss: dict = DISTIL) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("hone_transition_ner", name="ner", config={"model": MODEL, "loss": loss})
    nlp.config["initialize"]["components"]["ner"] = settings
    return nlp


def found(nlp: Language) -> set[tuple[str, str]]:
    return {(ent.text, ent.label_) for doc in nlp.pipe(TEXTS) for ent in doc.ents}


@pytest.fixture(scope="module")
def teachers(tmp_path_factory) -> dict[str, Path]:
    """Trained pipelines, by the factory of their component; the last one calls its labels otherwise."""
    paths = {}
    models = {"ner": MODEL, "hone_transition_ner": MODEL, "hone_ner": TAGGER}
    for factory, model in models.items():
        nlp = spacy.blank("en")
        nlp.add_pipe(factory, config={"model": model})
        train(nlp, golds(nlp))
        assert found(nlp) == set(ENTITIES.items())
        paths[factory] = tmp_path_factory.mktemp(factory)
        nlp.to_disk(paths[factory])
    return paths


def block(path: Path, **options) -> dict:
    return {"@misc": "hone.PipelineTeacher.v1", "model": str(path), **options}


@pytest.mark.parametrize("factory", ["ner", "hone_transition_ner", "hone_ner"])
def test_text_without_annotation_is_learned_from_the_teacher_alone(teachers, factory):
    nlp = student({"labels": ["PER", "LOC"], "teacher": block(teachers[factory])}, SOFT)
    assert found(train(nlp, plain(nlp))) == set(ENTITIES.items())


def test_annotation_and_teacher_together(teachers):
    """People are annotated in the first text, which is all that the corpus says."""
    nlp = student({"labels": ["LOC"], "teacher": block(teachers["ner"])})
    assert found(train(nlp, golds(nlp)[:1] + plain(nlp)[1:])) == set(ENTITIES.items())


def test_labels_of_other_names(teachers):
    names = {"PER": "human", "LOC": "place"}
    settings = {"labels": list(names.values()), "teacher": block(teachers["ner"], labels=[*names.items()])}
    nlp = student(settings, SOFT)
    assert found(train(nlp, plain(nlp))) == {(text, names[label]) for text, label in ENTITIES.items()}


def test_a_label_that_is_given_up(teachers):
    pairs = [["PER", "human"], ["LOC", None]]
    nlp = student({"labels": ["human"], "teacher": block(teachers["hone_ner"], labels=pairs)}, SOFT)
    assert found(train(nlp, plain(nlp))) == {("Ann Lee", "human"), ("Bob", "human")}


def test_a_type_that_the_teacher_does_not_know_is_left_to_the_annotation(teachers):
    """The teacher's O says nothing against it."""
    nlp = student({"teacher": block(teachers["ner"])})
    names = ENTITIES | {"nobody": "WORD", "and": "WORD"}
    assert found(train(nlp, golds(nlp, names=names))) == set(names.items())


class TestMoveScores:
    """A parser as the teacher."""

    def test_a_copy_of_the_teacher_says_the_same_of_every_state(self, teachers):
        nlp = spacy.load(teachers["hone_transition_ner"])
        ner = nlp.get_pipe("hone_transition_ner")
        teacher = make_pipeline_teacher(teachers["hone_transition_ner"])
        taught = StateTeacher(teacher, Moves(ner.moves))
        docs = [eg.predicted for eg in plain(nlp)]
        targets, steps = taught.begin(docs), ner.model.predict(docs)
        walk = Walk(ner, taught.moves, docs)
        while walk.states:
            valid, scores = walk.valid(), steps.predict(walk.states)
            soft = targets(walk, valid)
            assert_allclose(np.where(valid, scores, -np.inf), soft, rtol=1e-5)
            walk.advance(scores, valid)

    def test_moves_meet_by_name(self, teachers):
        teacher = make_pipeline_teacher(teachers["ner"], labels=[["PER", "B"], ["LOC", "B"]])
        teacher.choose(Task("tags", True, ["O"], "BILUO"))
        names = ["I-B", "O", "U-B", "U-", "B-A", "L-B", "B-B"]
        parser = ParserTeacher(teacher, names)
        docs = [teacher.nlp.make_doc("Ann met Bob")]
        score, ner = parser.begin(docs), teacher.nlp.get_pipe("ner")
        states = ner.moves.init_batch(docs)
        theirs = dict(zip(Moves(ner.moves).names, ner.model.predict(docs).predict(states)[0].tolist()))
        [ours] = score(states)
        for name, value in zip(names, ours):
            both = [theirs.get(f"{name[0]}-{label}", -np.inf) for label in ("PER", "LOC")]
            expected = {"O": theirs["O"], "U-": -np.inf, "B-A": -np.inf}.get(name, np.logaddexp(*both))
            assert value == pytest.approx(expected, rel=1e-5)

    def test_what_is_given_up_is_outside(self, teachers):
        teacher = make_pipeline_teacher(teachers["ner"], labels=[["PER", None]])
        teacher.choose(Task("tags", True, ["O"], "BILUO"))
        docs = [teacher.nlp.make_doc("Ann met Bob")]
        ner = teacher.nlp.get_pipe("ner")
        states = ner.moves.init_batch(docs)
        theirs = dict(zip(Moves(ner.moves).names, ner.model.predict(docs).predict(states)[0].tolist()))
        names = ["O", *(f"{letter}-LOC" for letter in "BILU")]
        [ours] = ParserTeacher(teacher, names).begin(docs)(states)
        expected = np.logaddexp.reduce([theirs["O"], theirs["B-PER"], theirs["U-PER"]])
        assert ours[0] == pytest.approx(expected, rel=1e-5) and ours[1] == pytest.approx(theirs["B-LOC"])


class TestUpdate:
    def test_a_listener_gets_its_gradient_once(self, teachers):
        nlp = spacy.blank("en")
        nlp.add_pipe("tok2vec", config={"model": CNN})
        listening = {**MODEL, "tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": 16}}
        ner = nlp.add_pipe("hone_transition_ner", name="ner", config={"model": listening, "loss": SOFT})
        ner.loss = make_distillation(alpha=0.5)
        nlp.initialize(lambda: golds(nlp))
        ner.teach(make_pipeline_teacher(teachers["ner"]), lambda: golds(nlp))
        upper = ner.model.get_ref("upper")
        upper.set_param("W", np.ones_like(upper.get_param("W")))
        sent = []
        nlp.get_pipe("tok2vec").update(plain(nlp), sgd=None)
        (listener,) = nlp.get_pipe("tok2vec").listeners
        listener._backprop = sent.append
        assert ner.update(plain(nlp))["ner"] > 0
        assert len(sent) == 1 and any(gradient.any() for gradient in sent[0])

    def test_documents_without_tokens(self, teachers):
        nlp = student({"labels": ["PER", "LOC"]})
        nlp.initialize(lambda: golds(nlp))
        ner = nlp.get_pipe("ner")
        ner.teach(make_pipeline_teacher(teachers["ner"]), lambda: golds(nlp))
        empty = [Example(nlp.make_doc(""), nlp.make_doc(""))]
        assert nlp.update(empty, sgd=nlp.resume_training())["ner"] == 0.0 and ner.step == 1

    def test_labels_that_are_met_in_training(self, teachers):
        nlp = student({"teacher": block(teachers["ner"])})
        train(nlp, golds(nlp), 2)
        extra = Example.from_dict(nlp.make_doc("Ann reads Ulysses"), {"entities": [(10, 17, "BOOK")]})
        nlp.update([*golds(nlp), extra], sgd=nlp.resume_training())
        assert nlp.get_pipe("ner").labels == ("BOOK", "LOC", "PER")
        assert len(nlp.get_pipe("ner").taught.moves.names) == 14

    def test_moves_that_only_the_teacher_shows_are_learned(self, teachers):
        """spaCy masks the moves of a label that came late until the annotation has it."""
        nlp = student({})
        train(nlp, golds(nlp)[:1], 5)
        ner = nlp.get_pipe("ner")
        ner.add_label("LOC")
        assert ner.model.attrs["unseen_classes"]
        ner.teach(make_pipeline_teacher(teachers["ner"]), lambda: plain(nlp))
        sgd = nlp.resume_training()
        sgd.learn_rate = 0.02
        for _ in range(60):
            nlp.update(plain(nlp), sgd=sgd, drop=0.0)
        assert found(nlp) == set(ENTITIES.items())

    def test_the_teacher_stays_behind(self, teachers, tmp_path):
        nlp = student({"teacher": block(teachers["ner"])})
        train(nlp, golds(nlp), 1)
        assert nlp.get_pipe("ner").taught is not None
        nlp.to_disk(tmp_path)
        assert "PipelineTeacher" not in (tmp_path / "config.cfg").read_text()
        assert spacy.load(tmp_path).get_pipe("ner").taught is None
        plain_ner = spacy.blank("en").add_pipe("ner", config={"model": MODEL})
        plain_ner.from_disk(tmp_path / "ner", exclude=["vocab"])
        assert isinstance(plain_ner, EntityRecognizer)


class TestBadInput:
    def refused(self, code: str, settings: dict, loss: dict = DISTIL, examples=golds) -> None:
        nlp = student(settings, loss)
        with pytest.raises(HoneError, match=code):
            nlp.initialize(lambda: examples(nlp))

    def test_a_loss_that_would_not_listen(self, teachers):
        self.refused(
            "H325.*CrossEntropy", {"teacher": block(teachers["ner"])}, {"@losses": "hone.CrossEntropy.v1"}
        )

    def test_nothing_to_learn_from(self, teachers, tmp_path):
        self.refused("H333.*'ner'.*alpha = 0", {}, SOFT)
        nlp = train(student({"teacher": block(teachers["ner"])}, SOFT), golds(spacy.blank("en")), 1)
        nlp.to_disk(tmp_path)
        again = spacy.load(tmp_path)
        with pytest.raises(HoneError, match="H333"):
            again.update(golds(again), sgd=again.resume_training())

    def test_no_labels(self, teachers):
        self.refused("H334.*'ner'.*labels", {"teacher": block(teachers["ner"])}, examples=plain)

    def test_label_smoothing(self):
        hard = {"@losses": "hone.CrossEntropy.v1", "label_smoothing": 0.1}
        with pytest.raises(HoneError, match=r"H314.*label_smoothing = 0\.1"):
            student({}, DISTIL | {"hard": hard})

    @pytest.mark.parametrize(
        "code, options",
        [
            ("H909.*'chef'", {"component": "chef"}),
            ("H903.*PERS", {"labels": [["PERS", "PER"]]}),
            ("H903.*GPE", {"labels": [["LOC", "GPE"]]}),
            ("H908", {"model": "nowhere"}),
        ],
    )
    @pytest.mark.parametrize("factory", ["ner", "hone_ner"])
    def test_teachers(self, teachers, factory, code, options):
        self.refused(code, {"teacher": block(teachers[factory]) | options})

    def test_a_label_set_that_would_shrink(self, teachers):
        self.refused(
            "H905.*LOC", {"teacher": block(teachers["ner"])}, examples=lambda nlp: golds(nlp, TEXTS[:1])
        )
