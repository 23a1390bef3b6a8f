"""The component hone_ner: training, prediction, growth, serialisation, bad input."""

import pickle

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_hone.errors import HoneError

MODEL = {
    "@architectures": "hone.TokenClassifier.v1",
    "tok2vec": {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 16,
        "depth": 1,
        "embed_size": 200,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": False,
    },
}
TEXTS = [
    ("Anna met Bob in New York City yesterday .", [(0, 4, "PER"), (9, 12, "PER"), (16, 29, "LOC")]),
    ("Paris is nice and Bob knows", [(0, 5, "LOC"), (18, 21, "PER")]),
    ("nothing to see here", []),
]


def pipeline(**config) -> Language:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("hone_ner", name="ner", config={"model": MODEL, **config})
    return nlp


def examples(nlp: Language, key: str | None = None) -> list[Example]:
    made = []
    for text, ents in TEXTS:
        reference = nlp.make_doc(text)
        spans = [reference.char_span(*ent[:2], label=ent[2]) for ent in ents]
        if key is None:
            reference.ents = spans
        else:
            reference.spans[key] = spans
        made.append(Example(nlp.make_doc(text), reference))
    return made


def train(nlp: Language, n_updates: int = 60, key: str | None = None) -> Language:
    sgd = nlp.initialize(lambda: examples(nlp, key))
    for _ in range(n_updates):
        nlp.update(examples(nlp, key), sgd=sgd, drop=0.0)
    return nlp


def found(doc: Doc) -> list[tuple[str, str]]:
    return [(ent.text, ent.label_) for ent in doc.ents]


@pytest.fixture(scope="module")
def trained() -> Language:
    return train(pipeline())


GOLD = [("Anna", "PER"), ("Bob", "PER"), ("New York City", "LOC")]


@pytest.mark.parametrize("scheme", ["BIO", "BILUO"])
def test_learns_and_is_scored(scheme):
    nlp = train(pipeline(scheme=scheme))
    assert found(nlp(TEXTS[0][0])) == GOLD
    scores = nlp.evaluate(examples(nlp))
    assert scores["ents_f"] == 1.0
    assert set(scores["ents_per_type"]) == {"PER", "LOC"}


def test_spans_key_writes_a_group_with_scores():
    nlp = train(pipeline(spans_key="chunks"), key="chunks")
    doc = nlp(TEXTS[0][0])
    group = doc.spans["chunks"]
    assert [(span.text, span.label_) for span in group] == GOLD and not doc.ents
    assert group.attrs["scores"].shape == (3,) and (group.attrs["scores"] > 0).all()
    assert nlp.evaluate(examples(nlp, "chunks"))["spans_chunks_f"] == 1.0
    again = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    assert_allclose(again.spans["chunks"].attrs["scores"], group.attrs["scores"])


def test_labels_are_found_sorted_and_counted(trained):
    ner = trained.get_pipe("ner")
    assert ner.labels == ner.label_data == ("LOC", "PER")
    counts = dict(zip(ner.tags.names, ner.cfg["counts"]))
    assert counts == {"O": 12, "B-LOC": 2, "I-LOC": 2, "B-PER": 3, "I-PER": 0}


def test_labels_can_be_given():
    nlp = pipeline()
    nlp.get_pipe("ner").initialize(lambda: examples(nlp), nlp=nlp, labels=["PER", "ORG", "LOC"])
    assert nlp.get_pipe("ner").labels == ("PER", "ORG", "LOC")


def test_the_loss_learns_labels_and_counts(monkeypatch):
    nlp = pipeline()
    ner = nlp.get_pipe("ner")
    bound = []

    def bind(labels, counts, total, *, strict):
        bound.append((list(labels), list(counts), total, strict))

    monkeypatch.setattr(ner.loss, "bind", bind)
    nlp.initialize(lambda: examples(nlp))
    total = sum(ner.cfg["counts"])
    assert bound == [(ner.tags.labels, ner.cfg["counts"], total, True)]
    ner.from_bytes(ner.to_bytes())
    assert bound[1] == (ner.tags.labels, ner.cfg["counts"], total, False)


