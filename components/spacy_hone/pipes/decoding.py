"""From logits to spans: the best path over legal transitions, and how sure it is."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..losses.lattice import Lattice
from .tags import OUTSIDE, TagTable

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]
Bools = NDArray[np.bool_]


class ScoredSpan(NamedTuple):
    """A span of tokens, its label, and its probability: see `decode`."""

    start: int
    end: int
    label: str
    score: float


def decode(
    logits: Sequence[Floats],
    spaces: Sequence[Bools],
    table: TagTable,
    transitions: Floats | None = None,
) -> list[list[ScoredSpan]]:
    """Find the likeliest legal tags of each document, and their spans in order.

    The score of a span is the product of the (softmax) probabilities of its tags. With transition scores it is
    the probability under the CRF that the text has exactly this span: of its tags together, and of no tag after
    them that continues it.

    logits (Sequence[ndarray]): one array a document, shape (tokens, tags).
    spaces (Sequence[ndarray]): one boolean array a document, shape (tokens,): whitespace tokens. No span
        touches one.
    table (TagTable): the tags.
    transitions (ndarray | None): the learned scores of a CRF, shape (tags, tags): of the column after the row.
    RETURNS (list[list[ScoredSpan]]): the spans of each document.
    """
    # One sequence: the documents in a row, with an O that nothing crosses before, between and after them.
    lengths = np.array([len(doc) for doc in logits], dtype="int64")
    offsets = np.cumsum(np.append(1, lengths + 1))
    scores = np.zeros((offsets[-1], len(table)), dtype="float32")
    closed = np.ones(offsets[-1], dtype=bool)
    for offset, doc_logits, doc_spaces in zip(offsets, logits, spaces):
        scores[offset : offset + len(doc_logits)] = doc_logits
        closed[offset : offset + len(doc_spaces)] = doc_spaces
    if transitions is None:
        path = best_path(scores, closed, table)
        log_p = _log_probabilities(scores, path)
    else:
        path, log_p = np.full(len(scores), OUTSIDE), np.zeros(len(scores))
        tokens = np.delete(np.arange(len(scores)), np.append(0, offsets[1:] - 1))
        path[tokens], log_p[tokens] = _crf_path(scores[tokens], closed[tokens], lengths, table, transitions)

    starts = np.flatnonzero(table.starts[path])
    stops = np.flatnonzero(~table.inside[path])
    ends = stops[np.searchsorted(stops, starts, side="right")]
    span_log_p = np.add.reduceat(log_p, np.column_stack((starts, ends)).ravel())[::2]
    docs = np.searchsorted(offsets, starts, side="right") - 1
    decoded: list[list[ScoredSpan]] = [[] for _ in logits]
    for i, start, end, score in zip(docs, starts, ends, np.exp(span_log_p).tolist()):
        span = ScoredSpan(int(start - offsets[i]), int(end - offsets[i]), table.labels[path[start]], score)
        decoded[i].append(span)
    return decoded


def best_tags(
    logits: Sequence[Floats], transitions: Floats | None = None
) -> tuple[list[Ints], list[NDArray[np.float64]]]:
    """Find the likeliest tag of each token, where any tag may follow any.

    logits (Sequence[ndarray]): one array a document, shape (tokens, tags).
    transitions (ndarray | None): the learned scores of a CRF, shape (tags, tags): of the column after the row.
        The tags are then those of the likeliest path.
    RETURNS: for each document the tags, and their probabilities (softmax, with a CRF forward-backward marginals),
        both of shape (tokens,).
    """
    if not logits:
        return [], []
    lengths = [len(doc) for doc in logits]
    scores = np.concatenate(logits)
    if transitions is None:
        path = scores.argmax(axis=1)
        p = np.exp(_log_probabilities(scores, path))
    else:
        lattice = Lattice(scores, lengths, transitions)
        path = lattice.best_path()
        p = lattice.marginals()[0][np.arange(len(path)), path]
    bounds = np.cumsum(lengths)[:-1]
    return np.split(path, bounds), np.split(p, bounds)


def _crf_path(
    scores: Floats, closed: Bools, lengths: Ints, table: TagTable, transitions: Floats
) -> tuple[Ints, NDArray[np.float64]]:
    """The best legal path, and for each token of a span a factor (its logarithm): their product is the probability
    of the span. Read from its end: of the last tag without a continuation, then of each tag given the one after."""
    possible = (np.arange(len(table)) == OUTSIDE) | ~closed[:, None]
    lattice = Lattice(scores, lengths.tolist(), transitions, table.legal, possible)
    path = lattice.best_path()
    marginals, _ = lattice.marginals()
    followers = np.delete(np.arange(len(path)), lattice.firsts)
    before = np.exp(lattice.log_before(followers, path[followers - 1]))
    continues = table.inside[path[followers]]
    factors = marginals[np.arange(len(path)), path]
    factors[followers - 1] = np.where(
        continues,
        before[np.arange(len(followers)), path[followers]],
        (before * marginals[followers])[:, ~table.inside].sum(axis=1),
    )
    return path, np.log(np.clip(factors, np.finfo("float64").tiny, 1))


def best_path(scores: Floats, closed: Bools, table: TagTable, radius: int = 4) -> Ints:
    """The legal path with the highest sum of scores, O where a token is closed.

    Each token's best tag is taken first. Where two of them cannot follow each other, the tokens around are
    decoded together, and the window grows until it fits to its neighbours. The parts are then each as good as
    they can be alone, so a legal whole is the optimum; in a trained model nearly all tokens stay out of it.

    scores (ndarray): shape (tokens, tags).
    closed (ndarray): shape (tokens,), bool; the first and the last token must be.
    table (TagTable): the tags.
    radius (int): half the width of the first windows, in tokens.
    RETURNS (ndarray): rows of the table, shape (tokens,).
    """
    path = np.where(closed, OUTSIDE, scores.argmax(axis=1))
    if table.legal[path[:-1], path[1:]].all():
        return path
    penalty = np.where(table.legal, 0, -np.inf).astype(scores.dtype)
    scores = scores.copy()
    scores[1:][closed[:-1]] += penalty[OUTSIDE]
    scores[:-1][closed[1:]] += penalty[:, OUTSIDE]
    path = np.where(closed, OUTSIDE, scores.argmax(axis=1))
    window = np.zeros(len(path), dtype=bool)
    while radius < 4 * len(path):
        illegal = np.flatnonzero(~table.legal[path[:-1], path[1:]])
        if not illegal.size:
            break
        window |= _around(illegal + 1, radius, len(path)) & ~closed
        edges = np.flatnonzero(np.diff(window, prepend=False, append=False))
        _viterbi(scores, path, edges[::2], edges[1::2], penalty)
        radius *= 4
    return path


def _around(positions: Ints, radius: int, length: int) -> Bools:
    """Whether a token lies in `[position - radius, position + radius)` of one of the positions."""
    change = np.zeros(length + 1, dtype="int64")
    np.add.at(change, np.maximum(positions - radius, 0), 1)
    np.add.at(change, np.minimum(positions + radius, length), -1)
    return np.cumsum(change)[:-1] > 0


def _viterbi(scores: Floats, path: Ints, starts: Ints, ends: Ints, penalty: Floats) -> None:
    """Write the best legal path of each segment into `path`. Longest first, as in thinc's `Padded`: at each
    step the segments still running are the first ones."""
    order = np.argsort(starts - ends)
    starts, lengths = starts[order], (ends - starts)[order]
    running = [int((lengths > step).sum()) for step in range(lengths[0])]
    best = scores[starts]
    previous = []
    for step, n in enumerate(running[1:], 1):
        candidates = best[:n, None, :] + penalty.T
        chosen = candidates.argmax(axis=2)
        previous.append(chosen)
        best[:n] = candidates.max(axis=2) + scores[starts[:n] + step]
    tags = best.argmax(axis=1)
    for step in range(len(running) - 1, -1, -1):
        n = running[step]
        path[starts[:n] + step] = tags[:n]
        if step:
            tags[:n] = previous[step - 1][np.arange(n), tags[:n]]


def _log_probabilities(scores: Floats, path: Ints) -> NDArray[np.float64]:
    """Logarithms of the softmax probabilities of the path's tags, shape (tokens,), float64."""
    chosen = scores[np.arange(len(path)), path, None]
    return -np.log(np.exp((scores - chosen).astype("float64")).sum(axis=1))
