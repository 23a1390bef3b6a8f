"""A Hugging Face sequence classifier, on the pooled first position; of several labels each is decided alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from harness.data_sets import DATA_SETS
from spacy.tokens import Doc
from transformers import AutoModelForSequenceClassification

from peers.huggingface import Features, Peer, copy_words
from peers.outcome import Settings


class TextPeer(Peer):
    """For categories, exclusive or independent, as the data set's task says."""

    model_class = AutoModelForSequenceClassification

    def __init__(self, encoder: Path, docs: Sequence[Doc], settings: Settings) -> None:
        self.multi_label = DATA_SETS[settings.data].task == "multi_cats"
        super().__init__(encoder, docs, settings)

    def find_labels(self, docs: Sequence[Doc]) -> list[str]:
        return sorted({label for doc in docs for label in doc.cats})

    def model_options(self) -> dict[str, Any]:
        kind = "multi_label" if self.multi_label else "single_label"
        return {"problem_type": f"{kind}_classification"}

    def encode(self, doc: Doc) -> Features:
        cats = [doc.cats.get(label, 0.0) for label in self.labels]
        return {**self.tokenizer(doc.text, truncation=True), "labels": cats}

    def pad_labels(self, features: Sequence[Features], width: int) -> torch.Tensor:
        cats = torch.tensor([row["labels"] for row in features])
        return cats if self.multi_label else cats.argmax(-1)

    def read(self, doc: Doc, features: Features, logits: torch.Tensor) -> Doc:
        p = logits.sigmoid() if self.multi_label else logits.softmax(-1)
        found = copy_words(doc)
        found.cats = dict(zip(self.labels, p.tolist()))
        return found