def test_confidence_survives_serialisation_and_processes(trained):
    doc = trained(TEXTS[0][0])
    confidences = [ent._.confidence for ent in doc.ents]
    assert all(isinstance(value, float) and 0.0 < value <= 1.0 for value in confidences)
    assert Span(doc, 0, 2)._.confidence is None
    again = Doc(trained.vocab).from_bytes(doc.to_bytes())
    assert [ent._.confidence for ent in again.ents] == confidences
    packed = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (again,) = DocBin().from_bytes(packed).get_docs(trained.vocab)
    assert [ent._.confidence for ent in again.ents] == confidences
    (again, _) = trained.pipe([TEXTS[0][0], ""], n_process=2)  # the parent has predicted before
    assert [ent._.confidence for ent in again.ents] == pytest.approx(confidences)


def test_confidence_is_that_of_the_logits(trained):
    ner, doc = trained.get_pipe("ner"), trained.make_doc(TEXTS[0][0])
    logits = ner.model.predict([doc])[0]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    row = ner.tags.names.index
    expected = p[4, row("B-LOC")] * p[5, row("I-LOC")] * p[6, row("I-LOC")]
    assert trained(doc).ents[2]._.confidence == pytest.approx(float(expected), rel=1e-4)


def test_entities_are_replaced_and_everything_else_is_outside(trained):
    doc = trained.make_doc(TEXTS[0][0])
    doc.ents = [Span(doc, 7, 9, "OLD")]
    assert found(trained(doc)) == GOLD
    assert all(token.ent_iob for token in doc)


def test_nothing_on_whitespace(trained):
    doc = trained("Anna met Bob in New  York  City \n\n Bob")
    assert doc.ents and not any(token.is_space for ent in doc.ents for token in ent)


def test_empty_documents(trained):
    assert [len(doc.ents) for doc in trained.pipe(["", TEXTS[0][0], ""])] == [0, 3, 0]
    assert not trained("").ents
    assert trained.update([Example(trained.make_doc(""), trained.make_doc(""))])["ner"] == 0.0


def test_loss_is_the_mean_over_annotated_tokens():
    nlp = pipeline()
    nlp.initialize(lambda: examples(nlp))
    batch = examples(nlp)
    unannotated = Example(nlp.make_doc("who knows"), nlp.make_doc("who knows"))
    output = nlp.get_pipe("ner").model.get_ref("output")
    output.set_param("W", np.zeros_like(output.get_param("W")))  # uniform over five tags
    for each in (batch, [*batch, unannotated]):
        assert nlp.update(each, sgd=False, drop=0.0)["ner"] == pytest.approx(np.log(5), rel=1e-5)


def test_gradient_of_tokens_without_annotation_is_zero(trained):
    ner = trained.get_pipe("ner")
    reference = trained.make_doc("Anna met Bob")
    reference.set_ents([Span(reference, 0, 1, "PER")], missing=[reference[1:3]])
    logits = ner.model.predict([reference])
    _, (d_logits,) = ner.get_loss([Example(trained.make_doc("Anna met Bob"), reference)], logits)
    assert d_logits[0].any() and not d_logits[1:].any()


def test_update_without_annotation_changes_nothing_and_is_zero():
    nlp = train(pipeline(), 5)
    before = nlp.get_pipe("ner").model.get_ref("output").get_param("W").copy()
    batch = [Example(nlp.make_doc("Anna met Bob"), nlp.make_doc("Anna met Bob"))]
    assert nlp.update(batch, sgd=False)["ner"] == 0.0
    assert (nlp.get_pipe("ner").model.get_ref("output").get_param("W") == before).all()


@pytest.mark.parametrize("to_file", [True, False])
def test_a_loaded_pipeline_predicts_the_same(trained, to_file, tmp_path):
    if to_file:
        trained.to_disk(tmp_path)
        again = spacy.load(tmp_path)
    else:
        again = pickle.loads(pickle.dumps(trained))
    ours, theirs = (nlp(TEXTS[0][0]) for nlp in (trained, again))
    assert found(ours) == found(theirs)
    assert [e._.confidence for e in ours.ents] == [e._.confidence for e in theirs.ents]
    assert again.get_pipe("ner").labels == ("LOC", "PER")
    again.update(examples(again), sgd=again.resume_training())


