"""The encoder's torch module behind thinc: batches by padded wordpieces, bf16, freezing, serialisation."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from thinc.api import PyTorchShim, get_torch_default_device

from ..errors import Errors, HoneError
from ..types import Precision
from .checkpoint import Encoder, digest, max_positions, pack, unpack
from .cpu_training import CpuTraining
from .forking import make_fork_safe
from .freezing import freeze
from .layers import keep_layers
from .precision import uses_bf16
from .saved import Saved
from .tokenization import Wordpieces
from .windows import Ints, batch_by_padding

make_fork_safe()

# Padding, in wordpieces, that takes a CPU as long as one more batch (6 x 384 encoder, 2 cores); its
# backward pass adds to the gradients of all weights. On a GPU one big batch is always faster.
WASTE_PREDICTING, WASTE_TRAINING = 128, 384
Backprop = Callable[[torch.Tensor], None]


@dataclass(frozen=True)
class Options:
    """What the config says about an encoder beside where it comes from; see `build_transformer_model`.

    frozen: parameters that are never trained, by their full names.
    """

    precision: Precision = "auto"
    window: int = 0
    stride: int = 0
    max_batch_wordpieces: int = 4096
    keep_layers: tuple[int, ...] | None = None
    freeze_embeddings: bool = False
    freeze_layers: tuple[int, ...] = ()
    frozen: tuple[str, ...] = ()
    transformer_config: Mapping[str, Any] = field(default_factory=dict)


class EncoderShim(PyTorchShim):
    """A Hugging Face encoder and its tokenizer. Empty until `initialize` builds it or `from_bytes` fills it.

    build: makes tokenizer and module, given the tokenizer that was set, if any.
    Attributes: `wordpieces` (tokenizer), `transformer` (module; thinc's `_model`), `options`, `budget` and
    `overlap` (see `fit_window`). `hidden_layers`: those whose vectors are given beside the last ones, 0 being what the
    embeddings give; `hidden`: theirs in the last batch, shaped as the last ones; `d_hidden`: gradients that its
    backward pass is to add to them, by their place. `saved`: which files hold the encoder. None of it is saved.
    """

    def __init__(self, build: Callable[[Wordpieces | None], Encoder], options: Options):
        super().__init__(None)
        self.build = build
        self.options = options
        self.wordpieces: Wordpieces | None = None
        self.budget = self.overlap = 0
        self.hidden_layers: tuple[int, ...] = ()
        self.hidden: tuple[torch.Tensor, ...] = ()
        self.d_hidden: dict[int, torch.Tensor] = {}
        self.saved = Saved()
        self._versions: list[tuple[int, int]] = []

    @property
    def transformer(self) -> Any:
        return self._model

    def initialize(self) -> None:
        """Build the encoder unless it is there."""
        if self._model is None:
            self._begin(*self.build(self.wordpieces))

    def begin_from(self, trained: "EncoderShim") -> None:
        """Take a copy of a trained encoder in place of the one that `build` makes."""
        self._begin(*unpack(trained.to_bytes(), self.options.transformer_config))

    def set_encoder(self, wordpieces: Wordpieces, transformer: Any) -> None:
        """Take a tokenizer and a module, check the windows against them, freeze, move to the device."""
        n_special = len(wordpieces.prefix) + len(wordpieces.suffix)
        self.budget, self.overlap = fit_window(self.options, max_positions(transformer), n_special)
        freeze(transformer, embeddings=self.options.freeze_embeddings, layers=self.options.freeze_layers)
        for name in self.options.frozen:
            transformer.get_parameter(name).requires_grad_(False)
        self.wordpieces = wordpieces
        self._model = transformer.to(get_torch_default_device())

    def __call__(self, inputs: tuple[Ints, Ints], is_train: bool) -> tuple[torch.Tensor, Backprop]:
        """Vectors of windows.

        inputs: padded ids, shape (windows, longest), and the windows' lengths, shape (windows,).
        Returns float32 vectors on the encoder's device, shape (windows, longest, width), and the callback
        that takes their gradient and adds to the parameters' gradients. Vectors of padding are not defined.
        """
        ids, lengths = inputs
        transformer, device = self._model, self.device
        if transformer.training != is_train:
            transformer.train(is_train)
        shape = (*ids.shape, transformer.config.hidden_size)
        all_hidden = [torch.zeros(shape, device=device) for _ in (None, *self.hidden_layers)]
        graphs: list[tuple[list[torch.Tensor], Ints]] = []
        asked = {"output_hidden_states": True} if self.hidden_layers else {}
        with (
            self._autocast(device),
            torch.inference_mode(not is_train),
            CpuTraining() if is_train and device.type == "cpu" else nullcontext(),
        ):
            for rows in self._batches(lengths, device, is_train):
                width = int(lengths[rows[0]])
                mask = np.arange(width) < lengths[rows, None]
                output = transformer(
                    input_ids=torch.from_numpy(ids[rows, :width]).to(device),
                    attention_mask=torch.from_numpy(mask.astype(np.int64)).to(device),
                    **asked,
                )
                layers = [output.last_hidden_state, *(output.hidden_states[i] for i in self.hidden_layers)]
                for hidden, layer in zip(all_hidden, layers):
                    hidden[rows, :width] = layer.detach().float()
                if layers[0].requires_grad:
                    graphs.append((layers, rows))
        self.hidden, self.d_hidden = tuple(all_hidden[1:]), {}

        def backprop(d_hidden: torch.Tensor) -> None:
            gradients = {0: d_hidden, **{place + 1: d for place, d in self.d_hidden.items()}}
            pairs = [
                (layers[place], d[rows, : layers[place].shape[1]].to(layers[place]))
                for layers, rows in graphs
                for place, d in gradients.items()
                if layers[place].requires_grad
            ]
            if pairs:
                tensors, grads = zip(*pairs)
                torch.autograd.backward(tensors, grads)

        return all_hidden[0], backprop

    def to_bytes(self) -> bytes:
        return b"" if self._model is None or self.wordpieces is None else pack(self.wordpieces, self._model)

    def from_bytes(self, bytes_data: bytes) -> "EncoderShim":
        if bytes_data:
            self.set_encoder(*unpack(bytes_data, self.options.transformer_config))
        return self

    def digest_if_unchanged(self) -> str | None:
        """The digest of what `to_bytes` gives, if that may be what it was at the last call, else None.

        A digest takes a fifth of the time of `to_bytes` and writing. It is not computed where torch has counted a change of a weight:
        that is the rule in training, and would only cost time.
        """
        if self._model is None or self.wordpieces is None:
            return None
        weights = self._model.state_dict().values()
        versions = [
            (weight.data_ptr(), -1 if weight.is_inference() else weight._version) for weight in weights
        ]
        changed, self._versions = versions != self._versions, versions
        if changed and any(weight.requires_grad for weight in self._model.parameters()):
            return None
        return digest(self.wordpieces, self._model)

    def _begin(self, wordpieces: Wordpieces, transformer: Any) -> None:
        """Take an encoder that was not this one's before: with the layers to be kept."""
        if self.options.keep_layers is not None:
            transformer = keep_layers(transformer, self.options.keep_layers)
        self.set_encoder(wordpieces, transformer)

    def _batches(self, lengths: Ints, device: torch.device, is_train: bool) -> list[Ints]:
        most = self.options.max_batch_wordpieces
        waste = WASTE_TRAINING if is_train else WASTE_PREDICTING
        return batch_by_padding(lengths, most, waste if device.type == "cpu" else most)

    def _autocast(self, device: torch.device) -> AbstractContextManager[None]:
        return torch.autocast(device.type, torch.bfloat16, enabled=uses_bf16(self.options.precision, device))


def fit_window(options: Options, longest: int, n_special: int) -> tuple[int, int]:
    """Wordpieces that a window holds beside the special ones, and how many of them it shares with the next.

    The encoder's maximum limits the first, half a window the second. H208 if special ones fill a window.
    """
    window = min(options.window or longest, longest)
    budget = window - n_special
    if budget < 1:
        problem = f"{n_special} of a window's wordpieces are special ones, which leaves none for the text."
        raise HoneError(Errors.H208.format(option="window", value=window, problem=problem))
    return budget, min(options.stride, budget // 2)
