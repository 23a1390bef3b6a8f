"""The optimised pipeline as a folder: with its report, and with what it now requires in its meta."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import get_minor_version_range, split_requirement
from thinc.api import Model, PyTorchShim

from ...errors import Errors, HoneError
from ...models.onnx.engines import Provider
from ...models.onnx.graph import Engine
from .report import Report
from .scores import decide, make_inputs

FILE = "optimized.json"
TORCH = {"torch", "transformers", "spacy-transformers", "safetensors", "spacy-hone"}
EXTRAS: dict[tuple[Engine, Provider], str] = {
    ("onnxruntime", "cpu"): "onnx",
    ("onnxruntime", "cuda"): "onnx-gpu",
    ("openvino", "cpu"): "openvino",
}
BRIEF = (
    "engine",
    "precision",
    "kept",
    "score",
    "max_drop",
    "sizes",
    "processor",
    "features",
    "reduce_range",
    "warnings",
)


def save(nlp: Language, report: Report, scores: Mapping[str, Any], folder: Path) -> Report:
    """Write a pipeline with its report. scores: all that were measured on dev.

    RETURNS: the report with the size of the folder in it, which the files have too.
    """
    engine = EXTRAS[report.engine, report.provider]
    extras = f"train,{engine}" if find_torch(nlp) else engine
    nlp.meta["requirements"] = require(nlp.meta.get("requirements", []), extras)
    performance = nlp.meta.setdefault("performance", {})
    performance.update({name: scores[name] for name in {*performance, *report.scores} if name in scores})
    nlp.to_disk(folder)
    report = replace(report, sizes=(report.sizes[0], size_of(folder)))
    data = report.to_json()
    nlp.meta["optimized"] = {name: data[name] for name in BRIEF}
    for name, content in (("meta.json", nlp.meta), (FILE, data)):
        (folder / name).write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf8")
    return report


def check_saved(nlp: Language, folder: Path, golds: Sequence[Doc]) -> None:
    """Raise H731 if the pipeline, loaded again, decides otherwise than the one that was saved.

    Both get the same batches: in 8 bits ONNX Runtime has one scale for all activations of a kind in a batch, which decides
    together.
    """
    expected, found = (
        [decide(doc) for doc in each.pipe(make_inputs(each, golds))] for each in (nlp, spacy.load(folder))
    )
    for i, (before, after) in enumerate(zip(expected, found)):
        if before != after:
            raise HoneError(Errors.H731.format(doc=i, before=before, after=after))


def find_torch(nlp: Language) -> list[str]:
    """Components that torch computes in, disabled ones included."""
    models = {name: getattr(pipe, "model", None) for name, pipe in nlp.components}
    nodes = {name: model.walk() for name, model in models.items() if isinstance(model, Model)}
    return [name for name, found in nodes.items() if any(_is_torch(node) for node in found)]


def _is_torch(node: Model) -> bool:
    return any(isinstance(shim, PyTorchShim) for shim in node.shims)


def require(requirements: Sequence[str], extras: str = "onnx") -> list[str]:
    """A pipeline's requirements without torch and what stands on it, and with us. extras: of this package."""
    kept = [
        each for each in requirements if split_requirement(each)[0].lower().replace("_", "-") not in TORCH
    ]
    return [*kept, f"spacy-hone[{extras}]{get_minor_version_range(version('spacy-hone'))}"]


def size_of(path: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
