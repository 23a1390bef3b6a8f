"""Random gold documents and predictions that share some boundaries and labels, as a real system's do."""

from collections.abc import Callable
from random import Random

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

LABELS = ("PER", "creative-work", "-x-", "a:b c", "PER-2")
WORDS = ("the", "Anna", "1 1/2", "\n", " ", "\n\n", "北京", "İstanbul", "-DOCSTART-")

Pairs = tuple[list[Doc], list[Doc]]


def _entities(rng: Random, doc: Doc, density: float) -> list[tuple[int, int, str]]:
    found, start = [], 0
    while start < len(doc):
        length = min(rng.randint(1, 4), len(doc) - start)
        if rng.random() < density:
            found.append((start, start + length, rng.choice(LABELS)))
        start += length
    return found


def _disturb(rng: Random, entities: list[tuple[int, int, str]], n_tokens: int) -> list[tuple[int, int, str]]:
    """Keep most entities, move ends, change labels, drop some; never two on one token."""
    kept, free = [], 0
    for start, end, label in entities:
        new_start = max(free, start - rng.choice((0, 0, 0, 1)))
        new_end = min(n_tokens, end + rng.choice((0, 0, 0, -1, 1)))
        if new_start < new_end and rng.random() < 0.9:
            kept.append((new_start, new_end, label if rng.random() < 0.8 else rng.choice(LABELS)))
            free = new_end
    return kept


def _make_doc(vocab: Vocab, words: list[str], entities: list[tuple[int, int, str]]) -> Doc:
    doc = Doc(vocab, words=words)
    doc.set_ents([Span(doc, *entity) for entity in entities])
    return doc


@pytest.fixture
def random_pairs() -> Callable[..., Pairs]:
    """`random_pairs(seed, missing=..., density=...)`: gold documents, predictions.

    With `missing`, some documents have no annotation, and some tokens of others neither.
    """

    def make(seed: int, *, missing: bool = False, density: float = 0.4, n_docs: int = 25) -> Pairs:
        rng, vocab = Random(seed), Vocab()
        golds, preds = [], []
        for _ in range(n_docs):
            words = [rng.choice(WORDS) for _ in range(rng.randint(1, 30))]
            doc = Doc(vocab, words=words)
            entities = _entities(rng, doc, density)
            preds.append(_make_doc(vocab, words, _disturb(rng, entities, len(doc))))
            golds.append(_make_doc(vocab, words, entities))
            if missing and rng.random() < 0.3:
                doc = Doc(vocab, words=words)
                unknown = [doc[i : i + 1] for i in range(len(doc)) if rng.random() < 0.3]
                covered = {span.start for span in unknown}
                spans = [Span(doc, *e) for e in entities if not covered & set(range(e[0], e[1]))]
                doc.set_ents(spans, missing=unknown)
                golds[-1] = doc
            elif missing and rng.random() < 0.3:
                golds[-1] = Doc(vocab, words=words)
        return golds, preds

    return make


@pytest.fixture
def doc_of() -> Callable[..., Doc]:
    """`doc_of("Anna Smith sings", (0, 2, "PER"))`: a document with entities given by tokens."""

    def make(text: str, *entities: tuple[int, int, str]) -> Doc:
        return _make_doc(Vocab(), text.split(" "), list(entities))

    return make
