import pytest
from spacy.tokens import Doc, Span

from spacy_hone.evaluation.samples import MISSING, is_annotated, make_samples


def test_sets_and_tags(doc_of):
    gold = doc_of("Anna Smith sings in Rome", (0, 2, "PER"), (4, 5, "LOC"))
    [sample] = make_samples([gold], [doc_of(gold.text.strip(), (0, 1, "PER"), (4, 5, "LOC"))])
    assert sample.gold == {(0, 10, "PER"), (20, 24, "LOC")}
    assert sample.pred == {(0, 4, "PER"), (20, 24, "LOC")}
    assert sample.gold_tags == ["B-PER", "I-PER", "O", "O", "B-LOC"]
    assert sample.pred_tags == ["B-PER", "O", "O", "O", "B-LOC"]
    assert sample.same_tokens and not sample.has_overlaps and sample.ignored == 0


def test_predictions_on_missing_tokens_are_ignored(doc_of):
    gold = doc_of("Anna Smith sings")
    gold.set_ents([], missing=[gold[1:2]])
    [sample] = make_samples([gold], [doc_of("Anna Smith sings", (0, 2, "PER"), (2, 3, "X"))])
    assert (sample.ignored, sample.pred) == (1, {(11, 16, "X")})
    assert sample.gold_tags == ["O", MISSING, "O"]


def test_document_without_annotation_counts_nothing(doc_of):
    pred = doc_of("Anna sings", (0, 1, "PER"))
    gold = Doc(pred.vocab, words=["Anna", "sings"])
    [sample] = make_samples([gold], [pred])
    assert not is_annotated(gold) and is_annotated(pred)
    assert (sample.gold, sample.pred, sample.ignored) == (set(), set(), 1)


def test_no_entities_is_an_annotation(doc_of):
    assert is_annotated(doc_of("nothing here"))


def test_other_tokens_compare_by_characters(doc_of):
    gold = doc_of("New York-based", (0, 1, "LOC"))
    pred = Doc(gold.vocab, words=["New", "York", "-", "based"], spaces=[True, False, False, False])
    pred.set_ents([Span(pred, 0, 1, "LOC"), Span(pred, 1, 2, "LOC")])
    [sample] = make_samples([gold], [pred])
    assert not sample.same_tokens
    assert sample.pred == {(0, 3, "LOC"), (4, 8, "LOC")}
    assert sample.pred_tags == ["B-LOC", "B-LOC"]  # "York" widened to the gold token


def test_span_groups_may_overlap(doc_of):
    gold = doc_of("a b c")
    assert not is_annotated(gold, "sc")
    gold.spans["sc"] = [Span(gold, 0, 2, "X"), Span(gold, 1, 3, "Y"), Span(gold, 0, 3, "Z")]
    assert is_annotated(gold, "sc")
    [sample] = make_samples([gold], [gold], "sc")
    assert sample.has_overlaps and len(sample.gold) == 3
    assert sample.gold_tags == ["B-Z", "I-Z", "I-Z"]


def test_as_many_predictions_as_documents(doc_of):
    with pytest.raises(ValueError):
        make_samples([doc_of("a")], [])
