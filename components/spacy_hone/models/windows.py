"""From wordpieces to windows, and from windows back to tokens. NumPy only: any runtime can use it.

A document's wordpieces are cut into windows at token borders, as many wordpieces as fit, consecutive windows
overlapping. A token reads its vector from one window alone, where the smaller of its two contexts is largest.
From a window [a, b) to the next [a', b'), a unit [u, v) changes when u - a' > b - v, that is u + v > a' +
b: the rule of "maximum context" (Devlin et al. 2019, SQuAD) in closed form.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.integer]


class Layout(NamedTuple):
    """Where one document's wordpieces and tokens stand in its windows.

    starts, ends: wordpieces [start, end) of each window, shape (windows,); at most the budget.
    span_starts, span_ends: tokens [start, end) of each window, shape (windows,).
    rows, cols: window and column of each wordpiece that makes a token, token by token, shape (aligned,).
    lengths: wordpieces of each token, at least 1, shape (tokens,).
    """

    starts: Ints
    ends: Ints
    span_starts: Ints
    span_ends: Ints
    rows: Ints
    cols: Ints
    lengths: Ints


def lay_out(
    tokens: tuple[Ints, Ints],
    pieces: tuple[Ints, Ints],
    *,
    budget: int,
    overlap: int,
    prefix: int,
    share: bool = False,
) -> Layout:
    """Cut one document into windows.

    tokens, pieces: first character and end character of each token (at least one) and of each wordpiece.
    budget: wordpieces that a window holds beside the special ones. overlap: how many neighbours share at
    most.
    prefix: special wordpieces at the start of a window.
    share: a wordpiece across a border belongs to all its tokens, as in spacy-transformers; else to the one that it
    begins in, and to the next only if nothing begins there: of "don ' t", "do" has "don" and "n't" has the rest,
    but "can" and "not" share "cannot".

    A token that is longer than the budget keeps its first wordpieces. A token without any (white space,
    control characters) gets column 0 of its window: the special wordpiece that stands for the whole.
    """
    n_tokens, n_pieces = len(tokens[0]), len(pieces[0])
    first, last = overlapping(tokens, pieces)
    starts, ends, owner = find_windows(first, last, budget, overlap)
    counts = np.maximum(last - first + 1, 0)
    piece_i = np.repeat(np.arange(n_pieces), counts)
    token_i = (
        np.repeat(first, counts) + np.arange(len(piece_i)) - np.repeat(np.cumsum(counts) - counts, counts)
    )
    rows = owner[piece_i]
    cols = piece_i - starts[rows]
    fits = cols < budget
    begins = token_i == first[piece_i]
    has_own = np.bincount(token_i[fits & begins], minlength=n_tokens) > 0
    kept = fits if share else fits & (begins | ~has_own[token_i])
    token_i, rows, cols = token_i[kept], rows[kept], cols[kept] + prefix

    bare = np.flatnonzero(np.bincount(token_i, minlength=n_tokens) == 0)
    if len(bare):
        before = np.searchsorted(pieces[0], tokens[0][bare], side="right") - 1
        bare_rows = owner[np.maximum(before, 0)] if n_pieces else np.zeros(len(bare), dtype=np.int64)
        token_i, rows = np.concatenate((token_i, bare)), np.concatenate((rows, bare_rows))
        cols = np.concatenate((cols, np.zeros(len(bare), dtype=np.int64)))
    order = np.argsort(token_i, kind="stable")
    return Layout(
        starts=starts,
        ends=np.minimum(ends, starts + budget),
        span_starts=np.concatenate(([0], first[starts[1:]])),
        span_ends=np.concatenate((first[ends[:-1]], [n_tokens])),
        rows=rows[order],
        cols=cols[order],
        lengths=np.bincount(token_i, minlength=n_tokens),
    )


def overlapping(tokens: tuple[Ints, Ints], pieces: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """First and last token that each wordpiece shares a character with; last < first where there is none."""
    first = np.searchsorted(tokens[1], pieces[0], side="right")
    last = np.searchsorted(tokens[0], pieces[1], side="left") - 1
    return first, last


def find_windows(first: Ints, last: Ints, budget: int, overlap: int) -> tuple[Ints, Ints, Ints]:
    """Windows [start, end), and of each wordpiece the window that its token reads."""
    n_pieces = len(first)
    if n_pieces <= budget:
        return np.zeros(1, dtype=np.int64), np.array([n_pieces]), np.zeros(n_pieces, dtype=np.int64)
    borders = find_borders(first, last)
    starts, ends = cut(borders, budget, overlap)
    middles = borders[:-1] + borders[1:]
    owner = np.searchsorted(starts[1:] + ends[:-1], middles, side="left")
    return starts, ends, np.repeat(owner, np.diff(borders))


def find_borders(first: Ints, last: Ints) -> Ints:
    """Wordpiece positions where a cut separates no token, ascending, with 0 and the number of wordpieces.

    Wordpieces that belong to no token stay with what is before them.
    """
    n_pieces = len(first)
    aligned = last >= first
    reached = np.maximum.accumulate(np.where(aligned, last, -1))
    coming = np.minimum.accumulate(np.where(aligned, first, np.iinfo(np.int64).max)[::-1])[::-1]
    free = aligned[1:] & (reached[:-1] >= 0) & (coming[1:] > reached[:-1])
    inner = np.flatnonzero(free) + 1
    return np.concatenate(([0], inner, [n_pieces])) if n_pieces else np.zeros(1, dtype=np.int64)


def cut(borders: Ints, budget: int, overlap: int) -> tuple[Ints, Ints]:
    """Windows [start, end) between borders, each as long as the budget allows and each reaching further.

    A stretch without a border that is longer than the budget has a window of its own, with its true end here.
    """
    n_pieces, starts, ends = int(borders[-1]), [0], []
    while True:
        following = int(np.searchsorted(borders, starts[-1] + budget, side="right"))
        if borders[following - 1] <= starts[-1]:
            following += 1
        end = int(borders[following - 1])
        ends.append(end)
        if end == n_pieces:
            return np.array(starts), np.array(ends)
        earliest = max(end - overlap, int(borders[following]) - budget)
        starts.append(min(int(borders[np.searchsorted(borders, earliest, side="left")]), end))


def batch_by_padding(
    lengths: Ints, max_padded: int, max_waste: int, *, powers_of_two: bool = False
) -> list[Ints]:
    """Group rows of like length: indices of the rows of each batch, longest rows first.

    lengths: wordpieces of each row, shape (rows,). max_padded: wordpieces of a batch with its padding (a
    single row may exceed it). max_waste: padding that a batch may hold before it pays to run another one.
    powers_of_two: of rows in a batch 1, 2, 4, 8 ..., so that there are few shapes.
    """
    order = np.argsort(-np.asarray(lengths), kind="stable")
    of_order = np.asarray(lengths)[order]
    batches: list[Ints] = []
    begin = 0
    while begin < len(order):
        width = max(int(of_order[begin]), 1)
        waste = np.cumsum(width - of_order[begin : begin + max(max_padded // width, 1)])
        n_rows = max(int(np.searchsorted(waste, max_waste, side="right")), 1)
        if powers_of_two:
            n_rows = 1 << n_rows.bit_length() - 1
        batches.append(order[begin : begin + n_rows])
        begin += n_rows
    return batches


def batch_by_length(lengths: Ints, most: int) -> list[Ints]:
    """Group rows, the longest first, into batches of at most so many wordpieces (a single row may exceed it)."""
    order = np.argsort(-np.asarray(lengths), kind="stable")
    batches, begin, held = [], 0, 0
    for i, length in enumerate(np.asarray(lengths)[order]):
        if held and held + length > most:
            batches.append(order[begin:i])
            begin, held = i, 0
        held += int(length)
    return [*batches, order[begin:]] if len(order) else []


def deal(lengths: Ints, n_lanes: int) -> list[Ints]:
    """Indices of rows for each of some lanes, of which none is empty: each row, the longest first, to the lane with the
    fewest wordpieces."""
    lanes: list[list[int]] = [[] for _ in range(n_lanes)]
    held = [0] * n_lanes
    for row in np.argsort(-np.asarray(lengths), kind="stable").tolist():
        least = held.index(min(held))
        lanes[least].append(row)
        held[least] += int(lengths[row])
    return [np.array(lane) for lane in lanes if lane]