def test_a_label_added_to_a_trained_component_keeps_what_was_learned():
    nlp = train(pipeline())
    ner = nlp.get_pipe("ner")
    before = ner.model.predict([nlp.make_doc(TEXTS[0][0])])[0]
    assert ner.add_label("ORG") == 1 and ner.add_label("ORG") == 0
    assert_allclose(ner.model.predict([nlp.make_doc(TEXTS[0][0])])[0][:, :5], before, rtol=1e-5)
    assert found(nlp(TEXTS[0][0])) == GOLD
    reference = nlp.make_doc("she works at Acme")
    reference.ents = [Span(reference, 3, 4, "ORG")]
    sgd = nlp.resume_training()
    for _ in range(40):
        nlp.update([*examples(nlp), Example(nlp.make_doc(reference.text), reference)], sgd=sgd, drop=0.0)
    assert found(nlp(reference.text)) == [("Acme", "ORG")] and found(nlp(TEXTS[0][0])) == GOLD
    again = pickle.loads(pickle.dumps(nlp))
    assert again.get_pipe("ner").labels == ("LOC", "PER", "ORG")


def test_initialising_again_with_more_labels():
    nlp = train(pipeline(), 1)
    ner = nlp.get_pipe("ner")
    ner.initialize(lambda: examples(nlp), nlp=nlp, labels=["LOC", "PER", "ORG"])
    assert ner.model.get_ref("output").get_dim("nO") == len(ner.tags) == 7


def test_labels_added_before_initialisation_need_no_annotation():
    nlp = pipeline()
    nlp.get_pipe("ner").add_label("PER")
    nlp.initialize()
    assert isinstance(nlp("Anna met Bob").ents, tuple)


class TestBadInput:
    def initialize(self, get_examples, **kwargs) -> None:
        nlp = pipeline(**kwargs)
        nlp.initialize(lambda: get_examples(nlp))

    @pytest.mark.parametrize(
        "key, message", [(None, r"H302.*doc\.ents.*3 documents"), ("np", r"H302.*doc\.spans\['np'\]")]
    )
    def test_corpus_without_annotation(self, key, message):
        with pytest.raises(HoneError, match=message):
            self.initialize(
                lambda nlp: [Example(nlp.make_doc(t), nlp.make_doc(t)) for t, _ in TEXTS], spans_key=key
            )

    def test_corpus_without_entities(self):
        with pytest.raises(HoneError, match="H303"):
            self.initialize(lambda nlp: examples(nlp)[2:])

    def test_labels_of_a_scheme(self):
        def tagged(nlp):
            doc = nlp.make_doc("Anna Lee")
            doc.ents = [Span(doc, 0, 1, "B-PER"), Span(doc, 1, 2, "S-LOC")]
            return [Example(nlp.make_doc("Anna Lee"), doc)]

        with pytest.raises(HoneError, match=r"H305.*B-PER, S-LOC"):
            self.initialize(tagged)

    def test_types_that_only_look_like_tags(self):
        nlp = pipeline()
        nlp.get_pipe("ner").initialize(lambda: examples(nlp), labels=["PER", "LOC", "B-cell"])
        assert "B-B-cell" in nlp.get_pipe("ner").tags.names

    def test_a_type_that_is_not_among_the_labels(self):
        nlp = pipeline()
        with pytest.raises(HoneError, match=r"H304.*'LOC'.*PER"):
            nlp.get_pipe("ner").initialize(lambda: examples(nlp), labels=["PER"])

    @pytest.mark.parametrize("label", ["", "  ", 3, None])
    def test_labels_that_are_none(self, label):
        with pytest.raises(HoneError, match="H306"):
            pipeline().get_pipe("ner").add_label(label)

    def test_unknown_scheme(self):
        with pytest.raises(HoneError, match=r"H301.*IOBES.*BIO, BILUO"):
            pipeline(scheme="IOBES")

    def test_outputs_that_do_not_fit_the_labels(self):
        with pytest.raises(HoneError, match=r"H307.*7 outputs.*need 5"):
            self.initialize(examples, model={**MODEL, "nO": 7})

    def test_weights_of_other_labels(self, trained, tmp_path):
        trained.to_disk(tmp_path)
        cfg = tmp_path / "ner" / "cfg"
        cfg.write_text(cfg.read_text().replace('"PER"', '"PER","ORG"'))
        with pytest.raises(HoneError, match="H307"):
            spacy.load(tmp_path)

    def test_a_loss_that_is_not_finite(self, trained):
        ner = trained.get_pipe("ner")
        batch = examples(trained)[:1]
        with pytest.raises(HoneError, match="H309"):
            ner.get_loss(batch, [np.full((len(batch[0].x), 5), np.nan, dtype="float32")])
