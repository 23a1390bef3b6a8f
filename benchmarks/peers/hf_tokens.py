"""A Hugging Face token classifier: labels on the first sub-token of each word (-100 elsewhere), argmax decoding,
strict IOB2 spans."""

from collections.abc import Sequence
from pathlib import Path

import torch
from harness.data_sets import DATA_SETS
from harness.tasks import TAGGINGS
from spacy.tokens import Doc
from transformers import AutoModelForTokenClassification

from peers.huggingface import IGNORED, Features, Peer, copy_words, pad_lists
from peers.outcome import Settings


class TokenPeer(Peer):
    """For entities, chunks and parts of speech, as the data set's task says."""

    model_class = AutoModelForTokenClassification

    def __init__(self, encoder: Path, docs: Sequence[Doc], settings: Settings) -> None:
        self.tagging = TAGGINGS[DATA_SETS[settings.data].task]
        super().__init__(encoder, docs, settings)

    def find_labels(self, docs: Sequence[Doc]) -> list[str]:
        return self.tagging.tags(docs)

    def encode(self, doc: Doc) -> Features:
        """`words` names, for each sub-token, the token that it is the first of, or is IGNORED."""
        tokens = [token for token in doc if not token.is_space]
        encoded = self.tokenizer([token.text for token in tokens], is_split_into_words=True, truncation=True)
        ids = encoded.word_ids()
        firsts = [i is not None and i != before for before, i in zip([None, *ids], ids)]
        words = [tokens[i].i if first else IGNORED for i, first in zip(ids, firsts)]
        row = {tag: i for i, tag in enumerate(self.labels)}
        tags = self.tagging.read(doc)
        # a tag that training does not know is O, or the first one
        labels = [IGNORED if i == IGNORED else row.get(tags[i], 0) for i in words]
        return {**encoded, "labels": labels, "words": words}

    def pad_labels(self, features: Sequence[Features], width: int) -> torch.Tensor:
        return pad_lists([row["labels"] for row in features], width, IGNORED)

    def read(self, doc: Doc, features: Features, logits: torch.Tensor) -> Doc:
        best = dict(zip(features["words"], logits.argmax(-1).tolist()))
        best.pop(IGNORED, None)
        found = copy_words(doc)
        self.tagging.write(found, list(best), [self.labels[row] for row in best.values()])
        return found
