"""What is measured, made once: a stock pipeline and one of ours, both optimised, and an encoder as a Hugging Face checkpoint.

Into a folder come `stock`, `fp32`, `int8`, `openvino-fp32`, `openvino-int8` (pipelines); `own`, `own-fp32` ... (the same with
`hone_ner`, as `configs/ner_trf.cfg` has it); `hf` (a token classifier over the stock pipeline's encoder); `dev.spacy` and `test.spacy`.
"""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import spacy
from harness.data import dev_part, split_part
from harness.data_sets import DATA_SETS
from harness.texts import DATA
from spacy.cli.train import train
from spacy.tokens import Doc

from peers.hf_tokens import TokenPeer
from peers.huggingface import train_peer
from peers.loops import LONGEST
from peers.outcome import Settings
from peers.pipelines import STOCK_CONFIG, make_config, use_gpu_if_any, write_docs
from peers.speed import CONFIG
from spacy_hone.cli.optimize import optimize
from spacy_hone.deploy.optimize.choices import Choices, Precision
from spacy_hone.models.onnx.graph import Engine

SPLIT = "630/70"
TRAINED = {"stock": STOCK_CONFIG, "own": CONFIG}
PREFIXES = {"stock": "", "own": "own-"}  # of the folders of what is optimised
ENGINES: dict[Engine, str] = {"onnxruntime": "", "openvino": "openvino-"}
HEAD = Settings(DATA, 60, 1e-2, 0, {"precision": "fp32", "dropout": "0"})


def prepare(folder: Path, updates: int) -> None:
    """Make all that is not there yet."""
    part, dev = split_part(DATA, SPLIT), dev_part(DATA, SPLIT)
    folder.mkdir(parents=True, exist_ok=True)
    write_docs(dev.test, folder / "dev.spacy")
    write_docs(part.test, folder / "test.spacy")
    for name, config in TRAINED.items():
        if not (folder / name).exists():
            train_pipeline(config, dev.train, updates, folder / name)
    if not (folder / "hf").exists():
        fit_head(folder, dev.train)
    for (name, prefix), (engine, infix), precision in product(
        PREFIXES.items(), ENGINES.items(), get_args(Precision)
    ):
        target = folder / f"{prefix}{infix}{precision}"
        if not target.exists():
            choices = Choices(dev=folder / "dev.spacy", precision=precision, engine=engine)
            optimize(str(folder / name), target, choices, log=print)


def train_pipeline(source: Path, docs: Sequence[Doc], updates: int, target: Path) -> None:
    """A pipeline of the other comparisons, by `spacy train`, after its last update."""
    settings = Settings(DATA, updates, DATA_SETS[DATA].learn_rate, 0)
    with TemporaryDirectory(dir=target.parent) as tmp:
        config = Path(tmp) / "config.cfg"
        make_config(source, docs, settings, Path(tmp)).to_disk(config)
        train(config, Path(tmp), use_gpu=use_gpu_if_any())
        (Path(tmp) / "model-last").rename(target)


def fit_head(folder: Path, docs: Sequence[Doc]) -> None:
    """A linear head over the frozen encoder, trained for a minute, so that the peers find about what there is."""
    transformer: Any = spacy.load(folder / "stock").get_pipe("transformer")
    with TemporaryDirectory() as tmp:
        transformer.model.transformer.save_pretrained(tmp)
        transformer.model.tokenizer.save_pretrained(tmp)
        peer = TokenPeer(Path(tmp), docs, HEAD)
    peer.model.base_model.requires_grad_(False)
    train_peer(peer, docs, DATA_SETS[DATA].batch_size, HEAD.updates)
    peer.model.config.id2label = dict(enumerate(peer.labels))
    peer.model.config.label2id = {label: i for i, label in enumerate(peer.labels)}
    peer.tokenizer.model_max_length = LONGEST
    peer.model.save_pretrained(folder / "hf")
    peer.tokenizer.save_pretrained(folder / "hf")
