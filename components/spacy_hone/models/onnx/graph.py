"""An encoder as what is stored of it: a network, its weights, a tokenizer, and how to cut documents for them."""

import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict, get_args

import numpy as np
import srsly
from numpy.typing import NDArray

from ...errors import Errors, HoneError
from ..saved import Saved

CFG, TOKENIZER, WEIGHTS = "cfg", "tokenizer.json", "encoder.safetensors"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
Kind = Literal["hone", "strided", "doc", "sent"]
GraphPrecision = Literal["fp32", "int8", "mixed"]
Engine = Literal["onnxruntime", "openvino"]
CODE: dict[Engine, str] = {"onnxruntime": "encoder.onnx", "openvino": "encoder.xml"}
BLOB = "weights"  # of OpenVINO: one array of bytes
Weights = dict[str, NDArray[Any]]


class Network(NamedTuple):
    """What an engine computes.

    code: a graph in ONNX, or OpenVINO's intermediate representation. It takes int64 arrays (rows, wordpieces) and gives
    `last_hidden_state`, float32 (rows, wordpieces, width). weights: by name, those that the code refers to in another
    file. engine: whose format this is.
    """

    code: bytes
    weights: Weights
    engine: Engine = "onnxruntime"

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.code) + sum(array.nbytes for array in self.weights.values())


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
    inputs: the names that the graph takes, of `INPUTS`. engine: what computes it; ONNX Runtime if it is left out.
    sha256, tokenizer_sha256: of the graph with its weights, and of its tokenizer; computed if they are left out.
    """

    width: int
    pad_id: int
    max_positions: int
    windows: Windows
    inputs: list[str]
    precision: GraphPrecision
    engine: NotRequired[Engine]
    sha256: NotRequired[str]
    tokenizer_sha256: NotRequired[str]


@dataclass(frozen=True)
class Graph:
    """code, weights: see `Network`; the weights are those of the file encoder.safetensors.
    tokenizer: the content of a tokenizer.json.

    Raises H220 if the graph or the tokenizer is not the one that the settings are of, H221 if the settings are not whole.
    """

    code: bytes
    weights: Weights = field(repr=False, compare=False)  # sha256 tells them apart
    tokenizer: bytes
    settings: Settings
    saved: Saved = field(default_factory=Saved, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check(self.settings)
        contiguous = {name: np.asarray(array, order="C") for name, array in self.weights.items()}
        object.__setattr__(self, "weights", contiguous)  # safetensors writes others wrongly
        tokenizer = hashlib.sha256(self.tokenizer).hexdigest()
        digests = {"sha256": digest(self.code, self.weights), "tokenizer_sha256": tokenizer}
        for key, found in digests.items():
            require_digest(found, str(self.settings.get(key, found)))
        object.__setattr__(self, "settings", {**self.settings, **digests})

    def __deepcopy__(self, memo: dict[int, Any]) -> "Graph":
        return self

    @property
    def network(self) -> Network:
        return Network(self.code, self.weights, engine_of(self.settings))

    def to_disk(self, path: Path) -> None:
        """Write the four files into a folder, which is made. The graph is left as it is where it is there already."""
        path.mkdir(parents=True, exist_ok=True)
        (path / CFG).write_text(json.dumps(self.settings, indent=2), encoding="utf8")
        (path / TOKENIZER).write_bytes(self.tokenizer)
        sha256, code = self.settings["sha256"], CODE[self.network.engine]
        if not all(self.saved.holds(path / name, sha256) for name in (code, WEIGHTS)):
            (path / code).write_bytes(self.code)
            import_safetensors().numpy.save_file(self.weights, path / WEIGHTS)
            shutil.copymode(path / code, path / WEIGHTS)  # it makes files for their owner alone
            for other in set(CODE.values()) - {code}:
                (path / other).unlink(missing_ok=True)
            for name in (code, WEIGHTS):
                self.saved.note(path / name, sha256)

    @classmethod
    def from_disk(cls, path: Path) -> "Graph":
        """Read a folder of four files. Raises H219 if one cannot be read."""
        safetensors = import_safetensors()
        try:
            settings = json.loads((path / CFG).read_text(encoding="utf8"))
            check(settings)
            weights = safetensors.numpy.load_file(path / WEIGHTS)
            code = (path / CODE[engine_of(settings)]).read_bytes()
            return cls(code, weights, (path / TOKENIZER).read_bytes(), settings)
        except safetensors.SafetensorError as err:
            raise HoneError(Errors.H219.format(path=path, problem=f"{WEIGHTS}: {err}")) from err
        except (OSError, json.JSONDecodeError) as err:
            raise HoneError(Errors.H219.format(path=path, problem=err)) from err

    def to_bytes(self) -> bytes:
        names = ("code", "weights", "tokenizer", "settings")
        return srsly.msgpack_dumps({name: getattr(self, name) for name in names})

    @classmethod
    def from_bytes(cls, data: bytes) -> "Graph":
        return cls(**srsly.msgpack_loads(data))


def digest(code: bytes, weights: Weights) -> str:
    """SHA-256 of a graph and of its weights, contiguous arrays, in the order of their names, in hexadecimal."""
    found = hashlib.sha256(code)
    for name in sorted(weights):
        array = weights[name]
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(array.reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def require_digest(found: str, expected: str) -> None:
    """Raise H220 if they are not the same."""
    if found != expected:
        raise HoneError(Errors.H220.format(found=found, expected=expected))


def import_safetensors() -> Any:
    """The module `safetensors`, with its `numpy`, or H217 if it is missing."""
    try:
        import safetensors.numpy
    except ImportError as err:
        problem = f"cannot be imported ({err})"
        raise HoneError(Errors.H217.format(package="safetensors", problem=problem)) from err
    return safetensors


def engine_of(settings: Settings) -> Engine:
    """ONNX Runtime where the settings do not say it: those of pipelines from before there was a choice."""
    return settings.get("engine", "onnxruntime")


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
    if settings.get("engine", "onnxruntime") not in get_args(Engine):
        wrong.append(f"engine must be one of {', '.join(CODE)}")
    if settings.get("precision") not in get_args(GraphPrecision):
        wrong.append(f"precision must be one of {', '.join(get_args(GraphPrecision))}")
    if wrong:
        raise HoneError(Errors.H221.format(problem="; ".join(wrong)))


def _is_count(settings: dict[str, Any], key: str, least: int) -> bool:
    value = settings.get(key)
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
