"""Runs of the quality figures: train, test, write down; choose by a dev part."""

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from pathlib import Path
from statistics import fmean

from harness.data import Part
from harness.results import Record, append, environment, find
from harness.scoring import score
from spacy.tokens import Doc

from peers.grid import Grid
from peers.outcome import Settings
from peers.registry import SYSTEMS

Score = Callable[[Sequence[Doc], Sequence[Doc]], Record]
"""What there is to say of predictions for the documents of a part: (golds, predictions)."""


def run_all(
    parts: Iterable[Part], system: str, settings: Iterable[Settings], out: Path, score: Score = score
) -> list[Record]:
    """Every part with every setting; what the result file holds already is taken from there."""
    return [run_once(part, system, setting, out, score) for part, setting in product(parts, list(settings))]


def run_once(part: Part, system: str, settings: Settings, out: Path, score: Score = score) -> Record:
    """Train, test and write down, unless that is in the file."""
    key = {"system": system, "part": part.name, **vars(settings)}
    known = find(out, key)
    if known:
        return known
    outcome = SYSTEMS[system](part, settings)
    speed = {"seconds": round(outcome.seconds, 1), "words_per_second": round(outcome.words / outcome.seconds)}
    record = key | score(part.test, outcome.docs) | speed | {"precision": outcome.precision} | environment()
    append(out, record)
    print(describe(record), flush=True)
    return record


def choose(dev: Part, system: str, grid: Grid, out: Path) -> list[Settings]:
    """The settings, one a seed, that have the best mean micro-F1 on the dev part; of equal ones the first."""
    scored = [(mean_f1(run_all([dev], system, settings, out)), settings) for settings in grid]
    for f1, (first, *_) in scored:
        print(f"dev F1 {f1:.4f}: {first.updates} updates, rate {first.learn_rate:g}, {first.overrides}")
    return max(scored, key=lambda pair: pair[0])[1]


def mean_f1(records: Iterable[Record]) -> float:
    """Mean micro-F1 of runs."""
    return fmean(record["micro"][2] for record in records)


def describe(record: Record) -> str:
    """One line for people."""
    f1, seconds = record["micro"][2], record["seconds"]
    return f"{record['system']}, {record['part']}, seed {record['seed']}: F1 {f1:.4f}, {seconds:.0f} s"
