"""`hone.CheckCorpora.v1`: bad input is found before the long work starts."""

from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin, Span
from spacy.training import Example

from spacy_hone.errors import HoneError
from spacy_hone.training.check import check_corpora, make_check_corpora

NLP = spacy.blank("en")


def entity_doc(text: str, *ents: tuple[int, int, str]):
    doc = NLP.make_doc(text)
    doc.set_ents([Span(doc, *ent) for ent in ents])
    return doc


def save(path: Path, *docs) -> str:
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return str(path)


TRAIN = [entity_doc("red salt here", (1, 2, "FOOD")), entity_doc("plain words")]
DEV = [entity_doc("black pepper", (1, 2, "FOOD"))]


@pytest.fixture
def configured(tmp_path):
    """A config with these documents as corpora and one component."""

    def build(train=TRAIN, dev=DEV, **component):
        paths = {"train": save(tmp_path / "train.spacy", *train), "dev": save(tmp_path / "dev.spacy", *dev)}
        return {
            "components": {"ner": component or {"factory": "ner"}},
            "corpora": {name: {"path": path} for name, path in paths.items()},
            "training": {"train_corpus": "corpora.train", "dev_corpus": "corpora.dev"},
        }

    return build


def test_summary_of_good_corpora(configured):
    summary = check_corpora(configured())
    assert (summary.train.documents, summary.train.tokens) == (2, 5)
    assert summary.train.labels == {"doc.ents": {"FOOD": 1}}
    assert summary.dev.annotated == {"doc.ents": 1}
    assert summary.duplicates == 0


def test_callback_reads_the_pipelines_config(configured):
    config = configured()
    nlp = spacy.blank("en", config={"corpora": config["corpora"]})
    nlp.add_pipe("ner")
    check = make_check_corpora()
    assert check(nlp) is nlp
    nlp.config["corpora"]["dev"]["path"] = None
    with pytest.raises(HoneError, match=r"\[H124\]"):
        check(nlp)


def test_a_label_that_train_lacks(configured):
    dev = [*DEV, entity_doc("a foood b Foods", (1, 2, "FOODS"), (3, 4, "FOODS"))]
    with pytest.raises(
        HoneError, match=r"\[H513\].*'FOODS'.*2 in all.*document 2.*Near names in train: FOOD"
    ):
        check_corpora(configured(dev=dev))


@pytest.mark.parametrize("factory", ["ner", "hone_ner"])
def test_no_entity_annotation(configured, factory):
    docs = [NLP.make_doc("no annotation")]
    with pytest.raises(HoneError, match=r"\[H514\].*'ner'.*doc\.ents.*none of the 1 documents in the train"):
        check_corpora(configured(train=docs, factory=factory))


@pytest.fixture
def taught(configured, tmp_path):
    """A config with texts alone to train on, and settings of the component."""

    def build(name="texts.txt", **settings):
        config = configured(factory="hone_ner")
        save(tmp_path / "texts.spacy", NLP.make_doc("no annotation"))
        (tmp_path / "texts.txt").write_text("no annotation\n", encoding="utf8")
        config["corpora"]["train"] = {"*": {"texts": {"@readers": "hone.Corpus.v1", "path": str(tmp_path / name)}}}
        config["initialize"] = {"components": {"ner": settings}}
        return config

    return build


@pytest.mark.parametrize("name", ["texts.txt", "texts.spacy"])
def test_texts_alone_are_enough_with_a_teacher_and_labels(taught, name):
    teacher = {"@misc": "hone.PipelineTeacher.v1", "model": "old"}
    summary = check_corpora(taught(name, teacher=teacher, labels=["FOOD"]))
    assert not summary.train.annotated
    with pytest.raises(HoneError, match=r"\[H513\].*'FOOD'|\[H514\]|\[H533\].*lacks labels"):
        check_corpora(taught(name, teacher=teacher))


def test_texts_alone_are_not_enough(taught):
    with pytest.raises(HoneError, match=r"\[H533\].*texts\.txt.*lacks teacher, labels"):
        check_corpora(taught())


def test_settings_of_no_component(configured):
    nlp = spacy.blank("en", config={"corpora": configured()["corpora"]})
    nlp.add_pipe("ner")
    nlp.config["initialize"]["components"]["nerr"] = {"labels": ["FOOD"]}
    with pytest.raises(HoneError, match=r"\[H534\].*nerr.*Did you mean ner\?"):
        make_check_corpora()(nlp)


@pytest.mark.parametrize(
    ("factory", "kind"),
    [("textcat", "doc.cats"), ("textcat_multilabel", "doc.cats"), ("tagger", "token.tag_")],
)
def test_no_categories_or_tags(configured, factory, kind):
    with pytest.raises(HoneError, match=rf"(?s)\[H514\].*{kind}.*\[H514\]"):
        check_corpora(configured(factory=factory))


def test_span_groups(configured):
    doc = NLP.make_doc("red salt")
    doc.spans["food"] = [Span(doc, 1, 2, "FOOD")]
    component = {"factory": "hone_ner", "spans_key": "food"}
    dev = NLP.make_doc("no food")
    dev.spans["food"] = []
    summary = check_corpora(configured(train=[doc], dev=[dev], **component))
    assert summary.train.labels == {"doc.spans['food']": {"FOOD": 1}}


