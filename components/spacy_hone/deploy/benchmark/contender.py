"""A pipeline, and what was measured of it."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import perf_counter

from spacy.language import Language
from spacy.tokens import Doc

from .corpus import read_items
from .scores import name_scores, score
from .start import Start, measure_start


@dataclass
class Contender:
    """model: as it was asked for. seconds: of each pass over all texts, by batch size. latencies: seconds of single
    texts. starts: fresh processes. scores: fractions from 0 to 1, by spaCy's names."""

    model: str
    nlp: Language
    seconds: dict[int, list[float]] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)

    def run_batches(self, texts: Sequence[str], batch_size: int) -> None:
        """Time one pass over texts."""
        gc.collect()
        self.seconds.setdefault(batch_size, []).append(time_pass(self.nlp, texts, batch_size))

    def run_single(self, texts: Sequence[str]) -> None:
        """Time texts, one at a time."""
        gc.collect()
        self.latencies += (time_text(self.nlp, text) for text in texts)

    def start(self, texts: Sequence[str], batch_size: int, gpu_id: int) -> None:
        """Time a start in a fresh process, and take its memory."""
        self.starts.append(measure_start(self.model, texts, batch_size=batch_size, gpu_id=gpu_id))

    def compare(self, corpus: Path, limit: int | None, batch_size: int) -> None:
        """Score the pipeline on the first documents of a corpus."""
        items = read_items(corpus, self.nlp.vocab, limit)
        self.scores = score(self.nlp, [item for item in items if isinstance(item, Doc)], batch_size)

    @cached_property
    def size(self) -> int:
        """Bytes on disk."""
        return measure_size(self.nlp.path) if self.nlp.path else 0

    @property
    def main_scores(self) -> list[str]:
        """Names of the scores that the pipeline is chosen by."""
        return name_scores(self.nlp, self.scores)


def time_pass(nlp: Language, texts: Sequence[str], batch_size: int) -> float:
    """Seconds of `nlp.pipe`, tokenising included."""
    begin = perf_counter()
    for _ in nlp.pipe(texts, batch_size=batch_size):
        pass
    return perf_counter() - begin


def time_text(nlp: Language, text: str) -> float:
    """Seconds of `nlp(text)`."""
    begin = perf_counter()
    nlp(text)
    return perf_counter() - begin


def measure_size(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
