"""One strict score for every system: exact characters and label, counted by document."""

from collections.abc import Sequence

from spacy.tokens import Doc

from harness.results import Record
from spacy_hone.evaluation.samples import make_samples
from spacy_hone.evaluation.scores import score_entities


def score(golds: Sequence[Doc], preds: Sequence[Doc]) -> Record:
    """Micro precision, recall, F1 and macro-F1, with TP, FP, FN by type and by document."""
    scores = score_entities(make_samples(golds, preds))
    return {
        "micro": list(scores.micro),
        "macro_f1": scores.macro.f1,
        "per_type": dict(zip(scores.labels, scores.counts.sum(0).tolist())),
        "documents": scores.counts.sum(1).tolist(),
    }
