"""An update as it is, and with each of the things undone, or done, that are said to make it fast."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
from harness.clock import replaced
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, registry

from peers.pipelines import make_step
from peers.speed import CONFIG, PRECISION, make_pipeline
from spacy_hone.models import shim
from spacy_hone.models.tokenization import Wordpieces
from spacy_hone.training.batching import make_batch_by_wordpieces
from spacy_hone.training.optimizer import make_adamw

Batches = Sequence[Sequence[Doc]]
Turn = Callable[[Batches], object]
"""All updates of a block."""
SIZE = 16  # documents of a batch
AS_IT_IS = "as it is"


class Variant:
    """A pipeline of its own, trained by the loop's steps.

    docs: all that it will see. updates: how many it will make. precision: of the encoder.
    """

    def __init__(self, docs: Sequence[Doc], updates: int, precision: str = "auto") -> None:
        self.nlp: Language = make_pipeline(CONFIG, {PRECISION: precision}, docs, updates)
        self.shim: Any = self.nlp.get_pipe("transformer").model.shims[0]  # type: ignore[attr-defined]
        self.examples = {id(doc): Example(self.nlp.make_doc(doc.text), doc) for doc in docs}
        self.step = make_step(self.nlp, self.make_optimizer())

    def make_optimizer(self) -> Any:
        """The config's."""
        training = self.nlp.config.interpolate()["training"]
        return registry.resolve({"optimizer": training["optimizer"]})["optimizer"]

    def __call__(self, batches: Batches) -> None:
        with self.changed():
            for batch in batches:
                self.update([self.examples[id(doc)] for doc in batch])

    def update(self, examples: list[Example]) -> None:
        self.step(examples)

    @contextmanager
    def changed(self) -> Iterator[None]:
        """What is other than usual while updates are made."""
        yield


class TokenisedAnew(Variant):
    """Nothing is remembered by text."""

    @contextmanager
    def changed(self) -> Iterator[None]:
        with replaced(Wordpieces, "_remember", lambda *args: None):
            yield


class Padded(Variant):
    """Rows of like length in padded batches, not end to end."""

    def __init__(self, docs: Sequence[Doc], updates: int, precision: str = "auto") -> None:
        super().__init__(docs, updates, precision)
        self.shim._can_pack = False


class OneBatch(Padded):
    """The rows of each thread are padded to the longest."""

    @contextmanager
    def changed(self) -> Iterator[None]:
        def batches(lengths: Any, *_: int, **__: int) -> list[Any]:
            return [np.argsort(-lengths, kind="stable")]

        with replaced(shim, "batch_by_padding", batches):
            yield


class OneLane(Variant):
    """All rows in one thread, each of whose operators takes all of torch's."""

    @contextmanager
    def changed(self) -> Iterator[None]:
        with replaced(shim, "count_lanes", lambda n_rows: 1):
            yield


class OneLanePadded(Padded, OneLane):
    """One thread, padded batches of like length."""


class Grouped(Variant):
    """The documents of a block in batches of like length, by `hone.batch_by_wordpieces.v1`."""

    def __call__(self, batches: Batches) -> None:
        examples = [self.examples[id(doc)] for batch in batches for doc in batch]
        for batch in make_batch_by_wordpieces(10**6, buffer=len(examples), max_docs=SIZE)(examples):
            self.update(batch)


class TorchsOwn(Padded):
    """torch's dropout, attention and embedding, and so padded batches."""

    @contextmanager
    def changed(self) -> Iterator[None]:
        with replaced(shim, "training_with", lambda *_, **__: nullcontext()):
            yield


class Compiled(TorchsOwn):
    """The encoder by `torch.compile`, which sees no dropout of ours."""

    def __init__(self, docs: Sequence[Doc], updates: int, precision: str = "auto") -> None:
        import torch

        super().__init__(docs, updates, precision)
        self.shim.transformer.forward = torch.compile(self.shim.transformer.forward, dynamic=True)


class ThincsAdam(Variant):
    """`Adam.v1` with its defaults."""

    def make_optimizer(self) -> Any:
        return Adam(1e-4)


class Halves(Variant):
    """`accumulate_gradient = 2`: an update of two batches of half the size, as the training loop makes it."""

    def make_optimizer(self) -> Any:
        return make_adamw(1e-4, accumulate_gradient=2)

    def update(self, examples: list[Example]) -> None:
        middle = (len(examples) + 1) // 2
        self.nlp.update(examples[:middle], drop=0.1, sgd=False, losses={})  # type: ignore[arg-type]
        self.step(examples[middle:])


class Float32(Variant):
    """Without bfloat16."""

    def __init__(self, docs: Sequence[Doc], updates: int) -> None:
        super().__init__(docs, updates, "fp32")


class Bfloat16(Variant):
    """In bfloat16, whether it pays or not."""

    def __init__(self, docs: Sequence[Doc], updates: int) -> None:
        super().__init__(docs, updates, "bf16")


class OwnProducts(Bfloat16):
    """Products of bfloat16 by the processor's own multipliers, whatever they cost."""

    @contextmanager
    def changed(self) -> Iterator[None]:
        with replaced(shim, "widens_bf16", lambda device: False):
            yield


VARIANTS: dict[str, type[Variant]] = {
    AS_IT_IS: Variant,
    "tokenised at every update": TokenisedAnew,
    "padded batches of like length": Padded,
    "rows padded to the longest": OneBatch,
    "in one thread": OneLane,
    "in one thread, padded batches of like length": OneLanePadded,
    "hone.batch_by_wordpieces.v1": Grouped,
    "torch's dropout and attention and embedding": TorchsOwn,
    "torch.compile of those": Compiled,
    "thinc's Adam.v1": ThincsAdam,
    "accumulate_gradient = 2": Halves,
    "float32": Float32,
    "bfloat16": Bfloat16,
    "bfloat16, by the processor's own products": OwnProducts,
}
