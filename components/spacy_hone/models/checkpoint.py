"""Encoders as files, as torch modules, and as the bytes inside a saved pipeline."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import signature
from typing import Any

import safetensors.torch
import srsly
import torch
import transformers
from safetensors import SafetensorError
from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedModel
from transformers.modeling_utils import no_init_weights
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_MAPPING
from transformers.utils import logging

from ..errors import Errors, HoneError
from .resolve import is_offline, not_found, resolve_encoder
from .tokenization import Wordpieces, from_hugging_face

Encoder = tuple[Wordpieces, PreTrainedModel]


def load_pretrained(
    name: str,
    tokenizer_config: dict[str, Any],
    transformer_config: dict[str, Any],
    _: Wordpieces | None = None,
) -> Encoder:
    """Read an encoder by path or name, as float32, without an untrained pooler.

    tokenizer_config, transformer_config: overrides of the files' settings.
    H201: nowhere to be found. H203: no encoder, or weights that do not fill it.
    """
    source = resolve_encoder(name)
    try:
        config = AutoConfig.from_pretrained(source, **transformer_config)
        tokenizer = AutoTokenizer.from_pretrained(source, **{"use_fast": True, **tokenizer_config})
        cls = model_class(config)
        with _quietly():
            transformer, info = cls.from_pretrained(
                source, config=config, torch_dtype=torch.float32, output_loading_info=True, **_no_pooler(cls)
            )
    except OSError as err:
        if isinstance(source, str):
            reason = "offline" if is_offline() else str(err).splitlines()[0]
            raise not_found(
                name, reason
            ) from None  # else with requests and their retries, which failed in turn
        raise HoneError(Errors.H203.format(name=name, path=source, problem=err)) from err
    except (ValueError, KeyError, RuntimeError, SafetensorError) as err:
        raise HoneError(Errors.H203.format(name=name, path=source, problem=err)) from err
    if lacking := sorted([*info["missing_keys"], *(key for key, *_ in info["mismatched_keys"])]):
        problem = f"its file has no fitting weights for {', '.join(lacking[:5])} ({len(lacking)} in all)"
        raise HoneError(Errors.H203.format(name=name, path=source, problem=problem))
    wordpieces = from_hugging_face(tokenizer, name)
    if (entries := len(wordpieces.strings)) > config.vocab_size:
        problem = f"its tokenizer has {entries} entries, its weights {config.vocab_size}"
        raise HoneError(Errors.H203.format(name=name, path=source, problem=problem))
    return wordpieces, transformer


def load_tokenizer(name: str) -> Wordpieces:
    """The tokenizer of an encoder by path or name. H201: nowhere to be found."""
    source = resolve_encoder(name)
    try:
        return from_hugging_face(AutoTokenizer.from_pretrained(source, use_fast=True), name)
    except OSError as err:
        raise not_found(name, str(err).splitlines()[0]) from None


def pack(wordpieces: Wordpieces, transformer: PreTrainedModel) -> bytes:
    """An encoder as bytes: its config, its weights (safetensors), its tokenizer's files. No pickle."""
    state = {name: weight.contiguous() for name, weight in transformer.state_dict().items()}
    return srsly.msgpack_dumps(
        {
            "config": transformer.config.to_json_string(use_diff=False),
            "weights": safetensors.torch.save(state),
            "tokenizer": wordpieces.files,
            "pad_id": wordpieces.pad_id,
        }
    )


def digest(wordpieces: Wordpieces, transformer: PreTrainedModel) -> str:
    """SHA-256 of what `pack` makes into bytes, without making them."""
    found = hashlib.sha256(
        f"{wordpieces.pad_id} {transformer.config.to_json_string(use_diff=False)}".encode()
    )
    for name, content in wordpieces.files.items():
        found.update(name.encode())
        found.update(content)
    for name, weight in transformer.state_dict().items():
        found.update(f"{name} {weight.dtype} {tuple(weight.shape)}".encode())
        found.update(weight.cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return found.hexdigest()


def unpack(data: bytes, transformer_config: Mapping[str, Any]) -> Encoder:
    """The encoder that `pack` saved, bit by bit. H209 if weights and config do not fit."""
    msg = srsly.msgpack_loads(data)
    saved = json.loads(msg["config"])
    config = CONFIG_MAPPING[saved["model_type"]].from_dict(saved, **transformer_config)
    try:
        transformer = assemble(config, safetensors.torch.load(msg["weights"]))
    except (RuntimeError, SafetensorError) as err:
        versions = {"saved": saved.get("transformers_version"), "installed": transformers.__version__}
        raise HoneError(Errors.H209.format(problem=err, **versions)) from err
    return Wordpieces(msg["tokenizer"], msg["pad_id"]), transformer


def assemble(config: PretrainedConfig, weights: dict[str, torch.Tensor]) -> PreTrainedModel:
    """The bare encoder that a config describes, with copies of these weights. RuntimeError if they do not fill it."""
    cls = model_class(config)
    with no_init_weights():
        transformer = cls._from_config(config, torch_dtype=torch.float32, **_no_pooler(cls))
    transformer.load_state_dict(weights)
    return transformer


def model_class(config: PretrainedConfig) -> type[PreTrainedModel]:
    """The bare encoder for a config."""
    if config.is_encoder_decoder or type(config) not in MODEL_MAPPING:
        raise ValueError(f"{config.model_type} is no encoder that gives a vector for each wordpiece")
    found: Any = MODEL_MAPPING[type(config)]
    return found[0] if isinstance(found, tuple) else found


def max_positions(transformer: PreTrainedModel) -> int:
    """Longest row of wordpieces, special ones included."""
    limit = getattr(transformer.config, "max_position_embeddings", None) or 512
    return limit - first_position(transformer)


def first_position(transformer: PreTrainedModel) -> int:
    """The position of a row's first wordpiece. RoBERTa's kin begin after padding's own position."""
    positions = getattr(getattr(transformer, "embeddings", None), "position_embeddings", None)
    padding = getattr(positions, "padding_idx", None)
    return 0 if padding is None else padding + 1


def _no_pooler(cls: type[PreTrainedModel]) -> dict[str, bool]:
    return {"add_pooling_layer": False} if "add_pooling_layer" in signature(cls).parameters else {}


@contextmanager
def _quietly() -> Iterator[None]:
    """Heads that only the checkpoint has are no news; what it lacks is an error of ours."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)
