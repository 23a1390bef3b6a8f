"""Tag tables and constrained decoding, against exhaustive search and seqeval."""

from itertools import pairwise, product

import numpy as np
import pytest

from spacy_hone.errors import HoneError
from spacy_hone.pipes.decoding import best_path, best_tags, decode
from spacy_hone.pipes.tags import TagTable

SCHEMES = ["BIO", "BILUO"]
RNG = np.random.default_rng(0)


def probabilities(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def spans_of(logits, table, spaces=None, transitions=None):
    logits = np.asarray(logits, dtype="float32")
    spaces = np.zeros(len(logits), bool) if spaces is None else np.array(spaces)
    return decode([logits], [spaces], table, transitions)[0]


def is_legal(path, table, closed):
    bounded = [0, *path, 0]
    return all(table.legal[pair] for pair in pairwise(bounded)) and not np.any(np.array(path)[closed])


@pytest.mark.parametrize(
    "scheme, names",
    [
        ("BIO", ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]),
        ("BILUO", ["O", "B-PER", "I-PER", "L-PER", "U-PER", "B-LOC", "I-LOC", "L-LOC", "U-LOC"]),
    ],
)
def test_tags_follow_the_labels(scheme, names):
    assert TagTable(["PER", "LOC"], scheme).names == names


@pytest.mark.parametrize(
    "scheme, tags",
    [
        ("BIO", ["B-A", "I-A", "I-A", "O", "B-A", "B-B", "I-B"]),
        ("BILUO", ["B-A", "I-A", "L-A", "O", "U-A", "B-B", "L-B"]),
    ],
)
def test_spans_become_tags(scheme, tags):
    table = TagTable(["A", "B"], scheme)
    rows = table.encode([(0, 3, "A"), (4, 5, "A"), (5, 7, "B")], 7)
    assert [table.names[row] for row in rows] == tags


@pytest.mark.parametrize(
    "scheme, legal, illegal",
    [
        ("BIO", ["O O", "O B-A", "B-A I-A", "I-A B-B", "B-A B-A", "I-A O"], ["O I-A", "B-A I-B", "I-A I-B"]),
        (
            "BILUO",
            ["O O", "O U-A", "B-A L-A", "B-A I-A", "L-A B-A", "U-A U-B", "L-A O"],
            ["O I-A", "O L-A", "B-A O", "B-A B-A", "I-A U-A", "B-A L-B", "L-A L-A", "U-A L-A"],
        ),
    ],
)
def test_legal_transitions(scheme, legal, illegal):
    table = TagTable(["A", "B"], scheme)
    row = {name: i for i, name in enumerate(table.names)}
    assert all(table.legal[row[a], row[b]] for a, b in map(str.split, legal))
    assert not any(table.legal[row[a], row[b]] for a, b in map(str.split, illegal))


def test_unknown_scheme_and_label():
    with pytest.raises(HoneError, match=r"H301.*BIO, BILUO"):
        TagTable(["A"], "IOBES")
    with pytest.raises(HoneError, match=r"H304.*'C'"):
        TagTable(["A"], "BIO").encode([(0, 1, "C")], 1)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_decoding_undoes_encoding(scheme):
    table = TagTable(["A", "B"], scheme)
    spans = [(0, 1, "A"), (1, 4, "A"), (5, 7, "B")]
    logits = np.eye(len(table), dtype="float32")[table.encode(spans, 8)] * 20
    assert [span[:3] for span in spans_of(logits, table)] == spans


