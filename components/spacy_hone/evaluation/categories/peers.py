"""spaCy's Scorer beside our scores of categories."""

from typing import Any

import numpy as np
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from ..peers import Peer
from ..scores import EntityScores, Score, to_score
from .samples import Samples

NOT_ONE = "not one decided label in each document"


def score_peer(samples: Samples, scores: EntityScores) -> Peer:
    """The labels decided for, scored by `Scorer.score_cats`, over the labels of our scores."""
    exclusive = not samples.group.multi_label
    decided = {
        id(doc): dict(zip(samples.labels, row))
        for doc, row in zip(samples.preds, samples.decided.astype(float))
    }

    def get_decided(doc: Doc, attr: str) -> dict[str, Any]:
        return decided.get(id(doc), doc.cats)

    result = Scorer.score_cats(
        [Example(pred, gold) for pred, gold in zip(samples.preds, samples.golds)],
        "cats",
        getter=get_decided,
        labels=scores.labels,
        multi_label=samples.group.multi_label,
    )
    reason = NOT_ONE if exclusive and (samples.decided.sum(1) != 1).any() else ""
    micro = Score(*(float(result[f"cats_micro_{key}"]) for key in "prf"))
    per_type = [[result["cats_f_per_type"][label][key] for key in "prf"] for label in scores.labels]
    macro = to_score(np.mean(per_type, axis=0)) if per_type else Score(0.0, 0.0, 0.0)
    return Peer("spaCy Scorer", micro, macro, not reason, reason)
