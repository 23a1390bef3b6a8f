"""A small transformer without pretrained weights, in the place of a pretrained one."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import Model

from ..errors import Errors, HoneError
from ..types import Precision
from .transformer import make_encoder
from .wordpieces import train_wordpieces

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from .checkpoint import Encoder
    from .tokenization import Wordpieces

POSITIONS = "embeddings.position_embeddings.weight"


def build_transformer_encoder(
    name: str | None = None,
    *,
    vocab_size: int = 8000,
    lowercase: bool = True,
    depth: int = 4,
    width: int = 256,
    n_heads: int = 4,
    ff_width: int = 1024,
    dropout: float = 0.1,
    max_positions: int = 512,
    precision: Precision = "auto",
    window: int = 128,
    stride: int = 8,
    max_batch_wordpieces: int = 4096,
) -> Model[list[Doc], Any]:
    """`hone.TransformerEncoder.v1`: BERT's layers from random weights, fixed sinusoidal positions.

    It takes the place of `hone.TransformerModel.v1` by its name alone.

    name: a pretrained encoder whose tokenizer is taken, without its weights. None: the tokenizer is trained, by
        `hone.TrainWordpieces.v1` in `[initialize.before_init]`, or given by `set_tokenizer`.
    vocab_size, lowercase: of the tokenizer to be trained; vocab_size is the most it may have.
    depth: layers. width: size of a vector, a multiple of n_heads. ff_width: size of the layers' inner
    vectors.
    dropout: rate in the layers and on the attention. max_positions: longest row of wordpieces.
    precision, window, stride, max_batch_wordpieces: as in `hone.TransformerModel.v1`.
    """
    if width % n_heads or width % 2:
        problem = f"it must be even and a multiple of n_heads ({n_heads})."
        raise HoneError(Errors.H208.format(option="width", value=width, problem=problem))
    settings = {
        "hidden_size": width,
        "num_hidden_layers": depth,
        "num_attention_heads": n_heads,
        "intermediate_size": ff_width,
        "max_position_embeddings": max_positions,
        "hidden_dropout_prob": dropout,
        "attention_probs_dropout_prob": dropout,
        "type_vocab_size": 1,
    }
    model = make_encoder(
        partial(build_scratch, name, settings),
        precision=precision,
        window=window,
        stride=stride,
        max_batch_wordpieces=max_batch_wordpieces,
        frozen=(POSITIONS,),
    )
    model.attrs["train_tokenizer"] = partial(train_wordpieces, vocab_size=vocab_size, lowercase=lowercase)
    return model


def needs_tokenizer(model: Model) -> bool:
    """Whether this is a `hone.TransformerEncoder.v1` that has no tokenizer yet."""
    shim: Any = model.shims[0] if model.shims else None
    return "train_tokenizer" in model.attrs and shim.wordpieces is None


def train_tokenizer(model: Model, texts: Iterable[str]) -> None:
    """Train the encoder's tokenizer, with the size and case that its config asks for, and set it."""
    set_tokenizer(model, model.attrs["train_tokenizer"](texts))


def set_tokenizer(model: Model, tokenizer: "PreTrainedTokenizerFast") -> None:
    """Give a `hone.TransformerEncoder.v1` its tokenizer. H211 if it has one that its weights belong to."""
    from .tokenization import from_hugging_face

    shim: Any = model.shims[0]
    if "train_tokenizer" not in model.attrs or shim.transformer is not None:
        raise HoneError(Errors.H211)
    shim.wordpieces = from_hugging_face(tokenizer, "hone.TransformerEncoder.v1")


def build_scratch(name: str | None, settings: dict[str, Any], wordpieces: "Wordpieces | None") -> "Encoder":
    """Random weights for a tokenizer: the one that was set, else that of the encoder `name`, else H210.

    Word vectors have the standard deviation 1 / sqrt(width), positions that amplitude: the proportion of
    Vaswani et al. 2017, whose factor sqrt(width) on the words is left out of both, as a normalisation
    follows.
    """
    import torch
    from transformers import BertConfig, BertModel

    from .checkpoint import load_tokenizer

    if wordpieces is None:
        if name is None:
            raise HoneError(Errors.H210)
        wordpieces = load_tokenizer(name)
    config = BertConfig(vocab_size=len(wordpieces.strings), pad_token_id=wordpieces.pad_id, **settings)
    transformer = BertModel(config, add_pooling_layer=False)
    scale = config.hidden_size**-0.5
    embeddings = transformer.embeddings
    with torch.no_grad():
        embeddings.word_embeddings.weight.mul_(scale / config.initializer_range)
        positions = sinusoids(config.max_position_embeddings, config.hidden_size) * scale
        embeddings.position_embeddings.weight.copy_(torch.from_numpy(positions))
    return wordpieces, transformer


def sinusoids(length: int, width: int) -> NDArray[np.float32]:
    """Position vectors (Vaswani et al. 2017), shape (length, width).

    PE[p, 2i] = sin(p / 10000^(2i / width)), PE[p, 2i + 1] the cosine of the same.
    """
    angles = np.arange(length)[:, None] / 10000 ** (np.arange(0, width, 2) / width)
    return np.stack((np.sin(angles), np.cos(angles)), axis=-1).reshape(length, width).astype(np.float32)
