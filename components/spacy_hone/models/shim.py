"""The encoder's torch module behind thinc: batches by padded wordpieces, bf16, freezing, serialisation."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import torch
from thinc.api import PyTorchShim, get_torch_default_device

from ..errors import Errors, HoneError
from ..types import Precision
from .checkpoint import Encoder, digest, first_position, max_positions, pack, unpack
from .embedding import add_gradient
from .forking import make_fork_safe
from .freezing import freeze
from .layers import keep_layers
from .packing import Batch, can_pack, pack_rows, pad_rows, training_with
from .precision import uses_bf16, widens_bf16
from .saved import Saved
from .side_by_side import count_lanes, run_side_by_side
from .tokenization import Wordpieces
from .widening import Widening
from .windows import Ints, batch_by_length, batch_by_padding, deal

make_fork_safe()

# Padding, in wordpieces, that takes a CPU as long as one more batch (6 x 384 encoder, 2 cores); its
# backward pass adds to the gradients of all weights. On a GPU one big batch is always faster.
WASTE_PREDICTING, WASTE_TRAINING = 128, 384
Backprop = Callable[[torch.Tensor], None]
Graph = tuple[list[torch.Tensor], Batch]  # outputs, and where they belong


class Lane(NamedTuple):
    """What one thread does. generator: of the numbers for dropout, in training on a CPU."""

    batches: list[Batch]
    generator: torch.Generator | None = None


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
        self._can_pack: bool | None = None

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
        self._can_pack = None

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
        asked = {"output_hidden_states": True} if self.hidden_layers else {}

        half = uses_bf16(self.options.precision, device)
        widens = half and widens_bf16(device)
        autocast = partial(torch.autocast, device.type, torch.bfloat16, enabled=half)

        def encode(lane: Lane) -> list[Graph]:
            graphs: list[Graph] = []
            training = partial(training_with, generator=lane.generator) if lane.generator else nullcontext
            # the cache of autocast is shared by threads, each of which clears it when it ends
            with autocast(cache_enabled=lane.generator is None), torch.inference_mode(not is_train):
                for batch in lane.batches:
                    with training(batch), Widening() if widens else nullcontext():
                        output = transformer(**batch.inputs, **asked)
                    layers = [
                        output.last_hidden_state,
                        *(output.hidden_states[i] for i in self.hidden_layers),
                    ]
                    for hidden, layer in zip(all_hidden, layers):
                        hidden[batch.rows, batch.cols] = layer.detach().float()
                    if layers[0].requires_grad:
                        graphs.append((layers, batch))
            return graphs

        of_lanes = run_side_by_side([partial(encode, lane) for lane in self._lanes(ids, lengths, is_train)])
        self.hidden, self.d_hidden = tuple(all_hidden[1:]), {}
        return all_hidden[0], partial(self.backprop, of_lanes)

    def backprop(self, of_lanes: list[list[Graph]], d_hidden: torch.Tensor) -> None:
        """Add to the parameters' gradients. of_lanes: what is to be differentiated in each thread."""
        d_layers = {0: d_hidden, **{place + 1: d for place, d in self.d_hidden.items()}}
        parameters = [parameter for parameter in self._model.parameters() if parameter.requires_grad]

        def differentiate(graphs: list[Graph]) -> list[torch.Tensor | None]:
            pairs = [
                (layers[place], d[batch.rows, batch.cols].to(layers[place]))
                for layers, batch in graphs
                for place, d in d_layers.items()
                if layers[place].requires_grad
            ]
            outputs, d_outputs = zip(*pairs)
            return list(torch.autograd.grad(outputs, parameters, d_outputs, allow_unused=True))

        found = run_side_by_side([partial(differentiate, graphs) for graphs in of_lanes if graphs])
        for i, parameter in enumerate(parameters):
            add_gradient(parameter, [gradients[i] for gradients in found])
            for gradients in found:
                gradients[i] = None  # two copies of all at once are enough

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

    def _lanes(self, ids: Ints, lengths: Ints, is_train: bool) -> list[Lane]:
        """The rows in batches: in training on a CPU in some threads, packed if the encoder allows it; else padded."""
        most, on_cpu = self.options.max_batch_wordpieces, self.device.type == "cpu"
        if not (is_train and on_cpu):
            found = batch_by_padding(lengths, most, WASTE_PREDICTING if on_cpu else most)
            return [Lane([pad_rows(ids, lengths, rows, self.device) for rows in found])]
        if self._packs():
            cut = partial(batch_by_length, most=most)
            make = partial(pack_rows, ids, lengths, first_position=first_position(self._model))
        else:
            cut = partial(batch_by_padding, max_padded=most, max_waste=WASTE_TRAINING)
            make = partial(pad_rows, ids, lengths, device=self.device)
        return [
            Lane([make(rows[found]) for found in cut(lengths[rows])], new_generator())
            for rows in deal(lengths, count_lanes(len(lengths)))
        ]

    def _packs(self) -> bool:
        """Whether the encoder can be trained with packed rows; found out once."""
        if self._can_pack is None:
            longest = self.budget + len(self.wordpieces.prefix) + len(self.wordpieces.suffix)  # type: ignore[union-attr]
            self._can_pack = can_pack(self._model, longest, first_position(self._model))
        return self._can_pack


def new_generator() -> torch.Generator:
    """A thread's own random numbers, which follow from torch's seed, and from how many threads there are."""
    return torch.Generator().manual_seed(int(torch.randint(2**62, ())))


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
