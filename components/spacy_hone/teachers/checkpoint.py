"""Hugging Face checkpoints that classify: finding and reading them. Needs torch and transformers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from thinc.util import get_torch_default_device
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
)
from transformers.utils import logging

from ..errors import Errors, HoneError
from .base import Kind
from .classifier import Classifier

CLASSES: dict[str, tuple[Kind, Any]] = {
    "ForTokenClassification": ("tags", AutoModelForTokenClassification),
    "ForSequenceClassification": ("categories", AutoModelForSequenceClassification),
}


def load_classifier(name: str, window: int) -> Classifier:
    """Find and read a checkpoint, as float32, without running any code of it or unpickling it.

    name: folder, or name on the hub. window: see `make_huggingface_teacher`.
    H914: nowhere to be found. H915: no classifier, or weights that do not fill it.
    """
    config, source = find(name)
    architecture = (config.architectures or ["nothing that is named"])[0]
    fitting = [made for suffix, made in CLASSES.items() if architecture.endswith(suffix)]
    if not fitting or config.num_labels < 2 or config.problem_type == "regression":
        problem = (
            f"it is {architecture} with {config.num_labels} outputs, not a classifier of tokens or sequences."
        )
        raise HoneError(Errors.H915.format(model=name, problem=problem))
    kind, cls = fitting[0]
    try:
        with _quietly():
            model, info = cls.from_pretrained(
                **source,
                config=config,
                torch_dtype=torch.float32,
                output_loading_info=True,
                weights_only=True,
            )
        tokenizer = AutoTokenizer.from_pretrained(**source, use_fast=True)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as err:
        raise HoneError(Errors.H915.format(model=name, problem=err)) from err
    if lacking := sorted([*info["missing_keys"], *(key for key, *_ in info["mismatched_keys"])]):
        problem = f"its file has no fitting weights for {', '.join(lacking[:5])} ({len(lacking)} in all)."
        raise HoneError(Errors.H915.format(model=name, problem=problem))
    if not tokenizer.is_fast:
        problem = (
            f"its tokenizer ({type(tokenizer).__name__}) is not a fast one, so it gives no character offsets."
        )
        raise HoneError(Errors.H915.format(model=name, problem=problem))
    classifier = Classifier(kind, model.to(get_torch_default_device()).eval(), tokenizer, window)
    classifier.unused = sorted(info["unexpected_keys"])
    if classifier.budget < 1:
        expected = "more wordpieces than the special ones of the checkpoint"
        raise HoneError(Errors.H912.format(option="window", value=window, expected=expected))
    return classifier


def find(name: str) -> tuple[Any, dict[str, Any]]:
    """The config of a checkpoint, and what `from_pretrained` needs to read the rest. A folder comes first, then the
    local cache, then the hub. Raises H914, with what was tried."""
    folder = Path(name).expanduser()
    tried = []
    places = [("local Hugging Face cache", name, True), ("Hugging Face hub", name, False)]
    if folder.is_dir():
        places = [(f"folder {folder.absolute()}", str(folder), True)]
    else:
        tried.append(f"folder {folder.absolute()}: there is none")
    for place, path, is_local in places:
        try:
            config = AutoConfig.from_pretrained(path, local_files_only=is_local)
        except (OSError, ValueError) as err:
            tried.append(f"{place}: {str(err).splitlines()[0]}")
        else:
            return config, {"pretrained_model_name_or_path": path, "local_files_only": is_local}
    listed = "\n".join(f"  - {line}" for line in tried)
    raise HoneError(Errors.H914.format(model=name, tried=listed))


@contextmanager
def _quietly() -> Iterator[None]:
    """What a checkpoint lacks is an error of ours, and no warning."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)
