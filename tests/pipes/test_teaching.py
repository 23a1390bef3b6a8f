"""Components with a teacher, and components that continue another one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from spacy_hone.errors import HoneError
from spacy_hone.pipes.ner import ANNOTATED
from spacy_hone.teachers.pipeline import make_pipeline_teacher

TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 32,
    "depth": 2,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}
MODEL = {"@architectures": "hone.TokenClassifier.v1", "tok2vec": TOK2VEC}
TEXTS = [
    "Ann sees Rome",
    "Rome calls Ann",
    "Bob leaves Paris",
    "Paris likes Bob",
    "Ann and Bob",
    "Rome and Paris",
]
PEOPLE, PLACES = {"Ann", "Bob"}, {"Rome", "Paris"}
DISTIL = {"@losses": "hone.Distillation.v1", "alpha": 0.5}


def examples(nlp: Language, *, people: bool = True, places: bool = True) -> list[Example]:
    wanted = (dict.fromkeys(PEOPLE, "PER") if people else {}) | (
        dict.fromkeys(PLACES, "LOC") if places else {}
    )
    docs = [nlp.make_doc(text) for text in TEXTS]
    return [
        Example.from_dict(
            doc, {"entities": [f"U-{wanted[t.text]}" if t.text in wanted else "O" for t in doc]}
        )
        for doc in docs
    ]


def train(nlp: Language, golds: list[Example], updates: int = 40) -> Language:
    spacy.util.fix_random_seed(0)
    optimizer = nlp.initialize(lambda: golds)
    optimizer.learn_rate = 0.01
    for _ in range(updates):
        nlp.update(golds, sgd=optimizer)
    return nlp


def student(settings: dict[str, Any], config: dict[str, Any] | None = None) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("hone_ner", name="ner", config={"model": MODEL} | (config or {}))
    nlp.config["initialize"]["components"]["ner"] = settings
    return nlp


def found(nlp: Language) -> set[tuple[str, str]]:
    return {(ent.text, ent.label_) for doc in nlp.pipe(TEXTS) for ent in doc.ents}


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> Path:
    """A pipeline that knows people alone."""
    nlp = student({})
    train(nlp, examples(nlp, places=False))
    assert found(nlp) == {("Ann", "PER"), ("Bob", "PER")}
    path = tmp_path_factory.mktemp("old")
    nlp.to_disk(path)
    return path


def test_relabelling_reaches_a_crf(tmp_path):
    model = {**MODEL, "crf": True}
    first = student({}, {"model": model})
    train(first, examples(first, places=False))
    first.to_disk(tmp_path)
    teacher = {"@misc": "hone.PipelineTeacher.v1", "model": str(tmp_path)}
    settings = {"init_from": str(tmp_path), "annotated": ["LOC"], "relabel": "hard", "teacher": teacher}
    nlp = student(settings, {"model": model})
    train(nlp, examples(nlp, people=False))
    assert found(nlp) == {("Ann", "PER"), ("Bob", "PER"), ("Rome", "LOC"), ("Paris", "LOC")}


@pytest.mark.parametrize("relabel", ["hard", "soft"])
def test_new_labels_are_learned_and_old_ones_kept(old, relabel):
    settings = {
        "init_from": str(old),
        "annotated": ["LOC"],
        "relabel": relabel,
        "teacher": {"@misc": "hone.PipelineTeacher.v1", "model": str(old)},
    }
    nlp = student(settings)
    train(nlp, examples(nlp, people=False))
    assert nlp.get_pipe("ner").labels == ("PER", "LOC")
    assert found(nlp) == {("Ann", "PER"), ("Bob", "PER"), ("Rome", "LOC"), ("Paris", "LOC")}


def test_plain_fine_tuning_forgets(old):
    nlp = student({"init_from": str(old)})
    train(nlp, examples(nlp, people=False))
    assert found(nlp) == {("Rome", "LOC"), ("Paris", "LOC")}


def test_what_documents_say_of_their_annotation_goes_before(old):
    """Half of the documents have one label annotated, half the other; no teacher."""
    nlp = student({"init_from": str(old)})
    parts = [("LOC", examples(nlp, people=False)[::2]), ("PER", examples(nlp, places=False)[1::2])]
    for label, golds in parts:
        for eg in golds:
            eg.reference.user_data[ANNOTATED] = (label,)
    train(nlp, [eg for _, golds in parts for eg in golds])
    assert {("Ann", "PER"), ("Rome", "LOC")} <= found(nlp)


def test_a_component_begins_with_what_the_other_has_learned(old):
    nlp = student({"init_from": str(old), "labels": ["LOC"]})
    nlp.initialize(lambda: examples(nlp))
    ours = nlp.get_pipe("ner").model.predict([nlp.make_doc(TEXTS[0])])[0]
    theirs = spacy.load(old).get_pipe("ner").model.predict([nlp.make_doc(TEXTS[0])])[0]
    np.testing.assert_allclose(ours[:, :3], theirs, atol=1e-5)
    assert ours.shape[1] == 5 and nlp.get_pipe("ner").model.get_ref("output").get_param("W")[3:].any()


def test_unlabelled_text_is_learned_from_the_teacher_alone(old):
    settings = {"labels": ["PER"], "teacher": {"@misc": "hone.PipelineTeacher.v1", "model": str(old)}}
    nlp = student(settings, {"loss": DISTIL})
    docs = [nlp.make_doc(text) for text in TEXTS]
    train(nlp, [Example(doc, nlp.make_doc(doc.text)) for doc in docs] + examples(nlp, places=False)[:1])
    assert found(nlp) == {("Ann", "PER"), ("Bob", "PER")}


def test_a_saved_student_has_no_teacher(old, tmp_path):
    teacher = {"@misc": "hone.PipelineTeacher.v1", "model": str(old)}
    nlp = student({"teacher": teacher}, {"loss": DISTIL})
    train(nlp, examples(nlp, places=False), updates=1)
    assert nlp.get_pipe("ner").mapping is not None
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("ner").mapping is None


def test_categories_are_taught(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("hone_textcat", name="textcat")
    golds = [
        Example.from_dict(
            nlp.make_doc(text), {"cats": {"a": float("Rome" in text), "b": float("Rome" not in text)}}
        )
        for text in TEXTS
    ]
    train(nlp, golds)
    nlp.to_disk(tmp_path)
    pupil = spacy.blank("en")
    pupil.add_pipe("hone_textcat", name="textcat", config={"loss": DISTIL | {"alpha": 0.1}})
    teacher = {"@misc": "hone.PipelineTeacher.v1", "model": str(tmp_path)}
    pupil.config["initialize"]["components"]["textcat"] = {"labels": ["a", "b"], "teacher": teacher}
    plain = [Example(pupil.make_doc(text), pupil.make_doc(text)) for text in TEXTS] + golds[:1]
    train(pupil, plain)
    for text in TEXTS:
        assert pupil(text)._.labels == nlp(text)._.labels


class TestBadInput:
    def test_a_loss_that_would_not_listen(self, old):
        nlp = student({"teacher": {"@misc": "hone.PipelineTeacher.v1", "model": str(old)}})
        with pytest.raises(HoneError, match=r"H325.*CrossEntropy"):
            nlp.initialize(lambda: examples(nlp))

    def test_a_pipeline_that_is_not_there(self):
        nlp = student({"init_from": "nowhere"})
        with pytest.raises(HoneError, match=r"H326.*nowhere"):
            nlp.initialize(lambda: examples(nlp))

    def test_another_scheme(self, old):
        nlp = student({"init_from": str(old)}, {"scheme": "BILUO"})
        with pytest.raises(HoneError, match=r"H327.*scheme is 'BILUO' here and 'BIO' there"):
            nlp.initialize(lambda: examples(nlp))

    def test_another_model(self, old):
        wider = {**MODEL, "tok2vec": {**TOK2VEC, "width": 16}}
        nlp = student({"init_from": str(old)}, {"model": wider})
        with pytest.raises(HoneError, match="H328"):
            nlp.initialize(lambda: examples(nlp))

    def test_a_teacher_of_labels_that_the_student_lacks(self, old):
        nlp = student({"teacher": {"@misc": "hone.PipelineTeacher.v1", "model": str(old)}}, {"loss": DISTIL})
        with pytest.raises(HoneError, match=r"H90[56]"):
            nlp.initialize(lambda: examples(nlp, people=False))


def test_a_teacher_can_be_set_in_python(old):
    nlp = student({}, {"loss": DISTIL})
    golds = examples(nlp, places=False)
    nlp.initialize(lambda: golds)
    ner = nlp.get_pipe("ner")
    alone = ner.get_loss(golds, ner.model.predict([eg.predicted for eg in golds]))[0]
    ner.teach(make_pipeline_teacher(old), lambda: golds)
    assert ner.get_loss(golds, ner.model.predict([eg.predicted for eg in golds]))[0] > alone
    ner.teach(None, lambda: golds)
    assert ner.get_loss(golds, ner.model.predict([eg.predicted for eg in golds]))[0] == pytest.approx(alone)


def test_a_crf_learns_from_the_teacher_alone(old):
    settings = {"labels": ["PER"], "teacher": {"@misc": "hone.PipelineTeacher.v1", "model": str(old)}}
    config = {"loss": DISTIL | {"alpha": 0.0}, "model": {**MODEL, "crf": True}}
    nlp = student(settings, config)
    train(nlp, [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in TEXTS])
    assert found(nlp) == {("Ann", "PER"), ("Bob", "PER")}
    assert nlp.get_pipe("ner").transitions().any()


@pytest.mark.parametrize("crf", [False, True])
def test_a_loss_that_needs_a_teacher_and_has_none(old, crf, tmp_path):
    config = {"loss": DISTIL | {"alpha": 0.0}, "model": {**MODEL, "crf": crf}}
    nlp = student({}, config)
    with pytest.raises(HoneError, match=r"H333.*'ner'.*alpha = 0"):
        nlp.initialize(lambda: examples(nlp))
    nlp = student({"teacher": {"@misc": "hone.PipelineTeacher.v1", "model": str(old)}}, config)
    golds = examples(nlp, places=False)
    train(nlp, golds, 1).to_disk(tmp_path)
    again = spacy.load(tmp_path)
    with pytest.raises(HoneError, match="H333"):
        again.update(golds, sgd=again.resume_training())


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"relabel": "hard", "annotated": ["PER"]}, r"H336.*'ner'.*relabel = 'hard'"),
        ({"annotated": ["PRE"]}, r"H337.*PRE\. Did you mean PER\?"),
    ],
)
def test_settings_of_partial_annotation_that_would_do_nothing(settings, match):
    nlp = student(settings)
    with pytest.raises(HoneError, match=match):
        nlp.initialize(lambda: examples(nlp))


def test_relabelling_where_all_is_annotated_is_no_use_for_a_teacher(old):
    nlp = student({"relabel": "hard", "teacher": {"@misc": "hone.PipelineTeacher.v1", "model": str(old)}})
    with pytest.raises(HoneError, match=r"H325.*annotated"):
        nlp.initialize(lambda: examples(nlp))
