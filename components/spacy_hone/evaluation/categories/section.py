"""The report on a component's categories."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from ..confusions import confusion_json, confusion_lines
from ..figures import counted, per_label, scorers
from ..peers import Peer
from ..section import Counted, Tags
from ..tables import (
    format_interval,
    format_number,
    make_table,
    overall_table,
    per_label_table,
    scorers_table,
)
from .samples import Samples
from .scores import PRECISION, CategoryScores, is_right, losses

CALIBRATION = {
    True: "probability of each label against whether it holds",
    False: "highest probability against whether that label holds",
}


@dataclass(frozen=True, slots=True)
class Categories:
    """samples, scores, peer: what was compared, and how it came out; warnings: coded lines for people;
    skipped: documents of the report without annotation for this component."""

    samples: Samples
    scores: CategoryScores
    peer: Peer
    warnings: list[str]
    skipped: int

    @property
    def title(self) -> str:
        group = self.samples.group
        kind = "independent" if group.multi_label else "exclusive"
        positive = f"; the positive one is {group.positive_label}" if group.positive_label else ""
        return f"Categories of {group.name} ({kind} labels{positive})"

    @property
    def path(self) -> tuple[str, ...]:
        return "categories", self.samples.group.name

    @property
    def size(self) -> str:
        return f"{len(self.samples.golds):,} with categories of {self.samples.group.name}"

    @property
    def counted(self) -> Counted:
        return Counted(self.samples.numbers, self.scores.scores)

    @property
    def tokens(self) -> Mapping[int, Tags]:
        return {}

    def to_json(self) -> dict[str, Any]:
        scores, group = self.scores, self.samples.group
        intervals = scores.intervals
        found = per_label(scores.scores, intervals and intervals.per_type)
        return {
            "documents": len(self.samples.golds),
            "multi_label": group.multi_label,
            "positive_label": group.positive_label,
            "thresholds": [list(pair) for pair in group.thresholds],
            "accuracy": scores.accuracy,
            "accuracy_interval": scores.accuracy_interval and list(scores.accuracy_interval),
            "balanced_accuracy": scores.balanced_accuracy,
            "micro": counted(scores.scores.counts.sum((0, 1))),
            "interval": intervals and list(intervals.micro),
            "macro": scores.scores.macro._asdict(),
            "macro_interval": intervals and list(intervals.macro),
            "pr_auc": scores.pr_auc,
            "calibration_error": scores.calibration_error,
            "loss": scores.loss,
            "per_label": {
                label: {
                    **found.get(label, counted(np.zeros(3))),
                    "pr_auc": ranking.average_precision,
                    "recall_at_precision_95": ranking.cut and ranking.cut.recall,
                    "probability_at_precision_95": ranking.cut and ranking.cut.score,
                }
                for label, ranking in scores.rankings.items()
            },
            "confusions": confusion_json(scores.confusions),
            "scorers": scorers([self.peer], scores.scores),
        }

    def show(self) -> Iterator[Table | str]:
        scores, intervals = self.scores, self.scores.intervals
        span = scores.accuracy_interval and f" (95 % interval {format_interval(scores.accuracy_interval)})"
        what = "all labels right" if self.samples.group.multi_label else "right label"
        yield f"Accuracy {scores.accuracy:.4f}{span or ''}: documents with {what}"
        yield f"Balanced accuracy {format_number(scores.balanced_accuracy)}, macro PR-AUC {format_number(scores.pr_auc)}"
        kind = CALIBRATION[self.samples.group.multi_label]
        yield f"Expected calibration error {format_number(scores.calibration_error)} (15 bins; {kind})"
        micro, macro = (intervals.micro, intervals.macro) if intervals else (None, None)
        yield overall_table("decided", "labels", scores.scores, micro, macro)
        yield per_label_table("label", scores.scores, intervals and intervals.per_type)
        yield self._rankings()
        yield scorers_table("spacy-hone", scores.scores, [self.peer])
        yield from confusion_lines(scores.confusions)
        if self.skipped:
            yield f"{self.skipped:,} documents have no annotation for {self.samples.group.name}."

    def rows(self) -> Iterator[dict[str, Any]]:
        samples, group = self.samples, self.samples.group
        loss, right = losses(samples), is_right(samples)
        for i in np.lexsort((-loss, right)):
            wrong = samples.known[i] & (samples.gold[i] | samples.decided[i])
            yield {
                "kind": "categories",
                "component": group.name,
                "document": int(samples.numbers[i]),
                "right": bool(right[i]),
                "loss": float(loss[i]),
                "gold": _names(samples, samples.gold[i]),
                "decided": _names(samples, samples.decided[i]),
                "probabilities": {
                    samples.labels[k]: float(samples.probabilities[i, k]) for k in np.flatnonzero(wrong)
                },
                "text": samples.golds[i].text,
            }

    def _rankings(self) -> Table:
        thresholds = dict(self.samples.group.thresholds)
        rows = []
        for label, ranking in self.scores.rankings.items():
            recall, probability = ranking.cut or (None, None)
            values = (thresholds.get(label), ranking.average_precision, recall, probability)
            rows.append((label, *map(format_number, values)))
        columns = ("label", "threshold", "PR-AUC", f"recall at precision {PRECISION}", "from probability")
        return make_table(columns, rows)


def _names(samples: Samples, holds: Any) -> list[str]:
    return [label for label, is_held in zip(samples.labels, holds) if is_held]
