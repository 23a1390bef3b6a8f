"""`hone_tagger`: what it writes, learns and refuses."""

from typing import Any

import numpy as np
import pytest
import spacy
from spacy.lang.en import English
from spacy.tokens import Doc
from spacy.training import Example

from spacy_hone.errors import HoneError
from spacy_hone.evaluation.tags.scorer import score_tagger

NAMES = {
    "tags": {"the": "DT", "dog": "NN", "cat": "NN", "sleeps": "VBZ", "eats": "VBZ"},
    "pos": {"the": "DET", "dog": "NOUN", "cat": "NOUN", "sleeps": "VERB", "eats": "VERB"},
}
TEXTS = ["the dog sleeps", "the cat eats", "the dog eats", "the cat sleeps", "dog eats cat"]


def make_examples(nlp: English, field: str = "tags") -> list[Example]:
    docs = [nlp.make_doc(text) for text in TEXTS]
    golds: list[dict[str, Any]] = [{field: [NAMES[field][token.text] for token in doc]} for doc in docs]
    return [Example.from_dict(doc, gold) for doc, gold in zip(docs, golds)]


def train(field: str = "tags", **config: Any) -> tuple[English, list[Example]]:
    nlp = spacy.blank("en")
    nlp.add_pipe("hone_tagger", name="tagger", config=config)
    examples = make_examples(nlp, field)
    spacy.util.fix_random_seed(0)
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(15):
        nlp.update(examples, sgd=optimizer)
    return nlp, examples


@pytest.fixture(scope="module")
def trained() -> tuple[English, list[Example]]:
    return train()


def test_it_learns_tags(trained):
    nlp, examples = trained
    assert [token.tag_ for token in nlp("the dog eats the cat")] == ["DT", "NN", "VBZ", "DT", "NN"]
    scores = nlp.evaluate(examples)
    assert scores["tag_acc"] == 1.0
    assert scores["tag_per_type"] == {tag: {"p": 1.0, "r": 1.0, "f": 1.0} for tag in ("DT", "NN", "VBZ")}


def test_it_learns_parts_of_speech():
    nlp, examples = train("pos", attr="pos")
    doc = nlp("the cat sleeps")
    assert [token.pos_ for token in doc] == ["DET", "NOUN", "VERB"]
    assert not doc.has_annotation("TAG")
    scores = nlp.evaluate(examples)
    assert scores["pos_acc"] == 1.0
    assert list(scores["pos_per_type"]) == ["DET", "NOUN", "VERB"]


def test_whitespace_gets_the_tag_that_spacy_gives_it(trained):
    nlp, _ = trained
    assert [token.tag_ for token in nlp("the  dog")] == ["DT", "_SP", "NN"]


def test_it_is_the_same_from_disk(trained, tmp_path):
    nlp, _ = trained
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert again.get_pipe("tagger").labels == ("DT", "NN", "VBZ")
    docs = [nlp(text) for text in TEXTS]
    assert [t.tag_ for doc in again.pipe(TEXTS) for t in doc] == [t.tag_ for doc in docs for t in doc]


def test_tokens_without_a_tag_teach_nothing(trained):
    nlp, _ = trained
    tagger = nlp.get_pipe("tagger")
    doc = nlp.make_doc("the dog sleeps")
    partly = Example.from_dict(doc, {"tags": ["DT", "", ""]})
    [logits] = tagger.model.predict([doc])
    value, [d_logits] = tagger.get_loss([partly], [logits])
    assert value > 0 and d_logits[0].any() and not d_logits[1:].any()
    unknown = Example(nlp.make_doc("the dog"), Doc(nlp.vocab, ["the", "dog"]))
    value, [d_logits] = tagger.get_loss([unknown], [logits[:2]])
    assert value == 0 and not d_logits.any()


def test_a_new_label_leaves_the_old_scores(trained):
    nlp, _ = train()
    tagger = nlp.get_pipe("tagger")
    doc = nlp.make_doc("the dog sleeps")
    [before] = tagger.model.predict([doc])
    assert tagger.add_label("JJ") == 1 and tagger.add_label("JJ") == 0
    [after] = tagger.model.predict([doc])
    np.testing.assert_allclose(after[:, :3], before, atol=1e-6)
    assert after.shape == (3, 4)


def test_counts_are_those_of_the_examples(trained):
    nlp, _ = trained
    cfg = nlp.get_pipe("tagger").cfg
    assert (cfg["labels"], cfg["counts"], cfg["total"]) == (["DT", "NN", "VBZ"], [4, 6, 5], 15)


def test_empty_documents(trained):
    nlp, _ = trained
    assert len(nlp("")) == 0
    assert [len(doc) for doc in nlp.pipe(["", "the dog"])] == [0, 2]


def test_examples_without_tags_are_refused():
    nlp = spacy.blank("en")
    nlp.add_pipe("hone_tagger", name="tagger")
    with pytest.raises(HoneError, match=r"H302.*'tagger'.*token.tag_: 5 documents"):
        nlp.initialize(lambda: make_examples(nlp, "pos"))


def test_a_part_of_speech_is_a_universal_one():
    tagger = spacy.blank("en").add_pipe("hone_tagger", config={"attr": "pos"})
    with pytest.raises(HoneError, match=r"H311.*'NN'.*NOUN"):
        tagger.add_label("NN")


def test_an_unknown_tag_is_named(trained):
    nlp, _ = trained
    eg = Example.from_dict(nlp.make_doc("the dog"), {"tags": ["DT", "NNS"]})
    with pytest.raises(HoneError, match=r"H312.*'NNS'.*DT, NN, VBZ"):
        nlp.update([eg])


def test_a_tag_that_the_listed_labels_lack_is_named_before_the_first_update():
    nlp = spacy.blank("en")
    tagger = nlp.add_pipe("hone_tagger")
    with pytest.raises(HoneError, match=r"H312.*'VBZ'.*DT, NN"):
        tagger.initialize(lambda: make_examples(nlp), nlp=nlp, labels=["DT", "NN"])


def test_scores_of_each_tag():
    nlp = spacy.blank("en")
    gold = Example.from_dict(nlp.make_doc("the dog sleeps"), {"tags": ["DT", "NN", "VBZ"]})
    for token, tag in zip(gold.predicted, ("DT", "DT", "")):
        token.tag_ = tag
    assert score_tagger([gold]) == {
        "tag_acc": pytest.approx(1 / 3),
        "tag_per_type": {
            "DT": {"p": 0.5, "r": 1.0, "f": pytest.approx(2 / 3)},
            "NN": {"p": 0.0, "r": 0.0, "f": 0.0},
            "VBZ": {"p": 0.0, "r": 0.0, "f": 0.0},
        },
    }
