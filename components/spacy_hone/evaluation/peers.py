"""Our scores beside seqeval's and spaCy's, and whether they agree where the definitions are the same."""

from collections.abc import Sequence
from typing import NamedTuple

from spacy.tokens import Doc

from . import seqeval_scores
from .samples import MISSING, Sample
from .scores import EntityScores, Score
from .spacy_scores import score_spacy

TOLERANCE = 1e-9


class Peer(NamedTuple):
    """Another scorer's verdict.

    expected: whether its definition coincides with ours on these documents.
    reason: why it does not, if it does not.
    """

    name: str
    micro: Score
    macro: Score
    expected: bool
    reason: str = ""


def score_peers(
    samples: Sequence[Sample],
    golds: Sequence[Doc],
    preds: Sequence[Doc],
    labels: Sequence[str],
    spans_key: str | None = None,
) -> list[Peer]:
    """spaCy's Scorer, seqeval strict and seqeval's lenient default; seqeval only where it is installed."""
    tokens = "" if all(s.same_tokens for s in samples) else "the pipeline's tokens differ from the gold ones"
    tags = tokens or ("spans overlap" if any(s.has_overlaps for s in samples) else "")
    peers = [Peer("spaCy Scorer", *score_spacy(golds, preds, labels, spans_key), not tokens, tokens)]
    if seqeval_scores.is_installed():
        gold = [["O" if tag == MISSING else tag for tag in s.gold_tags] for s in samples]
        pred = [s.pred_tags for s in samples]
        strict, lenient = seqeval_scores.score_strict(gold, pred), seqeval_scores.score_lenient(gold, pred)
        peers.append(Peer("seqeval strict (IOB2)", *strict, not tags, tags))
        peers.append(Peer("lenient (seqeval default)", *lenient, not tags, tags))
    return peers


def difference(peer: Peer, scores: EntityScores) -> float:
    """Largest absolute difference of precision, recall and F1, micro and macro, from ours."""
    ours, theirs = (*scores.micro, *scores.macro), (*peer.micro, *peer.macro)
    return max(abs(a - b) for a, b in zip(ours, theirs))
