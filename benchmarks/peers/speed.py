"""Every system as a function that makes an update with each of some batches of documents."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from harness.data import load
from harness.data_sets import DATA_SETS
from harness.readers import ROOT
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training.example import Example
from spacy.training.initialize import init_nlp
from thinc.api import registry

from peers.hf_tokens import TokenPeer
from peers.huggingface import Peer, encoder_path
from peers.outcome import Settings
from peers.pipelines import STOCK_CONFIG, make_config, make_step, use_gpu_if_any
from spacy_hone.training.batching import make_batch_by_wordpieces

DATA = "tasteset"
CONFIG = ROOT / "configs" / DATA_SETS[DATA].config
PRECISION = "components.transformer.model.precision"
Step = Callable[[Sequence[Doc]], object]
Turn = Callable[[Sequence[Sequence[Doc]]], object]


def make_batches(joined: int) -> tuple[list[Doc], list[list[Doc]]]:
    """The recipes, `joined` of them to a document, and their batches."""
    recipes = [doc for file in load(DATA) for doc in file]
    docs = [Doc.from_docs(recipes[i : i + joined]) for i in range(0, len(recipes) - joined + 1, joined)]
    size = DATA_SETS[DATA].batch_size
    return docs, [docs[i : i + size] for i in range(0, len(docs) - size + 1, size)]


def time_block(step: Step, batches: Sequence[Sequence[Doc]]) -> tuple[int, float]:
    """Words and seconds of some updates."""
    return time_turn(each(step), batches)


def time_turn(turn: Turn, batches: Sequence[Sequence[Doc]]) -> tuple[int, float]:
    """Words and seconds of some updates, the last of which is over when the clock is stopped."""
    start = time.perf_counter()
    turn(batches)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return sum(len(doc) for batch in batches for doc in batch), time.perf_counter() - start


def make_pipeline(config: Path, overrides: dict[str, str], docs: Sequence[Doc], updates: int) -> Language:
    """A pipeline that is ready to make so many updates with these documents."""
    device = use_gpu_if_any()
    settings = Settings(DATA, updates, DATA_SETS[DATA].learn_rate, 0, overrides)
    with tempfile.TemporaryDirectory() as folder:
        return init_nlp(make_config(config, docs, settings, Path(folder)), use_gpu=device)


def pipeline_step(config: Path, overrides: dict[str, str]) -> Callable[[Sequence[Doc], int], Step]:
    """A builder for a spaCy pipeline, given its config."""
    return lambda docs, updates: step_of(make_pipeline(config, overrides, docs, updates), docs)


def step_of(nlp: Language, docs: Sequence[Doc]) -> Step:
    """One update of a pipeline that has been initialised, with a batch of these documents."""
    training = registry.resolve({"optimizer": nlp.config.interpolate()["training"]["optimizer"]})
    step = make_step(nlp, training["optimizer"])
    examples = {id(doc): Example(nlp.make_doc(doc.text), doc) for doc in docs}
    return lambda batch: step([examples[id(doc)] for doc in batch])


def peer_step(precision: str) -> Callable[[Sequence[Doc], int], Step]:
    """A builder for the bare Hugging Face loop."""
    return lambda docs, updates: make_peer(TokenPeer, docs, updates, {"precision": precision}).update


def trainer_step(optim: str) -> Callable[[Sequence[Doc], int], Step]:
    """A builder for Hugging Face's Trainer in bf16. optim: name of its optimiser."""

    def build(docs: Sequence[Doc], updates: int) -> Step:
        from peers.trainer import TrainerPeer

        return make_peer(TrainerPeer, docs, updates, {"precision": "bf16", "optim": optim}).update

    return build


def make_peer(kind: type[Peer], docs: Sequence[Doc], updates: int, overrides: dict[str, str]) -> Peer:
    """A Hugging Face head that is ready to make so many updates with these documents."""
    data_set = DATA_SETS[DATA]
    return kind(
        encoder_path(data_set.encoder), docs, Settings(DATA, updates, data_set.learn_rate, 0, overrides)
    )


def by_length(build: Callable[[Sequence[Doc], int], Step]) -> Callable[[Sequence[Doc], int], Turn]:
    """The same, with the documents of all batches dealt out anew by `hone.batch_by_wordpieces.v1`, as many to a batch."""

    def make(docs: Sequence[Doc], updates: int) -> Turn:
        step = build(docs, updates)
        batcher = make_batch_by_wordpieces(10**6, max_docs=DATA_SETS[DATA].batch_size)

        def turn(batches: Sequence[Sequence[Doc]]) -> None:
            for batch in batcher(Example(doc, doc) for each in batches for doc in each):
                step([example.reference for example in batch])

        return turn

    return make


def as_given(build: Callable[[Sequence[Doc], int], Step]) -> Callable[[Sequence[Doc], int], Turn]:
    """The same, with the batches as they are."""

    def make(docs: Sequence[Doc], updates: int) -> Turn:
        return each(build(docs, updates))

    return make


def each(step: Step) -> Turn:
    """An update with each batch, given that of one."""
    return lambda batches: [step(batch) for batch in batches]


OURS = {precision: pipeline_step(CONFIG, {PRECISION: precision}) for precision in ("bf16", "fp32")}
SPEED_SYSTEMS = {
    "spacy, fp32": as_given(pipeline_step(STOCK_CONFIG, {})),
    "spacy, fp32, by length": by_length(pipeline_step(STOCK_CONFIG, {})),
    **{f"hone, {precision}": as_given(build) for precision, build in OURS.items()},
    **{f"hone, {precision}, by length": by_length(build) for precision, build in OURS.items()},
    "hf, bf16": as_given(peer_step("bf16")),
    "hf, fp32": as_given(peer_step("fp32")),
    "hf Trainer, bf16": as_given(trainer_step("adamw_torch")),
    "hf Trainer, bf16, fused": as_given(trainer_step("adamw_torch_fused")),
}
