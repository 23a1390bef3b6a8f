import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_hone.errors import HoneError
from spacy_hone.evaluation.categories.groups import extra_labels, find_groups
from spacy_hone.evaluation.categories.kind import CATEGORIES
from spacy_hone.evaluation.kind import Compared


@Language.component("test_evaluation_cats")
def set_cats(doc: Doc) -> Doc:
    doc.cats |= {"A": 0.7, "B": 0.6}
    return doc


@pytest.fixture
def nlp() -> Language:
    nlp = spacy.blank("en")
    for factory, labels in {"textcat": "AB", "textcat_multilabel": "XY"}.items():
        for label in labels:
            nlp.add_pipe(factory) if factory not in nlp.pipe_names else None
            nlp.get_pipe(factory).add_label(label)
    return nlp


def test_stock_components(nlp, doc_with):
    first, second = find_groups(nlp, [doc_with({"A": 1.0})], [doc_with({})])
    assert first[:5] == ("textcat", ("A", "B"), False, None, ()) and not first.decides
    assert second[:3] == ("textcat_multilabel", ("X", "Y"), True) and not second.decides
    assert second.thresholds == [("X", 0.5), ("Y", 0.5)]


def test_our_components():
    nlp = spacy.blank("en")
    for name, config in {"hone_textcat": {"positive_label": "B"}, "hone_textcat_multilabel": {}}.items():
        pipe = nlp.add_pipe(name, config=config)
        for label in name[-2:].upper():
            pipe.add_label(label)
    pipe.set_thresholds([("L", 0.25)])
    first, second = find_groups(nlp, [], [])
    assert first[:4] == ("hone_textcat", ("A", "T"), False, "B") and first.decides
    assert (second.multi_label, second.positive_label, second.decides) == (True, None, True)
    assert [list(pair) for pair in second.thresholds] == [["L", 0.25]]


@pytest.mark.parametrize(
    ("golds", "multi_label"),
    [
        ([{"A": 1.0, "B": 0.0}, {}, {"B": 1.0}], False),
        ([{"A": 1.0, "B": 1.0}], True),
        ([{"A": 0.0, "B": 0.0}, {"A": 1.0}], True),
    ],
)
def test_components_that_say_nothing_are_judged_by_the_gold_labels(doc_with, golds, multi_label):
    nlp = spacy.blank("en")
    nlp.add_pipe("test_evaluation_cats")
    [group] = find_groups(nlp, [doc_with(row) for row in golds], [nlp("a b") for _ in golds])
    assert group[:3] == ("doc.cats", ("A", "B"), multi_label) and not group.decides


def test_labels_of_nobody(nlp, doc_with):
    exclusive, independent = find_groups(nlp, [], [])
    golds = [doc_with({"A": 1.0, "urgent": 1.0}), doc_with({"new": 1.0, "zero": 0.0})]
    assert extra_labels([independent], golds) == (["A", "new", "urgent"], [])
    assert extra_labels([exclusive], golds) == (["new"], ["urgent"])
    assert extra_labels([exclusive, independent], golds) == ([], ["new", "urgent"])


def report(nlp, golds, preds):
    return CATEGORIES.report(Compared(nlp, golds, preds, 0, 0))


def test_a_section_for_each_component(nlp, doc_with):
    golds = [doc_with({"A": 1.0, "X": 1.0, "other": 1.0}), doc_with({"X": 0.0, "Y": 1.0}), doc_with({})]
    preds = [
        doc_with({"A": 0.6, "B": 0.4, "X": 0.7, "Y": 0.6}),
        doc_with({"A": 0.5, "B": 0.5, "X": 0.2, "Y": 0.8}),
    ]
    first, second = report(nlp, golds, [*preds, golds[2]])
    assert first.path == ("categories", "textcat") and len(first.samples.golds) == 1 and first.skipped == 1
    assert len(second.samples.golds) == 2 and second.samples.numbers == [0, 1]
    assert second.samples.known.tolist() == [[True, False], [True, True]]
    assert first.scores.accuracy == second.scores.accuracy == 1.0
    [warning] = [*first.warnings, *second.warnings]
    assert warning.startswith("[H614]") and "left out: other" in warning


def test_faults_name_the_document(nlp, doc_with):
    fine, soft, twice = doc_with({"A": 1.0}), doc_with({"X": 0.3}), doc_with({"A": 1.0, "B": 1.0})
    with pytest.raises(HoneError, match=r"\[H316\] In document 2 of the corpus"):
        report(nlp, [fine, soft], [fine, soft])
    with pytest.raises(HoneError, match=r"\[H317\] In document 3 of the corpus"):
        report(nlp, [fine, fine, twice], [fine, fine, twice])
