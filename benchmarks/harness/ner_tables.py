"""Tables and comparisons, made from the records of the quality runs."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean, pstdev

import numpy as np
from numpy.typing import NDArray

from harness.results import Record, markdown
from spacy_hone.evaluation.intervals import Comparison, paired_bootstrap, score_intervals
from spacy_hone.evaluation.scores import EntityScores

HEADER = (
    "data, part", "system", "updates", "rate", "runs", "P", "R", "strict F1 (sd of seeds)",
    "95 %, documents drawn", "macro F1", "s a run", "words/s", "encoder",
)  # fmt: skip
SAMPLES = 10_000


def quality_table(records: Iterable[Record]) -> str:
    """One row for the runs that differ in seed and fold only."""
    groups: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in records:
        groups[_name_group(record)].append(record)
    return markdown(HEADER, [_row(name, group) for name, group in sorted(groups.items())])


def compare(records: Iterable[Record], other: Iterable[Record]) -> Comparison:
    """Paired bootstrap over documents: F1 of `records` minus F1 of `other`, each pooled over the same seeds.

    Raises ValueError if the two do not have the same parts and seeds.
    """
    ours, theirs = list(records), list(other)
    missing = {_run_key(r) for r in ours} ^ {_run_key(r) for r in theirs}
    if missing or not ours:
        raise ValueError(
            f"the two systems have not the same runs; only one has: {sorted(missing) or 'nothing'}"
        )
    return paired_bootstrap(pool_seeds(theirs), pool_seeds(ours), SAMPLES)


def pool_seeds(records: Sequence[Record]) -> NDArray[np.int64]:
    """TP, FP, FN of each document, summed over seeds: (documents of all parts, 3)."""
    parts: dict[str, NDArray[np.int64]] = {}
    for record in records:
        parts[record["part"]] = parts.get(record["part"], 0) + np.array(record["documents"])
    return np.concatenate([parts[name] for name in sorted(parts)])


def f1_by_seed(records: Iterable[Record]) -> list[float]:
    """Micro-F1 of each seed over all its parts."""
    seeds: dict[int, NDArray[np.int64]] = {}
    for record in records:
        seeds[record["seed"]] = seeds.get(record["seed"], 0) + np.sum(record["documents"], axis=0)
    return [2 * tp / max(2 * tp + fp + fn, 1) for tp, fp, fn in seeds.values()]


def _run_key(record: Record) -> tuple[str, int]:
    return record["part"], record["seed"]


def _name_group(record: Record) -> tuple[str, ...]:
    part = f"{record['part'].split('/')[1]} folds" if record["part"].startswith("fold ") else record["part"]
    system = ", ".join(
        [record["system"], *(f"{name}={value}" for name, value in record["overrides"].items())]
    )
    return f"{record['data']}, {part}", system, f"{record['updates']}", f"{record['learn_rate']:g}"


def _row(name: tuple[str, ...], group: list[Record]) -> list[str]:
    counts = pool_seeds(group)
    low, high = score_intervals(EntityScores(("all",), counts[:, None]), SAMPLES).micro
    seeds = f1_by_seed(group)
    precision, recall = (fmean(record["micro"][i] for record in group) for i in range(2))
    return [
        *name, f"{len(group)}", f"{precision:.3f}", f"{recall:.3f}",
        f"{fmean(seeds):.4f} ({pstdev(seeds):.4f})", f"{low:.3f}–{high:.3f}",
        f"{fmean(record['macro_f1'] for record in group):.3f}",
        f"{fmean(record['seconds'] for record in group):.0f}",
        f"{fmean(record['words_per_second'] for record in group):,.0f}", group[0]["precision"],
    ]  # fmt: skip
