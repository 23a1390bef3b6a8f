"""Pretrained encoders under spacy-transformers' stock `transformer` factory and listeners."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from spacy.tokens import Doc, Span
from spacy.util import SimpleFrozenDict, SimpleFrozenList
from thinc.api import Model
from thinc.types import Ragged

from ..errors import Errors, HoneError
from ..types import Precision
from .windows import Layout, lay_out

if TYPE_CHECKING:
    from .shim import EncoderShim

NOTHING: dict[str, Any] = SimpleFrozenDict()
NO_LAYERS: list[int] = SimpleFrozenList()
DEPTH = {"num_hidden_layers", "n_layers"}  # what encoders call it in their settings


def build_transformer_model(
    name: str,
    *,
    precision: Precision = "auto",
    keep_layers: list[int] | None = None,
    freeze_embeddings: bool = False,
    freeze_layers: list[int] = NO_LAYERS,
    window: int = 128,
    stride: int = 8,
    max_batch_wordpieces: int = 4096,
    tokenizer_config: dict[str, Any] = NOTHING,
    transformer_config: dict[str, Any] = NOTHING,
) -> Model[list[Doc], Any]:
    """`hone.TransformerModel.v1`: a Hugging Face encoder. Nothing is read before `initialize` or loading.

    name: path, or name on the hub; `resolve_encoder` says where it is looked for.
    precision: `auto` computes in bfloat16 where the processor is faster with it, `fp32` never, `bf16` always (or H204),
        with products in float32 where a CPU's own are slower (`models/widening.py`). Weights, gradients and vectors
        are float32 whatever it is.
    keep_layers: the layers of `name` that the encoder begins with, in this order, as `[0, 2, 4]` for a student of
        half the depth; None: all. Layer 0 is next to the embeddings.
    freeze_embeddings, freeze_layers: what is not trained; layers are counted as they are after `keep_layers`.
    window: wordpieces of a window, special ones included; 0 is the encoder's maximum, which limits it in any
        case. Windows begin and end at token borders. Longer ones see more and take longer: attention is quadratic.
    stride: wordpieces that neighbouring windows share at most, limited to half a window.
    max_batch_wordpieces: wordpieces of one forward pass, padded or packed; this bounds the memory of prediction.
    tokenizer_config, transformer_config: overrides of the files' settings, as `{"hidden_dropout_prob": 0.2}`.

    Output: a `FullTransformerBatch` that aligns each token to wordpieces of one window, and to one at least.
    """
    from .checkpoint import load_pretrained

    if keep_layers is not None and (depth := DEPTH.intersection(transformer_config)):
        problem = f"transformer_config has {', '.join(depth)} too. Leave it out: keep_layers says how many there are."
        raise HoneError(Errors.H208.format(option="keep_layers", value=keep_layers, problem=problem))
    build = partial(load_pretrained, name, dict(tokenizer_config), dict(transformer_config))
    return make_encoder(
        build,
        precision=precision,
        window=window,
        stride=stride,
        max_batch_wordpieces=max_batch_wordpieces,
        keep_layers=None if keep_layers is None else tuple(keep_layers),
        freeze_embeddings=freeze_embeddings,
        freeze_layers=tuple(freeze_layers),
        transformer_config=dict(transformer_config),
    )


def make_encoder(build: Callable[..., Any], **options: Any) -> Model[list[Doc], Any]:
    """The thinc model around an encoder. build: see `EncoderShim`. options: those of `Options` (or H208)."""
    from .replacing import replace_listener, replace_listener_cfg
    from .shim import EncoderShim, Options

    for option, least in (("window", 0), ("stride", 0), ("max_batch_wordpieces", 1)):
        if options[option] < least:
            problem = f"expected a number of wordpieces, at least {least}."
            raise HoneError(Errors.H208.format(option=option, value=options[option], problem=problem))
    return EncoderModel(
        "hone_transformer",
        forward,
        init=init,
        dims={"nO": None},
        shims=[EncoderShim(build, Options(**options))],
        attrs={"replace_listener": replace_listener, "replace_listener_cfg": replace_listener_cfg},
    )


class EncoderModel(Model[list[Doc], Any]):
    """A model with one `EncoderShim`, whose file is left as it is while the encoder does not change: frozen, in a
    frozen component, or no update since."""

    def to_disk(self, path: Path | str) -> None:
        path, shim = Path(path), cast("EncoderShim", self.shims[0])
        digest = shim.digest_if_unchanged()
        if digest and shim.saved.holds(path, digest):
            return
        super().to_disk(path)
        if digest:
            shim.saved.note(path, digest)


def init(model: Model, X: Any = None, Y: Any = None) -> None:
    """Build the encoder, or keep the one that was loaded."""
    shim = model.shims[0]
    shim.initialize()  # type: ignore[attr-defined]
    model.set_dim("nO", shim.transformer.config.hidden_size)  # type: ignore[attr-defined]


def forward(model: Model, docs: list[Doc], is_train: bool) -> tuple[Any, Callable[[Any], list[Doc]]]:
    """Documents to a `FullTransformerBatch`; its backprop takes one with the gradient as first output."""
    from spacy_transformers.data_classes import FullTransformerBatch, WordpieceBatch
    from transformers.modeling_outputs import BaseModelOutput

    shim: EncoderShim = model.shims[0]  # type: ignore[assignment]
    if not any(len(doc) for doc in docs):
        return FullTransformerBatch.empty(len(docs)), lambda d_output: docs
    spans, ids, lengths, align = arrange(docs, shim, remember=is_train)
    hidden, backprop = shim((ids, lengths), is_train)
    wordpieces = WordpieceBatch(
        strings=shim.wordpieces.strings[ids].tolist(),  # type: ignore[union-attr]
        input_ids=ids,
        attention_mask=cast(Any, np.arange(ids.shape[1]) < lengths[:, None]).astype(np.float32),
        lengths=lengths.tolist(),
        token_type_ids=None,
    )
    output = FullTransformerBatch(
        spans,
        wordpieces,
        BaseModelOutput(last_hidden_state=cast(Any, hidden), hidden_states=cast(Any, shim.hidden or None)),
        align,
    )

    def backprop_encoder(d_output: FullTransformerBatch) -> list[Doc]:
        backprop(next(iter(d_output.model_output.values())))
        return docs

    return output, backprop_encoder


def arrange(
    docs: Sequence[Doc], shim: "EncoderShim", *, remember: bool
) -> tuple[list[list[Span]], Any, Any, Ragged]:
    """Windows of all documents together.

    Returns the windows' spans of each document; padded ids (windows, longest); lengths (windows,); and each
    token's wordpieces as positions in the flattened ids.
    """
    wordpieces = shim.wordpieces
    if wordpieces is None:
        raise HoneError(Errors.H213)
    prefix, suffix = wordpieces.prefix, wordpieces.suffix
    rows: list[np.ndarray] = []
    layouts: list[tuple[int, Layout]] = []
    spans: list[list[Span]] = []
    for doc, pieces in zip(docs, wordpieces([doc.text for doc in docs], remember=remember)):
        if not len(doc):
            spans.append([])
            continue
        begin, length = doc.to_array(["IDX", "LENGTH"]).astype(np.int64).T
        layout = lay_out(
            (begin, begin + length),
            (pieces.starts, pieces.ends),
            budget=shim.budget,
            overlap=shim.overlap,
            prefix=len(prefix),
        )
        layouts.append((len(rows), layout))
        rows += [np.array([*prefix, *pieces.ids[a:b], *suffix]) for a, b in zip(layout.starts, layout.ends)]
        spans.append([doc[a:b] for a, b in zip(layout.span_starts, layout.span_ends)])
    lengths = np.array([len(row) for row in rows])
    ids = np.full((len(rows), lengths.max()), wordpieces.pad_id, dtype=np.int64)
    ids[np.arange(ids.shape[1]) < lengths[:, None]] = np.concatenate(rows)
    where = np.concatenate([(base + layout.rows) * ids.shape[1] + layout.cols for base, layout in layouts])
    per_token = np.concatenate([layout.lengths for _, layout in layouts])
    align: Any = Ragged(cast(Any, where.astype(np.int32)), cast(Any, per_token.astype(np.int32)))
    return spans, ids, lengths, align
