"""Predictions and per-document scores as files, and files that are there whole or not at all."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import Errors, HoneError
from .samples import Entity, Sample
from .scores import prf, to_score
from .summary import Summary


def conll_lines(samples: Iterable[Sample]) -> Iterator[str]:
    """Token, gold tag, predicted tag, separated by one space; a blank line after each document.

    IOB2; `-` where the gold annotation is missing. Whitespace inside a token or a label is written as
    `\\u0020`, so that there are always three columns.
    """
    for sample in samples:
        for token, *tags in zip(sample.doc, sample.gold_tags, sample.pred_tags):
            yield " ".join(map(_escape, (token.text, *tags)))
        yield ""


def document_lines(summary: Summary, numbers: Sequence[int]) -> Iterator[str]:
    """One JSON object a document, worst first: lowest F1, then most errors.

    Documents with nothing to find and nothing found have `"f1": null` and come last.

    numbers: the documents' places in the corpus, from 0.
    """
    counts = summary.scores.counts.sum(1)
    scores = prf(counts)
    errors = counts[:, 1:].sum(1)
    empty = counts.sum(1) == 0
    for i in np.lexsort((-errors, scores[:, 2], empty)):
        sample, (tp, fp, fn) = summary.samples[i], map(int, counts[i])
        score = dict.fromkeys(("precision", "recall", "f1")) if empty[i] else to_score(scores[i])._asdict()
        row = {"document": int(numbers[i]), **score, "tp": tp, "fp": fp, "fn": fn}
        row |= {"missed": _texts(sample, sample.gold - sample.pred)}
        row |= {"spurious": _texts(sample, sample.pred - sample.gold), "text": sample.doc.text}
        yield json.dumps(row, ensure_ascii=False)


def check_writable(paths: Sequence[Path]) -> None:
    """Find out before the long work whether the files can be written.

    Raises HoneError: two outputs are one file, a path is a directory, or its directory cannot be used.
    """
    for path in paths:
        parent = next(p for p in path.absolute().parents if p.exists())
        faults = {
            "two outputs have this name": [p.absolute() for p in paths].count(path.absolute()) > 1,
            "it is a directory": path.is_dir(),
            f"{parent} is not a directory": not parent.is_dir(),
            f"no permission to write in {parent}": not os.access(parent, os.W_OK),
        }
        for fault in (fault for fault, found in faults.items() if found):
            raise HoneError(Errors.H607.format(path=path, error=fault))


def write_files(files: Mapping[Path, Iterable[str]]) -> None:
    """Write lines to files, making their directories: first all of them under temporary names, then renamed.

    Raises HoneError: a file could not be written; then none is.
    """
    temporary = {path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in files}
    path = Path()
    try:
        for path, lines in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary[path].open("w", encoding="utf8", newline="\n") as stream:
                stream.writelines(f"{line}\n" for line in lines)
        for path in files:
            temporary[path].replace(path)
    except OSError as error:
        raise HoneError(Errors.H607.format(path=path, error=error)) from error
    finally:
        for leftover in temporary.values():
            leftover.unlink(missing_ok=True)


def _texts(sample: Sample, entities: Iterable[Entity]) -> list[list[Any]]:
    return [[start, end, label, sample.doc.text[start:end]] for start, end, label in sorted(entities)]


def _escape(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" if char.isspace() else char for char in text)
