"""An encoder as what is stored of it: an ONNX graph, a tokenizer, and how to cut documents for them."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict, get_args

import srsly

from ...errors import Errors, HoneError
from ..saved import Saved

CFG, TOKENIZER, ONNX = "cfg", "tokenizer.json", "encoder.onnx"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
Kind = Literal["hone", "strided", "doc", "sent"]
GraphPrecision = Literal["fp32", "int8", "mixed"]


class Windows(TypedDict):
    """How documents are cut.

    kind: "hone" as `models.windows.lay_out` does; the others as the span getters of spacy-transformers do.
    window, stride: as in `hone.TransformerModel.v1`, in wordpieces, for "hone"; as in `strided_spans`, in tokens, for
        "strided"; without meaning for the others.
    """

    kind: Kind
    window: int
    stride: int


class Settings(TypedDict):
    """What has to be known of a graph.

    width: size of a vector. pad_id: fills rows up. max_positions: longest row of wordpieces, special ones included.
    inputs: the names that the graph takes, of `INPUTS`. sha256: of the graph; computed if it is left out.
    """

    width: int
    pad_id: int
    max_positions: int
    windows: Windows
    inputs: list[str]
    precision: GraphPrecision
    sha256: NotRequired[str]


@dataclass(frozen=True)
class Graph:
    """onnx: takes int64 arrays (rows, wordpieces) and gives `last_hidden_state`, float32 (rows, wordpieces, width).
    tokenizer: the content of a tokenizer.json.

    Raises H220 if the graph is not the one that the settings are of, H221 if the settings are not whole.
    """

    onnx: bytes
    tokenizer: bytes
    settings: Settings
    saved: Saved = field(default_factory=Saved, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check(self.settings)
        found = hashlib.sha256(self.onnx).hexdigest()
        if (expected := self.settings.get("sha256", found)) != found:
            raise HoneError(Errors.H220.format(found=found, expected=expected))
        object.__setattr__(self, "settings", {**self.settings, "sha256": found})

    def to_disk(self, path: Path) -> None:
        """Write the three files into a folder, which is made. The graph is left as it is where it is there already."""
        path.mkdir(parents=True, exist_ok=True)
        (path / CFG).write_text(json.dumps(self.settings, indent=2), encoding="utf8")
        (path / TOKENIZER).write_bytes(self.tokenizer)
        if not self.saved.holds(path / ONNX, self.settings["sha256"]):
            (path / ONNX).write_bytes(self.onnx)
            self.saved.note(path / ONNX, self.settings["sha256"])

    @classmethod
    def from_disk(cls, path: Path) -> "Graph":
        """Read a folder of three files. Raises H219 if one cannot be read."""
        try:
            settings = json.loads((path / CFG).read_text(encoding="utf8"))
            return cls((path / ONNX).read_bytes(), (path / TOKENIZER).read_bytes(), settings)
        except (OSError, json.JSONDecodeError) as err:
            raise HoneError(Errors.H219.format(path=path, problem=err)) from err

    def to_bytes(self) -> bytes:
        parts = {"onnx": self.onnx, "tokenizer": self.tokenizer, "settings": self.settings}
        return srsly.msgpack_dumps(parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Graph":
        return cls(**srsly.msgpack_loads(data))


def check(settings: Any) -> None:
    """Raise H221 for settings that are not whole, saying everything that is wrong with them."""
    settings = settings if isinstance(settings, dict) else {}
    windows = settings.get("windows")
    windows = windows if isinstance(windows, dict) else {}
    inputs = settings.get("inputs")
    wrong = [
        f"{key} must be a whole number above 0"
        for key in ("width", "max_positions")
        if not _is_count(settings, key, 1)
    ]
    wrong += ["pad_id must be a whole number"] if not _is_count(settings, "pad_id", 0) else []
    wrong += [
        f"windows.{key} must be a whole number"
        for key in ("window", "stride")
        if not _is_count(windows, key, 0)
    ]
    if windows.get("kind") not in get_args(Kind):
        wrong.append(f"windows.kind must be one of {', '.join(get_args(Kind))}")
    elif windows["kind"] == "strided" and not (windows.get("window") and windows.get("stride")):
        wrong.append("windows.window and windows.stride must be above 0")
    if not isinstance(inputs, list) or not {INPUTS[0]} <= set(inputs) <= set(INPUTS):
        wrong.append(f"inputs must be some of {', '.join(INPUTS)}, the first in any case")
    if settings.get("precision") not in get_args(GraphPrecision):
        wrong.append(f"precision must be one of {', '.join(get_args(GraphPrecision))}")
    if wrong:
        raise HoneError(Errors.H221.format(problem="; ".join(wrong)))


def _is_count(settings: dict[str, Any], key: str, least: int) -> bool:
    value = settings.get(key)
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
