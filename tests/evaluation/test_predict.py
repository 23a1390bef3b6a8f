from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_hone.errors import HoneError
from spacy_hone.evaluation.kinds import choose_kinds, make_kinds
from spacy_hone.evaluation.predict import load_pipeline, predict

ENTITIES = make_kinds()[:1]


@pytest.fixture
def nlp() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "New York"}])
    return nlp


@pytest.fixture
def golds(nlp) -> list[Doc]:
    """Tokens that the English tokenizer would not make."""
    words = [["New", "York", "can't"], ["New York"], ["\n", "in", "New", "York"]]
    return [Doc(nlp.vocab, words=row, spaces=[True] * len(row)) for row in words]


def entities(docs: list[Doc]) -> list[list[str]]:
    return [[ent.text for ent in doc.ents] for doc in docs]


def test_gold_tokens_are_kept(nlp, golds):
    found = predict(nlp, golds, ENTITIES, batch_size=2)
    assert [[t.text for t in doc] for doc in found.docs] == [[t.text for t in doc] for doc in golds]
    assert entities(found.docs) == [["New York"], [], ["New York"]]
    assert found.words == 8 and found.differing == 0 and found.seconds > 0


def test_raw_text_is_tokenised(nlp, golds):
    found = predict(nlp, golds, ENTITIES, raw_text=True)
    assert [t.text for t in found.docs[0]] == ["New", "York", "ca", "n't"]
    assert [doc.text for doc in found.docs] == [doc.text for doc in golds]
    assert entities(found.docs) == [["New York"]] * 3
    assert found.differing == 3


def test_unknown_spaces_keep_the_gold_tokens(nlp):
    gold = Doc(nlp.vocab, words=["New", "York", "can't"])
    assert gold.has_unknown_spaces
    assert [len(doc) for doc in predict(nlp, [gold], ENTITIES, raw_text=True).docs] == [3]


def test_gold_annotation_does_not_reach_the_pipeline(nlp, golds):
    golds[1].ents = [golds[1].char_span(0, 8, "LOC")]
    assert entities(predict(nlp, golds, ENTITIES).docs)[1] == []
    assert golds[1].ents


def test_progress_sees_every_document(nlp, golds):
    seen = []
    predict(
        nlp, golds, ENTITIES, batch_size=1, progress=lambda docs: (seen.append(doc) or doc for doc in docs)
    )
    assert seen == golds


def test_span_groups(golds):
    nlp = spacy.blank("en")
    nlp.add_pipe("span_ruler", config={"spans_key": "sc"}).add_patterns(
        [{"label": "X", "pattern": "New York"}]
    )
    [kind] = make_kinds("sc")[:1]
    assert kind.predictable(nlp) == {"X"}
    assert [len(doc.spans["sc"]) for doc in predict(nlp, golds, [kind]).docs] == [1, 0, 1]
    with pytest.raises(HoneError, match=r"\[H605\].*span_ruler.*doc.spans\['other'\]"):
        predict(nlp, golds, make_kinds("other")[:1])


def test_pipeline_without_an_entity_component(golds):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    with pytest.raises(HoneError, match=r"\[H605\].*sentencizer.*doc.ents"):
        predict(nlp, golds, ENTITIES)


def test_undeclared_component_is_judged_by_what_it_does(golds):
    @Language.component("test_evaluation_finder")
    def find(doc: Doc) -> Doc:
        doc.set_ents([Span(doc, 0, 1, "X")])
        return doc

    nlp = spacy.blank("en")
    nlp.add_pipe("test_evaluation_finder")
    assert ENTITIES[0].predictable(nlp) == set()
    assert all(entities(predict(nlp, golds, ENTITIES).docs))
    assert [kind.where for kind in predict(nlp, golds, make_kinds()).kinds] == ["doc.ents"]


def test_only_what_is_on_both_sides_is_compared(nlp, golds):
    for doc in golds:
        doc.cats = {"A": 1.0}
        doc[0].tag_ = "X"
    with pytest.raises(HoneError, match=r"\[H604\].*doc.ents, so"):
        choose_kinds(nlp, make_kinds(), Path("x.spacy"), golds)
    golds[1].set_ents([])
    assert [kind.where for kind in choose_kinds(nlp, make_kinds(), Path("x.spacy"), golds)] == ["doc.ents"]
    nlp.add_pipe("textcat").add_label("A")
    chosen = choose_kinds(nlp, make_kinds(), Path("x.spacy"), golds)
    assert [kind.where for kind in chosen] == ["doc.ents", "doc.cats"]
    with pytest.raises(HoneError, match=r"\[H605\].*\(none\) sets doc.ents or doc.cats or token.tag_"):
        choose_kinds(spacy.blank("en"), make_kinds(), Path("x.spacy"), golds)


def test_loading(nlp, tmp_path):
    nlp.to_disk(tmp_path / "model")
    assert load_pipeline(str(tmp_path / "model")).pipe_names == ["entity_ruler"]
    with pytest.raises(HoneError, match=r"\[H601\].*no_such_pipeline"):
        load_pipeline("no_such_pipeline")
    with pytest.raises(HoneError, match=r"\[H602\]"):
        load_pipeline(str(tmp_path))
    (tmp_path / "model" / "config.cfg").write_text(
        "[nlp]\nlang = 'en'\npipeline = ['nothing']\n", encoding="utf8"
    )
    with pytest.raises(HoneError, match=r"\[H602\]"):
        load_pipeline(str(tmp_path / "model"))
