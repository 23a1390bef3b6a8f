"""The data of the extension figures: halves of the training documents with some of the labels, and the table."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from harness.data import split_part
from harness.judging import unpack_scores
from harness.results import Record, markdown
from harness.students import describe, difference
from spacy_hone.evaluation.scores import prf


@dataclass(frozen=True)
class Setting:
    """old, new: the labels. updates: of the old pipeline, and again of each extension; of one that sees both halves at
    once, twice as many. learn_rate: peak rate of all."""

    split: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    updates: int
    learn_rate: float

    @property
    def key(self) -> Record:
        """What a result is known by, beside data, variant and seed."""
        return {"updates": self.updates, "learn_rate": self.learn_rate}


DATA = {
    "tasteset": Setting(
        "630/70",
        ("FOOD", "QUANTITY", "UNIT"),
        ("PROCESS", "PHYSICAL_QUALITY", "COLOR", "TASTE", "PURPOSE", "PART"),
        180,
        2e-4,
    ),
    "clner": Setting(
        "official",
        ("Person", "Location", "Time"),
        ("Thing", "Metric", "Organization", "Abstract"),
        240,
        3e-4,
    ),
    "wnut17": Setting(
        "official",
        ("person", "group", "product"),
        ("location", "corporation", "creative-work"),
        300,
        3e-4,
    ),
}


class Halves(NamedTuple):
    """old, new: training documents with the old, the new labels. both: all of them with all labels. test: all labels."""

    old: list[Doc]
    new: list[Doc]
    both: list[Doc]
    test: list[Doc]


def halves(data: str, setting: Setting) -> Halves:
    """Every other training document is of the old half."""
    part = split_part(data, setting.split)
    labels = (*setting.old, *setting.new)
    return Halves(
        [only(doc, setting.old) for doc in part.train[::2]],
        [only(doc, setting.new) for doc in part.train[1::2]],
        [only(doc, labels) for doc in part.train],
        [only(doc, labels) for doc in part.test],
    )


def only(doc: Doc, labels: Sequence[str]) -> Doc:
    """A copy with the entities of these labels; all else is O."""
    copy = doc.copy()
    copy.set_ents([ent for ent in copy.ents if ent.label_ in labels], default="outside")
    return copy


def extension_table(records: Iterable[Record]) -> str:
    """One row for the runs that differ in seed only. Differences are of the same seeds, documents drawn in pairs."""
    groups: dict[tuple, list[Record]] = defaultdict(list)
    for record in records:
        groups[record["data"], record["variant"], record["updates"], record["learn_rate"]].append(record)
    header = (
        "data",
        "variant",
        "updates",
        "rate",
        "runs",
        "old labels F1 (sd)",
        "new labels F1 (sd)",
        "all F1 (sd)",
        "old labels minus before, 95 %",
        "new labels minus plain, 95 %",
    )
    rows = []
    for (data, variant, updates, rate), runs in groups.items():
        setting = DATA[data]
        parts = [
            [micro(run, labels) for run in runs]
            for labels in (setting.old, setting.new, setting.old + setting.new)
        ]
        beside = {"old": setting.old, "plain": setting.new}
        differences = [
            describe(difference(*(of_labels(each, labels) for each in (runs, groups.get(key, [])))))
            if variant not in ("old", other)
            else ""
            for other, labels in beside.items()
            for key in [(data, other, updates, rate)]
        ]
        if variant == "old":
            parts[1:] = [[], []]
        rows.append((data, variant, updates, f"{rate:g}", len(runs), *map(spread, parts), *differences))
    return markdown(header, rows)


def of_labels(runs: Iterable[Record], labels: Sequence[str]) -> list[Record]:
    """The runs with TP, FP and FN of each document over some of the labels."""
    return [run | {"part": "test", "documents": counts_of(run, labels).sum(1).tolist()} for run in runs]


def micro(record: Record, labels: Sequence[str]) -> float:
    """Micro-F1 over some of the labels."""
    return float(prf(counts_of(record, labels).sum((0, 1)))[2])


def counts_of(record: Record, labels: Sequence[str]) -> NDArray[np.int64]:
    """TP, FP and FN of some of the labels, shape (documents, labels, 3)."""
    scores = unpack_scores(record)
    return scores.counts[:, [i for i, label in enumerate(scores.labels) if label in labels]]


def spread(values: Sequence[float]) -> str:
    """Mean and deviation of a sample."""
    if not values:
        return ""
    return f"{fmean(values):.4f} ({stdev(values):.4f})" if len(values) > 1 else f"{values[0]:.4f}"
