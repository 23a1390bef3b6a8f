from itertools import pairwise

import numpy as np
import pytest

from spacy_hone.models.windows import (
    batch_by_length,
    batch_by_padding,
    cut,
    deal,
    find_borders,
    lay_out,
    overlapping,
)


def spell(words: list[int], gaps: set[int] = frozenset()) -> tuple:
    """Tokens of so many characters, one wordpiece a character; tokens in `gaps` have no wordpieces."""
    ends = np.cumsum(words)
    starts = ends - words
    chars = [c for i, (a, b) in enumerate(zip(starts, ends)) if i not in gaps for c in range(a, b)]
    chars = np.array(chars, dtype=np.int64)
    return (starts, ends), (chars, chars + 1)


@pytest.mark.parametrize("seed", range(30))
def test_layout_agrees_with_brute_force(seed):
    rng = np.random.default_rng(seed)
    words = rng.integers(1, 9, rng.integers(1, 60)).tolist()
    gaps = {i for i in range(len(words)) if rng.random() < 0.1}
    budget = int(rng.integers(8, 30))
    overlap = int(rng.integers(0, budget // 2 + 1))
    tokens, pieces = spell(words, gaps)
    layout = lay_out(tokens, pieces, budget=budget, overlap=overlap, prefix=1)
    char_of = pieces[0]
    spans = list(zip(layout.starts.tolist(), layout.ends.tolist()))

    assert spans[0][0] == 0 and spans[-1][1] == len(char_of)
    assert all(b - a <= budget for a, b in spans)
    assert all(a < c <= b < d for (a, b), (c, d) in pairwise(spans))
    assert all(b - c <= overlap for (_, b), (c, _) in pairwise(spans))
    borders = {int(np.searchsorted(char_of, start)) for start in tokens[0]} | {len(char_of)}
    assert {x for span in spans for x in span} <= borders

    where = np.split(np.stack((layout.rows, layout.cols), axis=1), np.cumsum(layout.lengths)[:-1])
    for i, (start, end) in enumerate(zip(*tokens)):
        if i in gaps:
            assert where[i][:, 1].tolist() == [0]
            continue
        own = np.flatnonzero((char_of >= start) & (char_of < end))
        context = [min(own[0] - a, b - own[-1] - 1) if a <= own[0] and own[-1] < b else -1 for a, b in spans]
        row = where[i][0, 0]
        assert context[row] == max(context)
        assert where[i].tolist() == [[row, 1 + p - spans[row][0]] for p in own]
    assert layout.span_starts[0] == 0 and layout.span_ends[-1] == len(words)
    assert (layout.span_starts < layout.span_ends).all()


def test_token_longer_than_a_window_keeps_its_first_wordpieces():
    layout = lay_out(*spell([2, 25, 3]), budget=10, overlap=4, prefix=1)
    assert layout.lengths.tolist() == [2, 10, 3]
    assert (layout.ends - layout.starts).max() == 10
    assert layout.cols[2:12].tolist() == list(range(1, 11))


def test_nothing_but_white_space():
    layout = lay_out(*spell([1, 3], gaps={0, 1}), budget=10, overlap=2, prefix=1)
    assert (layout.rows.tolist(), layout.cols.tolist(), layout.lengths.tolist()) == ([0, 0], [0, 0], [1, 1])
    assert (layout.span_starts.tolist(), layout.span_ends.tolist()) == ([0], [2])


def test_wordpiece_over_two_tokens_is_not_cut_and_belongs_where_it_begins():
    tokens = (np.array([0, 2, 4]), np.array([2, 4, 6]))
    pieces = (np.array([0, 1, 3, 4]), np.array([1, 3, 4, 6]))
    first, last = overlapping(tokens, pieces)
    assert find_borders(first, last).tolist() == [0, 3, 4]
    layout = lay_out(tokens, pieces, budget=10, overlap=0, prefix=0)
    assert layout.lengths.tolist() == [2, 1, 1]
    assert layout.cols.tolist() == [0, 1, 2, 3]
    shared = lay_out(tokens, pieces, budget=10, overlap=0, prefix=0, share=True)
    assert shared.cols.tolist() == [0, 1, 1, 2, 3]


def test_tokens_in_one_wordpiece_share_it():
    tokens = (np.array([0, 3]), np.array([3, 6]))
    layout = lay_out(tokens, (np.array([0]), np.array([6])), budget=10, overlap=0, prefix=1)
    assert (layout.cols.tolist(), layout.lengths.tolist()) == ([1, 1], [1, 1])


def test_wordpieces_of_no_token_never_fill_a_window():
    """White space that a tokenizer turns into wordpieces between tokens."""
    tokens = (np.array([40, 80]), np.array([41, 81]))
    pieces = (np.arange(81), np.arange(1, 82))
    layout = lay_out(tokens, pieces, budget=10, overlap=4, prefix=1)
    assert (layout.span_starts < layout.span_ends).all()
    assert layout.lengths.tolist() == [1, 1]


def test_every_window_reaches_further():
    borders = np.cumsum([0, 1, 1, 1, 28, 1, 1, 28, 1])
    starts, ends = cut(borders, 30, 15)
    assert (np.diff(ends) > 0).all() and (ends - starts <= 30).all()


def test_batches_hold_like_lengths():
    lengths = np.array([5, 90, 7, 88, 6, 300])
    batches = batch_by_padding(lengths, max_padded=200, max_waste=20)
    assert [batch.tolist() for batch in batches] == [[5], [1, 3], [2, 4, 0]]
    assert batch_by_padding(np.array([], dtype=int), 100, 10) == []


def test_batches_of_few_shapes():
    lengths = np.array([20, 20, 19, 18, 20, 18, 10, 9, 9])
    batches = batch_by_padding(lengths, max_padded=100, max_waste=5, powers_of_two=True)
    assert [batch.tolist() for batch in batches] == [[0, 1, 4, 2], [3, 5], [6, 7], [8]]
    assert batch_by_padding(np.array([300]), 100, 5, powers_of_two=True)[0].tolist() == [0]


def test_packs_are_bounded_without_padding():
    lengths = np.array([5, 90, 7, 88, 6, 300])
    assert [batch.tolist() for batch in batch_by_length(lengths, 180)] == [[5], [1, 3], [2, 4, 0]]
    assert [batch.tolist() for batch in batch_by_length(lengths, 10**6)] == [[5, 1, 3, 2, 4, 0]]
    assert batch_by_length(np.array([], dtype=int), 100) == []


def test_lanes_have_as_much_to_do():
    lengths = np.array([5, 90, 7, 88, 6, 30])
    assert [lane.tolist() for lane in deal(lengths, 2)] == [[1, 2, 4, 0], [3, 5]]
    assert [lane.tolist() for lane in deal(np.array([4, 2]), 2)] == [[0], [1]]
    assert [lane.tolist() for lane in deal(np.array([0, 0]), 2)] == [[0, 1]]
    assert deal(np.array([], dtype=int), 2) == []


@pytest.mark.parametrize("seed", range(5))
def test_batches_are_bounded(seed):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(3, 100, 200)
    batches = batch_by_padding(lengths, max_padded=512, max_waste=64)
    assert sorted(np.concatenate(batches).tolist()) == list(range(200))
    for rows in batches:
        padded = lengths[rows].max() * len(rows)
        assert padded <= 512 and padded - lengths[rows].sum() <= 64
