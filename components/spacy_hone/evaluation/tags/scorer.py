"""The scorer of `hone_tagger`: spaCy's accuracy, and each tag by itself."""

from collections.abc import Callable, Iterable
from typing import Any

from spacy.scorer import Scorer
from spacy.training import Example

from ..scores import prf
from .samples import Attr, make_samples
from .scores import count_tags


def make_tagger_scorer() -> Callable[..., dict[str, Any]]:
    """Build `hone.tagger_scorer.v1`."""
    return score_tagger


def score_tagger(examples: Iterable[Example], *, written: Attr = "tag", **cfg: Any) -> dict[str, Any]:
    """Score predicted tags by the gold ones; tokens without a gold tag and whitespace are left out.

    examples (Iterable[Example]): predictions and gold documents.
    written (str): "tag" or "pos", the component's setting, which `nlp.evaluate` passes.
    RETURNS (dict[str, Any]): `tag_acc` as spaCy's tagger scorer gives it (None without a gold tag), and
        `tag_per_type`: precision, recall and F1 (`p`, `r`, `f`) of each tag; for "pos" `pos_acc`, `pos_per_type`.
    """
    examples = list(examples)
    samples = make_samples(written, [eg.reference for eg in examples], [eg.predicted for eg in examples])
    scores = count_tags([sample.pairs for sample in samples])
    rows = prf(scores.counts.sum(0)).tolist()
    per_type = {label: dict(zip("prf", row)) for label, row in zip(scores.labels, rows)}
    return Scorer.score_token_attr(examples, written) | {f"{written}_per_type": per_type}
