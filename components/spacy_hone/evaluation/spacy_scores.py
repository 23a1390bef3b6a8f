"""The same predictions scored by spaCy's own Scorer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from spacy.scorer import Scorer, get_ner_prf
from spacy.tokens import Doc
from spacy.training import Example

from .samples import get_spans, is_annotated
from .scores import Score, to_score


def score_spacy(
    golds: Sequence[Doc], preds: Sequence[Doc], labels: Sequence[str], spans_key: str | None = None
) -> tuple[Score, Score]:
    """Micro scores (`ents_p/r/f`, `spans_KEY_p/r/f`), and the mean of spaCy's per-type scores over `labels`.

    spaCy has no macro score itself; its None (nothing to score) is 0.0 here.
    """
    examples = [Example(pred, gold) for gold, pred in zip(golds, preds, strict=True)]
    attr = "ents" if spans_key is None else f"spans_{spans_key}"
    result = get_ner_prf(examples) if spans_key is None else _score_spans(examples, attr, spans_key)
    micro = Score(*(float(result[f"{attr}_{key}"] or 0.0) for key in "prf"))
    per_type = result[f"{attr}_per_type"] or {}
    if not labels:
        return micro, Score(0.0, 0.0, 0.0)
    rows = [[per_type.get(label, {}).get(key, 0.0) for key in "prf"] for label in labels]
    return micro, to_score(np.mean(rows, axis=0))


def _score_spans(examples: Sequence[Example], attr: str, spans_key: str) -> dict[str, Any]:
    return Scorer.score_spans(
        examples,
        attr,
        getter=lambda doc, _: get_spans(doc, spans_key),
        has_annotation=lambda doc: is_annotated(doc, spans_key),
        allow_overlap=True,
    )