@pytest.mark.parametrize("scheme, labels, length", [("BIO", ["A", "B"], 5), ("BILUO", ["A"], 5)])
@pytest.mark.parametrize("seed", range(15))
def test_best_path_is_that_of_exhaustive_search(scheme, labels, length, seed):
    rng = np.random.default_rng(seed)
    table = TagTable(labels, scheme)
    scores = rng.normal(size=(length + 2, len(table)))
    closed = rng.random(length + 2) < 0.15
    closed[[0, -1]] = True
    paths = [p for p in product(range(len(table)), repeat=length) if is_legal(p, table, closed[1:-1])]
    totals = [
        scores[1:-1][~closed[1:-1]][np.arange((~closed[1:-1]).sum()), np.array(p)[~closed[1:-1]]].sum()
        for p in paths
    ]
    assert best_path(scores, closed, table, radius=1)[1:-1].tolist() == list(paths[int(np.argmax(totals))])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_windows_do_not_change_the_path(scheme):
    table = TagTable(list("ABCD"), scheme)
    scores = RNG.normal(size=(400, len(table)))
    scores[:, 0] += 1
    closed = RNG.random(400) < 0.03
    closed[[0, -1]] = True
    whole = best_path(scores, closed, table, radius=400)
    assert is_legal(whole, table, closed)
    for radius in (1, 2, 8):
        assert (best_path(scores, closed, table, radius=radius) == whole).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_span_touches_whitespace(scheme):
    table = TagTable(["A"], scheme)
    logits = np.eye(len(table))[table.encode([(0, 5, "A")], 5)] * 5 + 2 * table.starts
    found = spans_of(logits, table, [True, False, True, False, False])
    assert [span[:2] for span in found] == [(1, 2), (3, 5)]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_documents_do_not_touch(scheme):
    table = TagTable(["A"], scheme)
    logits = (RNG.normal(size=(30, len(table))) * 3).astype("float32")
    docs = [logits[:11], logits[:0], logits[11:12], logits[12:]]
    spaces = [np.zeros(len(doc), bool) for doc in docs]
    assert decode(docs, spaces, table) == [spans_of(doc, table) if len(doc) else [] for doc in docs]


def test_an_inside_tag_alone_is_not_an_entity_of_its_own():
    table = TagTable(["A", "B"], "BIO")
    logits = np.zeros((2, 5))
    logits[:, 0] = 1
    logits[1, 2] = 2  # I-A: better than O, but with O before it worse than the path O O
    assert spans_of(logits, table) == []
    logits[1, 2] = 9
    assert [span[:3] for span in spans_of(logits, table)] == [(0, 2, "A")]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_confidence_is_the_product_of_the_tags_probabilities(scheme):
    table = TagTable(["A", "B"], scheme)
    spans = [(1, 4, "A"), (5, 6, "B")]
    rows = table.encode(spans, 7)
    logits = RNG.normal(size=(7, len(table)))
    logits[np.arange(7), rows] += 6
    p = probabilities(logits)[np.arange(7), rows]
    assert [span.score for span in spans_of(logits, table)] == pytest.approx([p[1:4].prod(), p[5]], rel=1e-5)
    assert all(isinstance(span.score, float) for span in spans_of(logits, table))


def test_legal_paths_mean_what_seqeval_reads():
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling")
    table = TagTable(["A", "B"], "BIO")
    scores = np.zeros((202, len(table)))
    scores[1:-1] = RNG.normal(size=(200, len(table)))
    closed = np.zeros(202, bool)
    closed[[0, -1]] = True
    path = best_path(scores, closed, table)[1:-1]
    expected = [
        (start, end + 1, label) for label, start, end in seqeval.get_entities([table.names[i] for i in path])
    ]
    assert [span[:3] for span in spans_of(scores[1:-1], table)] == expected


@pytest.mark.parametrize("transitions", [None, np.zeros((5, 5))], ids=["softmax", "crf"])
def test_nan_ends(transitions):
    table = TagTable(["A"], "BILUO")
    assert isinstance(spans_of(np.full((6, 5), np.nan), table, transitions=transitions), list)


def read_spans(path, table):
    """The spans of a legal path, token by token."""
    spans = []
    for at, row in enumerate(path):
        if table.starts[row]:
            spans.append((at, at + 1, table.labels[row]))
        elif table.inside[row]:
            spans[-1] = (spans[-1][0], at + 1, table.labels[row])
    return spans


