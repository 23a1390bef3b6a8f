"""What it costs to write a pipeline at an evaluation, as `spacy train` does: model-last, and a copy of it as model-best."""

import shutil
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from harness.results import Record
from spacy.language import Language

from peers.pipelines import STOCK_CONFIG
from peers.speed import CONFIG, make_batches, make_pipeline, step_of

_FROZEN = {
    "components.transformer.model.freeze_embeddings": "true",
    "components.transformer.model.freeze_layers": "[0,1,2,3,4,5]",
}
CHECKPOINTS: dict[str, tuple[Path, dict[str, str]]] = {
    "spacy": (STOCK_CONFIG, {}),
    "hone": (CONFIG, {}),
    "hone, encoder frozen": (CONFIG, _FROZEN),
}


def write_each(folder: Path, times: int) -> list[Record]:
    """Make an update and write, as often as asked for; the first time of each, into empty folders, is left out."""
    docs, batches = make_batches(1)
    found = []
    for system, (config, overrides) in CHECKPOINTS.items():
        nlp = make_pipeline(config, overrides, docs, times + 1)
        step = step_of(nlp, docs)
        for i in range(times + 1):
            step(batches[i % len(batches)])
            written = {"system": system, **write(nlp, folder / system)}
            found += [written] if i else []
    return found


def write(nlp: Language, folder: Path) -> Record:
    """Seconds of writing and of copying, and the bytes."""
    last, best = folder / "model-last", folder / "model-best"
    last.parent.mkdir(parents=True, exist_ok=True)
    seconds = time(lambda: nlp.to_disk(last))
    shutil.rmtree(best, ignore_errors=True)
    copied = time(lambda: shutil.copytree(last, best))
    size = sum(file.stat().st_size for file in last.rglob("*") if file.is_file())
    return {"seconds": seconds, "copy_seconds": copied, "bytes": size}


def time(work: Callable[[], object]) -> float:
    """Seconds."""
    begin = perf_counter()
    work()
    return perf_counter() - begin
