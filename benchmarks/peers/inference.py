"""Every system that predicts, as a builder of a function from texts to whatever it finds in them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import spacy
from harness.turns import choose
from thinc.api import Config

from peers.loops import LONGEST, Int8Lanes, Int8Loop, OnnxLoop, TorchLoop, set_threads

Run = Callable[[Sequence[str], int], object]
"""(texts, how many of them at a time)"""
Build = Callable[[Path, int], Run]
"""(folder of `peers.prepare`, threads)"""

HF_BATCH = 32  # texts; the Hugging Face pipeline does not sort, so that larger batches are slower


def pipeline(name: str) -> Build:
    """A builder for one of the folder's spaCy pipelines."""

    def build(folder: Path, threads: int) -> Run:
        config = Config().from_disk(folder / name / "config.cfg")
        changes = {}
        if config["components"]["transformer"]["factory"] == "hone_encoder":
            changes["components.transformer.model.threads"] = threads
        nlp = spacy.load(folder / name, config=changes)
        return lambda texts, batch_size: sum(1 for _ in nlp.pipe(texts, batch_size=batch_size))

    return build


def hf_pipeline(folder: Path, threads: int) -> Run:
    """`transformers.pipeline` in batches; words take the tag of their first wordpiece, as they were trained."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "hf", model_max_length=LONGEST)
    pipe = transformers.pipeline(
        "token-classification",
        str(folder / "hf"),
        tokenizer=tokenizer,
        aggregation_strategy="first",
        stride=0,
    )
    return lambda texts, batch_size: pipe(list(texts), batch_size=min(batch_size, HF_BATCH))


def build_all(folder: Path, names: str, threads: int) -> dict[str, Run]:
    """Make systems ready. names: as for `choose`."""
    set_threads(threads)
    return {name: INFERENCE_SYSTEMS[name](folder, threads) for name in choose(names, list(INFERENCE_SYSTEMS))}


def time_run(run: Run, texts: Sequence[str], batch_size: int) -> float:
    """Seconds."""
    begin = perf_counter()
    run(texts, batch_size)
    return perf_counter() - begin


PIPELINES = {
    "spacy": "stock",
    "hone-fp32": "fp32",
    "hone-int8": "int8",
    "hone_ner-fp32": "own-fp32",
    "hone_ner-int8": "own-int8",
    "hone-openvino-fp32": "openvino-fp32",
    "hone-openvino-int8": "openvino-int8",
    "hone_ner-openvino-fp32": "own-openvino-fp32",
    "hone_ner-openvino-int8": "own-openvino-int8",
}
"""The folders of those that are spaCy pipelines."""
INFERENCE_SYSTEMS: dict[str, Build] = {
    **{name: pipeline(folder) for name, folder in PIPELINES.items()},
    "hf-pipeline": hf_pipeline,
    "torch-loop": TorchLoop,
    "onnx-fp32": OnnxLoop,
    "onnx-int8": Int8Loop,
    "onnx-int8-lanes": Int8Lanes,
}