@pytest.mark.parametrize("scheme, labels, length", [("BIO", ["A", "B"], 5), ("BILUO", ["A"], 5)])
@pytest.mark.parametrize("scale", [1, 4, 40])
@pytest.mark.parametrize("seed", range(8))
def test_crf_is_exhaustive_search(scheme, labels, length, scale, seed):
    rng = np.random.default_rng(seed)
    table = TagTable(labels, scheme)
    logits = (rng.normal(size=(length, len(table))) * scale).astype("float32")
    transitions = rng.normal(size=(len(table), len(table))) * scale
    closed = rng.random(length) < 0.15
    paths = [path for path in product(range(len(table)), repeat=length) if is_legal(path, table, closed)]
    totals = np.array(
        [
            logits[np.arange(length), path].sum(dtype="float64") + sum(transitions[p] for p in pairwise(path))
            for path in paths
        ]
    )
    expected = read_spans(paths[int(totals.argmax())], table)
    p = np.exp(totals - np.logaddexp.reduce(totals))
    found = spans_of(logits, table, closed, transitions)
    assert [span[:3] for span in found] == expected
    for span in found:
        having = sum(p_path for p_path, path in zip(p, paths) if span[:3] in read_spans(path, table))
        assert span.score == pytest.approx(having, rel=1e-4)
        assert isinstance(span.score, float)
        assert span.score <= 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_crf_does_not_see_other_documents(scheme):
    table = TagTable(["A"], scheme)
    logits = (RNG.normal(size=(30, len(table))) * 3).astype("float32")
    transitions = RNG.normal(size=(len(table), len(table)))
    docs = [logits[:11], logits[:0], logits[11:12], logits[12:]]
    spaces = [np.zeros(len(doc), bool) for doc in docs]
    together = decode(docs, spaces, table, transitions)
    for doc, found in zip(docs, together):
        alone = spans_of(doc, table, transitions=transitions)
        assert [span[:3] for span in found] == [span[:3] for span in alone]
        assert [span.score for span in found] == pytest.approx([span.score for span in alone])
    assert decode([], [], table, transitions) == []


def test_crf_without_scores_differs_from_none_only_in_confidence():
    table = TagTable(["A", "B"], "BIO")
    logits = RNG.normal(size=(60, len(table))) * 2
    zeros = np.zeros((len(table), len(table)))
    free, crf = spans_of(logits, table), spans_of(logits, table, transitions=zeros)
    assert [span[:3] for span in free] == [span[:3] for span in crf]


def test_transitions_decide():
    table = TagTable(["A"], "BIO")
    logits = [[0, 2, 0], [1, 0, 0.5], [2, 0, 0]]
    transitions = np.zeros((3, 3))
    assert [span[:2] for span in spans_of(logits, table, transitions=transitions)] == [(0, 1)]
    transitions[1, 2] = 1
    assert [span[:2] for span in spans_of(logits, table, transitions=transitions)] == [(0, 2)]


def test_best_tags_are_the_likeliest():
    docs = [RNG.normal(size=(n, 4)) for n in (3, 0, 2)]
    tags, scores = best_tags(docs)
    for doc, doc_tags, doc_scores in zip(docs, tags, scores):
        assert doc_tags.tolist() == doc.argmax(axis=1).tolist()
        assert doc_scores == pytest.approx(probabilities(doc).max(axis=1, initial=0))
    assert best_tags([]) == ([], [])
    assert [len(doc_tags) for doc_tags in best_tags([docs[1]])[0]] == [0]


def test_best_tags_under_a_crf_are_a_path_and_its_marginals():
    docs = [RNG.normal(size=(n, 3)) for n in (4, 0, 1)]
    transitions = RNG.normal(size=(3, 3))
    for doc, tags, scores in zip(docs, *best_tags(docs, transitions)):
        paths = list(product(range(3), repeat=len(doc)))
        totals = [
            sum(doc[at, tag] for at, tag in enumerate(path))
            + sum(transitions[pair] for pair in pairwise(path))
            for path in paths
        ]
        p = np.exp(totals - np.logaddexp.reduce(totals))
        assert tuple(tags) == paths[int(np.argmax(totals))]
        for at, (tag, score) in enumerate(zip(tags, scores)):
            assert score == pytest.approx(sum(q for q, path in zip(p, paths) if path[at] == tag))