def test_frozen_components_need_nothing(configured):
    config = configured(train=[NLP.make_doc("x")], dev=[NLP.make_doc("y")])
    config["training"]["frozen_components"] = ["ner"]
    check_corpora(config)


@pytest.mark.parametrize(
    "factory, config",
    [("tok2vec", {}), ("transformer", {"model": {"@architectures": "hone.TransformerEncoder.v1"}})],
)
def test_a_frozen_encoder_needs_weights(configured, factory, config):
    """What spaCy leaves to "Cannot get dimension 'nO'" of the listener, or to E109."""
    paths = configured()
    nlp = spacy.blank("en", config={"corpora": paths["corpora"]})
    nlp.add_pipe(factory, name="encoder", config=config)
    nlp.add_pipe("ner")
    nlp.config["training"]["frozen_components"] = ["encoder"]
    with pytest.raises(HoneError, match=r"\[H532\].*'encoder'.*\[components.encoder\]"):
        make_check_corpora()(nlp)


def test_a_frozen_encoder_that_was_trained(configured):
    trained = spacy.blank("en")
    trained.add_pipe("tok2vec", name="encoder")
    trained.initialize()
    nlp = spacy.blank("en", config={"corpora": configured()["corpora"]})
    nlp.add_pipe("encoder", source=trained)
    nlp.add_pipe("ner")
    nlp.config["training"]["frozen_components"] = ["encoder"]
    assert make_check_corpora()(nlp) is nlp


def test_tags_of_another_scheme(configured):
    train = [*TRAIN, entity_doc("a b c", (0, 1, "B-PER"), (1, 2, "I-PER"), (2, 3, "E-MAIL"))]
    with pytest.raises(HoneError, match=r"\[H515\].*: B-PER, I-PER\."):
        check_corpora(configured(train=train))


@pytest.mark.parametrize("factory", ["ner", "hone_ner"])
def test_a_single_tag_in_place_of_labels(configured, factory):
    docs = [entity_doc("Ann ran", (0, 1, "B-PER"))]
    with pytest.raises(HoneError, match=r"\[H515\] The train.*: B-PER\."):
        check_corpora(configured(train=docs, dev=docs, factory=factory))


def test_a_single_label_that_no_entity_can_begin_with_as_a_tag(configured):
    """The component takes it too."""
    docs = [entity_doc("Ann ran", (0, 1, "E-MAIL"))]
    assert check_corpora(configured(train=docs, dev=[entity_doc("x")])).train.documents == 1
    nlp = spacy.blank("en")
    nlp.add_pipe("hone_ner").initialize(lambda: [Example(NLP.make_doc("Ann ran"), docs[0])], nlp=nlp)


def test_categories_may_look_like_tags(configured):
    train, dev = NLP.make_doc("red salt"), NLP.make_doc("black pepper")
    train.cats = dev.cats = {"B-plan": 1.0}
    summary = check_corpora(configured(train=[train], dev=[dev], factory="textcat_multilabel"))
    assert summary.train.labels == {"doc.cats": {"B-plan": 1}}


@pytest.mark.parametrize("factory", ["ner", "hone_ner", "hone_transition_ner"])
def test_no_entities_to_learn_from(configured, factory):
    outside = [entity_doc("red salt")]
    config = configured(train=outside, factory=factory)
    with pytest.raises(
        HoneError, match=r"(?s)\[H303\] Component 'ner'.*\(1\).*no entities in doc\.ents of .*train\.spacy.*\[H513\]"
    ):
        check_corpora(config)
    config["initialize"] = {"components": {"ner": {"labels": ["FOOD"]}}}
    assert check_corpora(config).train.annotated == {"doc.ents": 1}


def test_dev_may_have_no_entities(configured):
    assert check_corpora(configured(dev=[entity_doc("nothing here")])).dev.documents == 1


def test_whitespace_entities(configured):
    doc = spacy.tokens.Doc(NLP.vocab, words=["salt", "\n"], spaces=[True, False])
    doc.set_ents([Span(doc, 0, 2, "FOOD")])
    with pytest.raises(HoneError, match=r"\[H516\] Entities in the train .*1 in all.*FOOD.*in document 3"):
        check_corpora(configured(train=[*TRAIN, doc]))


def test_empty_and_unreadable_corpora(configured, tmp_path):
    with pytest.raises(HoneError, match=r"\[H512\] The dev corpus"):
        check_corpora(configured(dev=[]))
    config = configured()
    (tmp_path / "dev.spacy").write_bytes(b"\x00\x01 not a corpus")
    with pytest.raises(HoneError, match=r"\[H124\].*dev\.spacy"):
        check_corpora(config)


def test_all_faults_at_once(configured, tmp_path):
    model = {"@architectures": "hone.TransformerModel.v1", "name": str(tmp_path / "nowhere")}
    config = configured(factory="transformer", model=model)
    config["corpora"]["train"]["path"] = str(tmp_path / "gone.spacy")
    with pytest.raises(HoneError, match=r"(?s)\[H201\].*nowhere.*\[H124\].*gone\.spacy"):
        check_corpora(config)


def test_documents_in_both_are_a_warning(configured):
    with pytest.warns(UserWarning, match=r"\[H517\] 1 of 2 documents"):
        assert check_corpora(configured(dev=[*DEV, TRAIN[0]])).duplicates == 1
