"""Wordpieces that a large corpus never has fall out of the embedding, and out of the tokenizer."""

import json
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from spacy.util import minibatch

from ...errors import Errors, HoneError
from ...models.tokenization import Wordpieces
from .source import Source
from .vectors import Probe, largest_gap, sample_rows
from .vocabulary import close, must_stay, renumber

BATCH, SAMPLE = 1000, 32  # texts
TOLERANCE = 1e-5


def prune(source: Source, read: Callable[[], Iterable[str]]) -> Source:
    """An encoder with the wordpieces of some texts only; special ones and single characters stay.

    source: the encoder, which stays as it is. read: gives the texts, each time that it is called.

    Raises H725 if that is not possible: another kind of tokenizer, no texts, or wordpieces or vectors of the texts that
    would not be the same.
    """
    old = source.wordpieces
    state = json.loads(old.files["tokenizer.json"])
    seen = _find_seen(old, read())
    stay = must_stay(state) | {*old.prefix, *old.suffix, old.pad_id}
    ids, merges = close(state, seen | stay)
    kept = np.array(sorted(ids))
    new = {int(i): n for n, i in enumerate(kept)}
    text = json.dumps(renumber(state, new, merges), ensure_ascii=False)
    wordpieces = Wordpieces({"tokenizer.json": text.encode("utf8")}, new[old.pad_id])
    pruned = replace(
        source, wordpieces=wordpieces, transformer=_take_rows(source.transformer, kept, new[old.pad_id])
    )
    _check(source, pruned, kept, read())
    return pruned


def _find_seen(wordpieces: Wordpieces, texts: Iterable[str]) -> set[int]:
    seen: set[int] = set()
    for batch in minibatch(texts, BATCH):
        for pieces in wordpieces(batch):
            seen.update(pieces.ids.tolist())
    if not seen:
        raise HoneError(Errors.H725.format(problem="the corpus has no texts."))
    return seen


def _take_rows(transformer: Any, kept: np.ndarray, pad_id: int) -> Any:
    """A copy of an encoder with some rows of its embedding."""
    pruned = deepcopy(transformer)
    weight = transformer.get_input_embeddings().weight.detach()[torch.from_numpy(kept)]
    pruned.set_input_embeddings(torch.nn.Embedding.from_pretrained(weight))
    pruned.config.vocab_size, pruned.config.pad_token_id = len(kept), pad_id
    return pruned


def _check(old: Source, new: Source, kept: np.ndarray, texts: Iterable[str]) -> None:
    """Raise H725 if wordpieces of the texts, or the vectors of some of them, are not what they were."""
    sample: list[str] = []
    for batch in minibatch(texts, BATCH):
        sample = sample or batch
        for text, before, after in zip(batch, old.wordpieces(batch), new.wordpieces(batch)):
            if not np.array_equal(before.ids, kept[after.ids]):
                raise HoneError(
                    Errors.H725.format(problem=f"it would change the wordpieces of {text[:80]!r}.")
                )
    rows = sample_rows(new, sample[:SAMPLE])
    theirs, ours = Probe(old, [kept[row].tolist() for row in rows]), Probe(new, rows)
    gap = largest_gap(theirs.expected, ours.expected)
    if gap > TOLERANCE:
        problem = f"the encoder's vectors depend on the numbers of wordpieces (they differ by {gap:.2g})."
        raise HoneError(Errors.H725.format(problem=problem))
