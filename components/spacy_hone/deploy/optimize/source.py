"""What is taken out of a pipeline: its encoder, its tokenizer, and how documents are cut for it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from spacy.language import Language
from spacy_transformers import Transformer
from spacy_transformers.annotation_setters import null_annotation_setter
from spacy_transformers.layers import TransformerModel
from thinc.api import Model

from ...errors import Errors, HoneError
from ...models.checkpoint import max_positions
from ...models.onnx.graph import Kind, Windows
from ...models.shim import EncoderShim
from ...models.tokenization import Wordpieces, from_hugging_face

GETTERS: dict[str, Kind] = {"get_strided_spans": "strided", "get_doc_spans": "doc", "get_sent_spans": "sent"}
PROBE = "Ann Lee moved to New York."


@dataclass(frozen=True)
class Source:
    """An encoder as a pipeline has it.

    name: of the component. transformer: the torch module, on the CPU. wordpieces: its tokenizer. windows: how
    documents are cut, see `Windows`. longest: row of wordpieces, special ones included. warnings: coded lines
    about what cannot be kept.
    """

    name: str
    transformer: Any
    wordpieces: Wordpieces
    windows: Windows
    longest: int
    warnings: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Size of a vector."""
        return self.transformer.config.hidden_size

    @property
    def depth(self) -> int:
        """Number of layers."""
        return self.transformer.config.num_hidden_layers

    @property
    def kind(self) -> str:
        """The encoder's class and type, for people."""
        return f"{type(self.transformer).__name__} ({self.transformer.config.model_type})"


def find_source(nlp: Language, model: str) -> Source:
    """Find the encoder that other components listen to, and let it compute in float32 from now on.

    model: name of the pipeline, for error messages. Raises H710 where there is none, H711 for several, H712 for an
    architecture that is not known, H713 for span getters that are not, H714 for token types, H205 for a slow tokenizer.
    """
    pipes = {name: pipe for name, pipe in nlp.components if isinstance(pipe, Transformer)}
    if not pipes:
        factories = ", ".join(nlp.get_pipe_meta(name).factory for name in nlp.component_names) or "none"
        raise HoneError(Errors.H710.format(model=model, factories=factories))
    if len(pipes) > 1:
        raise HoneError(Errors.H711.format(model=model, names=", ".join(pipes)))
    [(name, pipe)] = pipes.items()
    config = nlp.get_pipe_config(name)
    warnings: tuple[str, ...] = ()
    if pipe.set_extra_annotations is not null_annotation_setter:
        setter = config.get("set_extra_annotations", {}).get("@annotation_setters")
        warnings = (Errors.H730.format(name=name, setter=setter),)
    shim = pipe.model.shims[0] if pipe.model.shims else None
    if isinstance(shim, EncoderShim):
        return _ours(name, shim, warnings)
    if isinstance(pipe.model, TransformerModel):
        return _stock(name, pipe.model, warnings)
    architecture = config["model"].get("@architectures")
    raise HoneError(Errors.H712.format(name=name, architecture=architecture))


def _ours(name: str, shim: EncoderShim, warnings: tuple[str, ...]) -> Source:
    if shim.wordpieces is None or shim.transformer is None:
        raise HoneError(Errors.H213)
    shim.options = replace(shim.options, precision="fp32")
    longest = max_positions(shim.transformer)
    special = len(shim.wordpieces.prefix) + len(shim.wordpieces.suffix)
    windows: Windows = {"kind": "hone", "window": shim.budget + special, "stride": shim.overlap}
    return Source(name, shim.transformer.cpu(), shim.wordpieces, windows, longest, warnings)


def _stock(name: str, model: Model, warnings: tuple[str, ...]) -> Source:
    tokenizer, transformer = model.tokenizer, model.transformer  # type: ignore[attr-defined]
    if transformer is None:
        raise HoneError(Errors.H213)
    windows = _windows(name, model.attrs["get_spans"])
    types = set(np.ravel(tokenizer(PROBE).get("token_type_ids", [0])).tolist())
    if types != {0}:
        raise HoneError(Errors.H714.format(name=name, types=", ".join(map(str, sorted(types)))))
    wordpieces = from_hugging_face(tokenizer, name)
    longest = min(max_positions(transformer), tokenizer.model_max_length)
    return Source(name, transformer.cpu(), wordpieces, windows, longest, warnings)


def _windows(name: str, get_spans: Any) -> Windows:
    """A span getter of spacy-transformers as data."""
    function, given = getattr(get_spans, "func", get_spans), getattr(get_spans, "keywords", {})
    kind = GETTERS.get(getattr(function, "__name__", ""))
    if kind is None or function.__module__ != "spacy_transformers.span_getters":
        raise HoneError(Errors.H713.format(name=name, getter=get_spans))
    return {"kind": kind, "window": given.get("window", 0), "stride": given.get("stride", 0)}
