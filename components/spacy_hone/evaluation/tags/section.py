"""The report on token tags."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from ..confusions import confusion_json, confusion_lines
from ..figures import per_label
from ..section import Counted
from ..tables import format_interval, overall_table, per_label_table
from .samples import Attr, Sample
from .scores import TagScores, Verdict


@dataclass(frozen=True, slots=True)
class TokenTags:
    """What was compared, and how it came out; warnings: coded lines for people."""

    attr: Attr
    samples: list[Sample]
    scores: TagScores
    peer: Verdict
    warnings: list[str]

    @property
    def title(self) -> str:
        return f"Tags (token.{self.attr}_)"

    @property
    def path(self) -> tuple[str, ...]:
        return (self.attr,)

    @property
    def size(self) -> str:
        return f"{self.scores.tokens:,} tokens with {self.attr}_"

    @property
    def counted(self) -> Counted:
        return Counted([sample.number for sample in self.samples], self.scores.scores)

    @property
    def tokens(self) -> Mapping[int, Sample]:
        return {sample.number: sample for sample in self.samples}

    def to_json(self) -> dict[str, Any]:
        scores, intervals = self.scores, self.scores.intervals
        return {
            "documents": len(self.samples),
            "tokens": scores.tokens,
            "accuracy": scores.accuracy,
            "accuracy_interval": scores.accuracy_interval and list(scores.accuracy_interval),
            "macro": scores.scores.macro._asdict(),
            "macro_interval": intervals and list(intervals.macro),
            "per_tag": per_label(scores.scores, intervals and intervals.per_type),
            "confusions": confusion_json(scores.confusions),
            "scorers": {
                "spaCy Scorer": {
                    self.peer.name: self.peer.accuracy,
                    "same_definition": not self.peer.reason,
                    "difference": abs(self.peer.accuracy - scores.accuracy),
                }
            },
        }

    def show(self) -> Iterator[Table | str]:
        scores, intervals = self.scores, self.scores.intervals
        span = scores.accuracy_interval and f" (95 % interval {format_interval(scores.accuracy_interval)})"
        yield f"Accuracy {scores.accuracy:.4f}{span or ''}: {scores.tokens:,} tokens with a gold tag, without whitespace"
        verdict = self.peer.reason or f"difference {abs(self.peer.accuracy - scores.accuracy):.1e}"
        yield f"spaCy Scorer: {self.peer.name} {self.peer.accuracy:.4f} ({verdict})"
        micro, macro = (intervals.micro, intervals.macro) if intervals else (None, None)
        yield overall_table("tags", "tags", scores.scores, micro, macro)
        yield per_label_table("tag", scores.scores, intervals and intervals.per_type)
        yield from confusion_lines(scores.confusions)

    def rows(self) -> Iterator[dict[str, Any]]:
        wrong = [[gold != pred for gold, pred in sample.pairs] for sample in self.samples]
        accuracy = [1 - sum(each) / len(each) for each in wrong]
        for i in np.lexsort(([-sum(each) for each in wrong], accuracy)):
            sample = self.samples[i]
            yield {
                "kind": self.attr,
                "document": sample.number,
                "accuracy": accuracy[i],
                "tokens": len(wrong[i]),
                "wrong": list(_wrong(sample)),
                "text": sample.doc.text,
            }


def _wrong(sample: Sample) -> Iterator[list[Any]]:
    """[first character, character after the last, gold tag, predicted tag or null, token]"""
    for token, gold, pred in zip(sample.doc, sample.gold_tags, sample.pred_tags):
        if gold and gold != pred:
            yield [token.idx, token.idx + len(token), gold, pred or None, token.text]
