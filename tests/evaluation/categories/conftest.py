"""Documents with categories, gold and predicted, without a pipeline."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_hone.evaluation.categories.groups import Group
from spacy_hone.evaluation.categories.samples import Samples, make_samples

LABELS = ("law", "其他", "Sports ⚽")
Cats = Mapping[str, float]


@pytest.fixture
def doc_with() -> Callable[[Cats], Doc]:
    """`doc_with({"law": 1.0})`."""
    vocab = Vocab()

    def make(cats: Cats) -> Doc:
        doc = Doc(vocab, words=["a", "b"])
        doc.cats = dict(cats)
        return doc

    return make


@pytest.fixture
def samples_of(doc_with) -> Callable[..., Samples]:
    """`samples_of(golds, preds, multi_label=True)`: from rows of numbers, None where a label is not annotated."""

    def make(
        golds: Sequence[Sequence],
        preds: Sequence[Sequence[float]],
        *,
        multi_label: bool,
        thresholds=(),
        extra=(),
    ) -> Samples:
        labels = LABELS[: len(preds[0])]
        group = Group("textcat", labels, multi_label, None, thresholds, decides=False)
        known = [{lab: v for lab, v in zip((*labels, *extra), row) if v is not None} for row in golds]
        return make_samples(
            group,
            extra,
            [doc_with(row) for row in known],
            [doc_with(dict(zip(labels, map(float, row)))) for row in preds],
        )

    return make


@pytest.fixture
def random_samples(samples_of) -> Callable[..., Samples]:
    """`random_samples(seed, multi_label=True)`: 50 documents; of multi-label ones some labels are unknown."""

    def make(seed: int, *, multi_label: bool) -> Samples:
        rng = np.random.default_rng(seed)
        shape = (50, len(LABELS))
        if multi_label:
            gold = (rng.random(shape) < 0.4).astype(object)
            p = np.clip(gold.astype(float) * 0.3 + rng.random(shape) * 0.7, 0, 1)
            gold[rng.random(shape) < 0.1] = None
        else:
            gold = np.eye(3, dtype=int)[rng.integers(0, 3, 50)]
            p = rng.dirichlet(np.ones(3), 50) + gold * rng.random((50, 1))
            p /= p.sum(1, keepdims=True)
        return samples_of(gold.tolist(), p.tolist(), multi_label=multi_label)

    return make
