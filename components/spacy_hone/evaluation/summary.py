"""Everything that is known once documents and predictions are there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from spacy.tokens import Doc, Span

from ..errors import Errors, HoneError
from .calibration import expected_calibration_error
from .intervals import ScoreIntervals, score_intervals
from .peers import TOLERANCE, Peer, difference, score_peers
from .samples import Sample, get_spans, make_samples
from .scores import EntityScores, TokenAccuracy, score_entities, score_tokens


@dataclass(frozen=True, slots=True)
class Summary:
    """samples: one a document, in the order of `scores.counts`; intervals: None if no resample was asked for;
    calibration_error: of the confidence of each entity found, None where none has one; warnings: coded lines for
    people."""

    samples: Sequence[Sample]
    scores: EntityScores
    intervals: ScoreIntervals | None
    tokens: TokenAccuracy
    peers: Sequence[Peer]
    calibration_error: float | None
    warnings: Sequence[str]


def summarise(
    golds: Sequence[Doc],
    preds: Sequence[Doc],
    *,
    spans_key: str | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
) -> Summary:
    """Score predictions against gold documents.

    golds, preds: the same texts in the same order, at least one.
    spans_key: compare `doc.spans[spans_key]` instead of `doc.ents`.
    bootstrap: resamples for the intervals; 0 for none.
    """
    samples = make_samples(golds, preds, spans_key)
    scores = score_entities(samples)
    peers = score_peers(samples, golds, preds, scores.labels, spans_key)
    return Summary(
        samples=samples,
        scores=scores,
        intervals=score_intervals(scores, bootstrap, seed) if bootstrap else None,
        tokens=score_tokens(samples),
        peers=peers,
        calibration_error=_calibration_error(samples, preds, spans_key),
        warnings=[
            Errors.H609.format(name=peer.name, difference=difference(peer, scores))
            for peer in peers
            if peer.expected and difference(peer, scores) > TOLERANCE
        ],
    )


def check_labels(gold: dict[str, int], predictable: Collection[str], unit: str) -> list[str]:
    """Compare the corpus' labels with the pipeline's: a warning names those that it cannot predict.

    gold: how often each label occurs; predictable: empty if the pipeline does not say; unit: what is counted.

    Raises HoneError: not one label in common.
    """
    unknown = {label: n for label, n in gold.items() if label not in predictable}
    if not unknown or not predictable:
        return []
    texts = {"corpus": ", ".join(gold), "pipeline": ", ".join(sorted(predictable))}
    if len(unknown) == len(gold):
        raise HoneError(Errors.H606.format(**texts))
    names = ", ".join(f"{label} ({n})" for label, n in unknown.items())
    return [Errors.H608.format(unit=unit, labels=names, pipeline=texts["pipeline"])]


def _calibration_error(
    samples: Sequence[Sample], preds: Sequence[Doc], spans_key: str | None
) -> float | None:
    """Of the predictions that can be judged and carry `span._.confidence`."""
    if not Span.has_extension("confidence"):
        return None
    found = [
        (span._.confidence, (span.start_char, span.end_char, span.label_) in sample.gold)
        for sample, pred in zip(samples, preds)
        for span in get_spans(pred, spans_key)
        if span._.confidence is not None and (span.start_char, span.end_char, span.label_) in sample.pred
    ]
    return expected_calibration_error(*zip(*found)) if found else None
