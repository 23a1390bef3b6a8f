"""spaCy pipelines, trained by spaCy's own loop in this process: spacy-hone's, and the stock one."""

import io
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.data import Part
from harness.data_sets import DATA_SETS
from harness.readers import ROOT
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training.example import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_nlp
from thinc.api import Config, Optimizer, require_gpu

from peers.huggingface import copy_words, encoder_path
from peers.outcome import Outcome, Settings
from spacy_hone.models.precision import uses_bf16

STOCK_CONFIG = Path(__file__).with_name("spacy_stock.cfg")
STOCK_CONFIGS = {
    "ents": STOCK_CONFIG,
    "multi_cats": STOCK_CONFIG.with_name("spacy_textcat_multilabel.cfg"),
}
N_DEV = 16


def train_hone(part: Part, settings: Settings, loss: Mapping[str, str] | None = None) -> Outcome:
    """The config in `configs/` that the data set names, with changes of its loss."""
    data_set = DATA_SETS[settings.data]
    path = ROOT / "configs" / data_set.config
    overrides = {**data_set.changes, **loss_changes(path, loss or {}), **settings.overrides}
    return train_config(path, part, replace(settings, overrides=overrides))


def loss_changes(path: Path, loss: Mapping[str, str]) -> dict[str, str]:
    """Changes of the loss of a config, as overrides."""
    components = Config().from_disk(path, interpolate=False)["components"]
    [name] = [name for name, component in components.items() if "loss" in component]
    return {f"components.{name}.loss.{key}": value for key, value in loss.items()}


def train_stock(part: Part, settings: Settings) -> Outcome:
    """Stock `ner` or `textcat_multilabel` over a stock transformer with a stock optimiser."""
    return train_config(STOCK_CONFIGS[DATA_SETS[settings.data].task], part, settings)


def train_config(path: Path, part: Part, settings: Settings) -> Outcome:
    """Train by a config; the model after the last update is tested, on raw text unless its spaces are unknown.

    The loop evaluates after the first and the last update: it gets a few training documents for that.
    """
    device = use_gpu_if_any()
    warnings.filterwarnings("ignore", message=r"\[H517\]")  # these training documents are in training, too
    with tempfile.TemporaryDirectory() as folder:
        config = make_config(path, part.train, settings, Path(folder))
        start = time.perf_counter()
        nlp = init_nlp(config, use_gpu=device)
        counter = WordCounter(nlp)
        train_nlp(nlp, None, use_gpu=device, stdout=io.StringIO(), stderr=sys.stderr)
        seconds = time.perf_counter() - start
    return Outcome(list(predict(nlp, part.test)), seconds, counter.words, precision_of(nlp))


def train_to_end(config: Config) -> Language:
    """Train by a config. RETURNS: the pipeline after the last update."""
    warnings.filterwarnings("ignore", message=r"\[H517\]")  # the dev documents are in training, too
    device = use_gpu_if_any()
    nlp = init_nlp(config, use_gpu=device)
    train_nlp(nlp, None, use_gpu=device, stdout=io.StringIO(), stderr=sys.stderr)
    return nlp


def predict(nlp: Language, docs: Iterable[Doc]) -> Iterator[Doc]:
    """The pipeline's documents for the same texts, or tokens, without the encoder's output."""
    bare = (copy_words(doc, nlp.vocab) if doc.has_unknown_spaces else nlp.make_doc(doc.text) for doc in docs)
    for doc in nlp.pipe(bare, batch_size=64):
        if doc.has_extension("trf_data"):
            doc._.trf_data = None
        yield doc


def use_gpu_if_any() -> int:
    """The device as spaCy numbers it, -1 for the CPU."""
    import torch

    if not torch.cuda.is_available():
        return -1
    require_gpu(0)
    return 0


def make_config(path: Path, docs: Sequence[Doc], settings: Settings, folder: Path) -> Config:
    """The config at `path` for these training documents, which are written into `folder`."""
    data_set = DATA_SETS[settings.data]
    overrides: dict[str, Any] = {
        "paths.train": str(write_docs(docs, folder / "train.spacy")),
        "paths.dev": str(write_docs(docs[:N_DEV], folder / "dev.spacy")),
        "vars.encoder": str(encoder_path(data_set.encoder)),
        "vars.learn_rate": settings.learn_rate,
        "system.seed": settings.seed,
        "nlp.lang": data_set.lang,
        "training.max_steps": settings.updates,
        "training.eval_frequency": settings.updates,
        "training.patience": 0,
        "training.batcher.size": data_set.batch_size,
        "training.optimizer.learn_rate.warmup_steps": settings.updates // 10,
    }
    config = Config().from_disk(
        path, interpolate=False, overrides=overrides | parse_values(settings.overrides)
    )
    config["nlp"]["tokenizer"] = data_set.tokenizer
    return config


def write_docs(docs: Iterable[Doc], path: Path) -> Path:
    """A DocBin of the documents."""
    DocBin(docs=docs).to_disk(path)
    return path


def parse_values(overrides: dict[str, str]) -> dict[str, Any]:
    """Values as a config would read them: numbers, booleans, and strings for the rest."""
    from spacy.cli._util import _parse_override  # type: ignore[attr-defined]

    return {name: _parse_override(value) for name, value in overrides.items()}


class WordCounter:
    """Counts the tokens that a pipeline is updated with."""

    def __init__(self, nlp: Language) -> None:
        self.words = 0
        self._update = nlp.update
        nlp.update = self  # type: ignore[method-assign, assignment]

    def __call__(self, examples: Sequence[Example], **options: Any) -> dict[str, float]:
        self.words += sum(map(len, examples))
        return self._update(examples, **options)


def make_step(
    nlp: Language, optimizer: Optimizer, dropout: float = 0.1
) -> Callable[[Sequence[Example]], None]:
    """One update as spaCy's training loop does it."""
    pipes: list[Any] = [pipe for _, pipe in nlp.pipeline]

    def step(examples: Sequence[Example]) -> None:
        nlp.update(examples, drop=dropout, sgd=False, losses={})  # type: ignore[arg-type]
        for pipe in pipes:
            pipe.finish_update(optimizer)
        optimizer.step_schedules()

    return step


def precision_of(nlp: Language) -> str:
    """What the encoder computes in."""
    shims = [shim for _, pipe in nlp.pipeline for node in pipe.model.walk() for shim in node.shims]  # type: ignore[attr-defined]
    uses = [uses_bf16(shim.options.precision, shim.device) for shim in shims if hasattr(shim, "options")]
    return "bf16" if any(uses) else "fp32"
