"""A Hugging Face `Trainer`: its optimiser, schedule, collator, autocast and update, on batches that are given to it."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import gettempdir

import torch
from harness.data_sets import DATA_SETS
from spacy.tokens import Doc
from transformers import DataCollatorForTokenClassification, Trainer, TrainingArguments

from peers.hf_tokens import TokenPeer
from peers.outcome import Settings

TAKEN = ("input_ids", "attention_mask", "labels")


class TrainerPeer(TokenPeer):
    """The same head and labels. An update is what `Trainer.train` does between two batches of its loader: the model as
    accelerate prepares it, `training_step`, clipping, optimiser, schedule; its callbacks and its log are left out.

    settings: may override `optim`, by one of the names that `TrainingArguments` knows.
    """

    def __init__(self, encoder: Path, docs: Sequence[Doc], settings: Settings) -> None:
        super().__init__(encoder, docs, settings)
        arguments = TrainingArguments(
            output_dir=gettempdir(),
            use_cpu=self.device.type == "cpu",
            bf16=self.precision == "bf16",
            per_device_train_batch_size=DATA_SETS[settings.data].batch_size,
            learning_rate=settings.learn_rate,
            weight_decay=0.01,
            max_steps=settings.updates,
            warmup_steps=settings.updates // 10,
            optim=settings.overrides.get("optim", TrainingArguments.default_optim),
            report_to=[],
            save_strategy="no",
        )
        self.collate = DataCollatorForTokenClassification(self.tokenizer)
        self.trainer = Trainer(self.model, arguments, data_collator=self.collate)
        self.trainer.create_optimizer_and_scheduler(settings.updates)
        prepare = self.trainer.accelerator.prepare
        self.model.train()
        self.prepared, self.optimizer = prepare(self.model, self.trainer.optimizer)
        self.schedule = self.trainer.lr_scheduler

    def update(self, docs: Sequence[Doc]) -> float:
        """One optimiser step; the loss, a mean."""
        features = [self._features(doc) for doc in docs]
        batch = self.collate([{name: row[name] for name in TAKEN} for row in features])
        loss = self.trainer.training_step(self.prepared, batch)
        self.trainer.accelerator.clip_grad_norm_(self.prepared.parameters(), self.trainer.args.max_grad_norm)
        self.optimizer.step()
        self.schedule.step()
        self.prepared.zero_grad()
        return float(torch.as_tensor(loss))
