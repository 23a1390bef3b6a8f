"""Tables and comparisons of the runs of `quality.py`, made from their records alone.

Deviations are those of a sample of seeds (n - 1).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean, stdev

import numpy as np

from harness.data_sets import DATA_SETS
from harness.judging import read_contrasts, unpack_scores
from harness.ner_tables import SAMPLES
from harness.packing import unpack
from harness.results import Record, markdown
from spacy_hone.evaluation.intervals import Comparison, Interval, paired_bootstrap, resample
from spacy_hone.evaluation.ranking import rank, recall_at_precision
from spacy_hone.evaluation.scores import EntityScores, prf

RARE = 30  # a rarest label has at least so many gold cases
HEADER = (
    "data", "system", "updates", "rate", "runs", "micro F1 (sd)", "macro F1 (sd)", "rarest label (cases)",
    "its F1 (sd)", "ECE (sd)", "encoder",
)  # fmt: skip
POSITIVE_HEADER = (
    "data", "system", "runs", "F1 (sd)", "recall at precision 0.95, on the test ranking (sd)",
    "cut chosen on dev: precision (sd)", "recall (sd)",
)  # fmt: skip


def quality_table(records: Iterable[Record]) -> str:
    """One row for the runs that differ in seed only."""
    return markdown(HEADER, [_row(name, group) for name, group in group_seeds(records).items()])


def positive_table(records: Iterable[Record]) -> str:
    """How well the positive label is found, by system."""
    groups = group_seeds(record for record in records if "scores" in record)
    return markdown(POSITIVE_HEADER, [_positive_row(name, group) for name, group in groups.items()])


def contrast_table(records: Iterable[Record], label: str = "legal") -> str:
    """The mean probability of the label in each sentence over the runs of a system, * where it is wrong; then what
    share of the runs is right, by kind of sentence."""
    groups = group_seeds(record for record in records if "contrasts" in record)
    rows = read_contrasts()
    p = {name: np.array([record["contrasts"] for record in group]) for name, group in groups.items()}
    is_gold = np.array([row["label"] == label for row in rows])
    right = {name: (values > 0.5) == is_gold for name, values in p.items()}
    lines = []
    for i, row in enumerate(rows):
        means = [values[:, i].mean() for values in p.values()]
        cells = [f"{mean:.2f}{'' if (mean > 0.5) == is_gold[i] else ' *'}" for mean in means]
        lines.append([row["group"], row["text"], row["label"], *cells])
    is_trap = np.array([row["group"] == "trap" for row in rows])
    kinds = {"the traps": is_trap, "legal questions": is_gold, "their twins": ~is_gold & ~is_trap}
    for kind, chosen in kinds.items():
        shares = [f"{values[:, chosen].mean():.2f}" for values in right.values()]
        lines.append(["**right**", f"{kind}, {chosen.sum()}", "", *shares])
    return markdown(("group", "sentence", "is", *(name[1] for name in groups)), lines)


def compare(records: Sequence[Record], other: Sequence[Record], of: str) -> Comparison:
    """Paired bootstrap over documents: F1 of `records` minus F1 of `other`, each pooled over the same seeds.

    of: "micro", "macro" or a label. Raises ValueError if the two do not have the same seeds.
    """
    if not records or {r["seed"] for r in records} ^ {r["seed"] for r in other}:
        raise ValueError("the two systems have not been run with the same seeds")
    labels = sorted({label for record in (*records, *other) for label in record["labels"]})
    theirs, ours = (_pool(group, labels) for group in (other, records))
    if of == "macro":
        return _compare_macro(theirs, ours)
    chosen = slice(None) if of == "micro" else slice(labels.index(of), labels.index(of) + 1)
    return paired_bootstrap(theirs[:, chosen].sum(1), ours[:, chosen].sum(1), SAMPLES)


def group_seeds(records: Iterable[Record]) -> dict[tuple[str, ...], list[Record]]:
    """Runs that differ in seed only, under the names of data and part, system, updates, rate."""
    groups: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in records:
        part = record["data"] if record["part"] == "official" else f"{record['data']}, {record['part']}"
        changes = [f"{name}={value}" for name, value in record["overrides"].items()]
        system = ", ".join([record["system"], *changes])
        groups[part, system, f"{record['updates']}", f"{record['learn_rate']:g}"].append(record)
    return dict(sorted(groups.items()))


def rarest(scores: EntityScores) -> int | None:
    """The row of the label with the fewest gold cases, of those that have enough."""
    cases = _cases(scores)
    enough = [i for i in range(len(cases)) if cases[i] >= RARE]
    return min(enough, key=cases.__getitem__, default=None)


def spread(values: Sequence[float | None], digits: int = 4) -> str:
    """Mean and deviation."""
    numbers = [value for value in values if value is not None]
    if len(numbers) < 2:
        return f"{numbers[0]:.{digits}f}" if numbers else ""
    return f"{fmean(numbers):.{digits}f} ({stdev(numbers):.{digits}f})"


def _row(name: tuple[str, ...], group: list[Record]) -> list[str]:
    scores = [unpack_scores(record) for record in group]
    i = rarest(scores[0])
    label = "" if i is None else scores[0].labels[i]
    rare = [_f1(each, label) for each in scores] if label else []
    return [
        *name, f"{len(group)}", spread([record["micro"][2] for record in group]),
        spread([record["macro_f1"] for record in group]),
        "" if i is None else f"{label} ({_cases(scores[0])[i]:,})", spread(rare),
        spread([record["ece"] for record in group]), ", ".join(sorted({record["precision"] for record in group})),
    ]  # fmt: skip


def _positive_row(name: tuple[str, ...], group: list[Record]) -> list[str]:
    label = str(DATA_SETS[group[0]["data"]].positive)
    recalls, at_cut = [], []
    for record in group:
        odds, scores = unpack(record["scores"]).astype("float64"), unpack_scores(record)
        is_gold = scores.counts[:, scores.labels.index(label), [0, 2]].sum(-1) > 0
        recalls.append(recall_at_precision(rank(odds, is_gold), 0.95).recall)
        taken = np.zeros(len(odds), dtype=bool) if record["cut"] is None else odds >= record["cut"]
        at_cut.append(
            prf(np.array([(taken & is_gold).sum(), (taken & ~is_gold).sum(), (~taken & is_gold).sum()]))
        )
    f1 = [_f1(unpack_scores(record), label) for record in group]
    precisions, found, _ = zip(*at_cut)
    columns = (f1, recalls, precisions, found)
    return [*name[:2], f"{len(group)}", *map(spread, columns)]


def _cases(scores: EntityScores) -> list[int]:
    return scores.counts[..., [0, 2]].sum((0, 2)).tolist()


def _f1(scores: EntityScores, label: str) -> float:
    return float(prf(scores.counts.sum(0))[scores.labels.index(label), 2])


def _pool(records: Sequence[Record], labels: Sequence[str]) -> np.ndarray:
    """Counts summed over seeds, (documents, labels, 3), with these labels."""
    every = [unpack_scores(record) for record in records]
    total = np.zeros((len(every[0].counts), len(labels), 3), dtype="int64")
    for scores in every:
        total[:, [labels.index(label) for label in scores.labels]] += scores.counts
    return total


def _compare_macro(first: np.ndarray, second: np.ndarray) -> Comparison:
    """As `paired_bootstrap`, of the mean F1 of the labels."""
    counts = np.stack([first, second], axis=1)
    before, after = prf(counts.sum(0))[..., 2].mean(-1)
    f1 = prf(resample(counts, SAMPLES, 0))[..., 2].mean(-1)
    differences = f1[:, 1] - f1[:, 0]
    tail = min(np.sum(differences <= 0), np.sum(differences >= 0))
    low, high = np.percentile(differences, [2.5, 97.5])
    return Comparison(
        float(after - before),
        Interval(float(low), float(high)),
        min(1.0, 2 * (float(tail) + 1) / (SAMPLES + 1)),
    )
