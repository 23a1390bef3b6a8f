"""One judge for every system and task: what was found is right if its place and its label are."""

import json
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from numpy.typing import NDArray
from spacy.tokens import Doc

from harness.data import Part
from harness.data_sets import DATA_SETS
from harness.packing import pack, unpack
from harness.results import Record
from harness.tasks import READERS, Items
from spacy_hone.evaluation.calibration import expected_calibration_error
from spacy_hone.evaluation.ranking import rank, recall_at_precision
from spacy_hone.evaluation.scores import EntityScores

PRECISION = 0.95
CONTRASTS = Path(__file__).parents[1] / "legal_contrasts.jsonl"


def read_contrasts() -> list[dict[str, Any]]:
    """Legal questions and their near twins that are none, with the traps that were published."""
    return [json.loads(line) for line in CONTRASTS.read_text(encoding="utf8").splitlines()]


def with_questions(part: Part, data: str) -> Part:
    """A part whose systems are asked for all that `judge` wants to know."""
    data_set = DATA_SETS[data]
    if data_set.positive is None:
        return part
    nlp = spacy.blank(data_set.lang, config={"nlp": {"tokenizer": data_set.tokenizer}})
    return Part(
        part.name, part.train, [*part.test, *part.dev, *(nlp(row["text"]) for row in read_contrasts())]
    )


def judge(golds: Sequence[Doc], preds: Sequence[Doc], *, part: Part, data: str) -> Record:
    """Scores of the test documents, with what is needed to make tables and to draw documents.

    labels, counts: TP, FP, FN by document and label, packed. micro: precision, recall, F1. ece: expected
    calibration error of the confidences. With a positive label: `scores`, its log odds in each test document,
    `cut`, the least log odds with which dev documents give a precision of 0.95 (null: none does), and
    `contrasts`, its probability in each of the contrast sentences.
    """
    data_set = DATA_SETS[data]
    n = len(part.test)
    found = list(map(READERS[data_set.task], preds[:n]))
    gold = list(map(READERS[data_set.task], golds[:n]))
    scores = count(gold, found)
    record = {
        "labels": scores.labels,
        "counts": pack(scores.counts.astype("uint8" if scores.counts.max(initial=0) < 256 else "int32")),
        "micro": list(scores.micro),
        "macro_f1": scores.macro.f1,
        "ece": calibration_error(gold, found),
    }
    if data_set.positive is not None:
        record |= _judge_positive(data_set.positive, part, golds[n:], preds)
    return record


def count(gold: Sequence[Items], found: Sequence[Items]) -> EntityScores:
    """TP, FP and FN by document and label."""
    labels = tuple(sorted({label for items in (*gold, *found) for *_, label in items}))
    row = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(gold), len(labels), 3), dtype="int64")
    for i, (right, said) in enumerate(zip(gold, found, strict=True)):
        for column, items in enumerate((right.keys() & said, said.keys() - right, right.keys() - said)):
            for *_, label in items:
                counts[i, row[label], column] += 1
    return EntityScores(labels, counts)


def calibration_error(gold: Iterable[Items], found: Iterable[Items]) -> float | None:
    """Of the confidences in what was found; None if the system gives none."""
    cases = [(p, item in right) for right, said in zip(gold, found) for item, p in said.items()]
    if not cases or any(p is None for p, _ in cases):
        return None
    return expected_calibration_error(*zip(*cases))


def unpack_scores(record: Record) -> EntityScores:
    """The counts of a record."""
    return EntityScores(tuple(record["labels"]), unpack(record["counts"]).astype("int64"))


def _judge_positive(label: str, part: Part, dev: Sequence[Doc], preds: Sequence[Doc]) -> Record:
    n, n_dev = len(part.test), len(part.dev)
    odds = partial(_log_odds, label=label)
    is_positive = np.array([doc.cats[label] > 0.5 for doc in dev[:n_dev]])
    cut = recall_at_precision(rank(odds(preds[n : n + n_dev]), is_positive), PRECISION).score
    contrasts = [round(doc.cats[label], 4) for doc in preds[n + n_dev :]]
    return {"scores": pack(odds(preds[:n]).astype("float32")), "cut": cut, "contrasts": contrasts}


def _log_odds(docs: Sequence[Doc], *, label: str) -> NDArray[np.float64]:
    """log p / (1 - p), which keeps apart what is nearly sure."""
    p = np.clip([doc.cats[label] for doc in docs], 1e-9, 1 - 1e-9)
    return np.log(p / (1 - p))
