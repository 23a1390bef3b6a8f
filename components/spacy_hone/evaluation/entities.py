"""The report on entities."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from rich.table import Table
from spacy.language import Language
from spacy.tokens import Doc, Span

from .figures import counted, per_label, scorers
from .kind import Compared, Kind
from .samples import Entity, Sample, get_spans, is_annotated
from .scores import prf, to_score
from .section import Counted
from .summary import Summary, summarise
from .tables import format_number, overall_table, per_label_table, scorers_table


@dataclass(frozen=True, slots=True)
class Entities:
    """summary: what was compared, and how it came out. numbers: the documents' places in the corpus, from 0."""

    summary: Summary
    numbers: Sequence[int]

    @property
    def title(self) -> str:
        return "Entities"

    @property
    def path(self) -> tuple[str, ...]:
        return ()

    @property
    def warnings(self) -> Sequence[str]:
        return self.summary.warnings

    @property
    def size(self) -> str:
        return f"{int(self.summary.scores.counts[..., [0, 2]].sum()):,} entities"

    @property
    def counted(self) -> Counted:
        return Counted(self.numbers, self.summary.scores)

    @property
    def tokens(self) -> Mapping[int, Sample]:
        return dict(zip(self.numbers, self.summary.samples))

    def to_json(self) -> dict[str, Any]:
        summary, scores, intervals = self.summary, self.summary.scores, self.summary.intervals
        return {
            "documents": len(summary.samples),
            "micro": counted(scores.counts.sum((0, 1))),
            "interval": intervals and list(intervals.micro),
            "macro": scores.macro._asdict(),
            "macro_interval": intervals and list(intervals.macro),
            "per_type": per_label(scores, intervals and intervals.per_type),
            "ignored_predictions": self._ignored,
            "token_accuracy": summary.tokens._asdict(),
            "calibration_error": summary.calibration_error,
            "scorers": scorers(summary.peers, scores),
        }

    def show(self) -> Iterator[Table | str]:
        scores, intervals = self.summary.scores, self.summary.intervals
        micro, macro = (intervals.micro, intervals.macro) if intervals else (None, None)
        yield overall_table("strict", "types", scores, micro, macro)
        yield per_label_table("type", scores, intervals and intervals.per_type)
        yield scorers_table("spacy-hone (strict)", scores, self.summary.peers)
        accuracy, always_o, tokens = self.summary.tokens
        yield (
            f"Token accuracy {accuracy:.4f} (IOB2 tags of {tokens:,} annotated tokens, whitespace left out; "
            f"always O: {always_o:.4f})"
        )
        if self.summary.calibration_error is not None:
            error = format_number(self.summary.calibration_error)
            yield f"Expected calibration error {error} (15 bins; confidence of each entity found against its being right)"
        if self._ignored:
            yield f"{self._ignored:,} predictions touch tokens without annotation and are not counted."

    def rows(self) -> Iterator[dict[str, Any]]:
        """Lowest F1 first, then most errors; documents with nothing to find and nothing found have `"f1": null`
        and come last."""
        counts = self.summary.scores.counts.sum(1)
        scores = prf(counts)
        errors = counts[:, 1:].sum(1)
        empty = counts.sum(1) == 0
        for i in np.lexsort((-errors, scores[:, 2], empty)):
            sample, (tp, fp, fn) = self.summary.samples[i], map(int, counts[i])
            score = (
                dict.fromkeys(("precision", "recall", "f1")) if empty[i] else to_score(scores[i])._asdict()
            )
            row = {"document": int(self.numbers[i]), **score, "tp": tp, "fp": fp, "fn": fn}
            row |= {"missed": _texts(sample, sample.gold - sample.pred)}
            yield row | {"spurious": _texts(sample, sample.pred - sample.gold), "text": sample.doc.text}

    @property
    def _ignored(self) -> int:
        return sum(sample.ignored for sample in self.summary.samples)


def _texts(sample: Sample, entities: set[Entity] | frozenset[Entity]) -> list[list[Any]]:
    return [[start, end, label, sample.doc.text[start:end]] for start, end, label in sorted(entities)]


def make_entities(spans_key: str | None) -> Kind:
    """Entities as a kind of annotation. spans_key: `doc.spans[spans_key]` instead of `doc.ents`."""
    assigns = "doc.ents" if spans_key is None else "doc.spans"

    def predictable(nlp: Language) -> set[str]:
        names = [name for name in nlp.pipe_names if assigns in nlp.get_pipe_meta(name).assigns]
        return {label for name in names for label in nlp.pipe_labels.get(name, ())}

    return Kind(
        where="doc.ents" if spans_key is None else f"doc.spans[{spans_key!r}]",
        unit="entities",
        assigns=assigns,
        is_gold=partial(is_annotated, spans_key=spans_key),
        is_found=lambda doc: bool(doc.ents) if spans_key is None else spans_key in doc.spans,
        labels=lambda doc: (span.label_ for span in get_spans(doc, spans_key)),
        predictable=predictable,
        copy=partial(_copy, spans_key=spans_key),
        report=partial(_report, spans_key=spans_key),
        may_be_empty=spans_key is None,
        is_required=spans_key is not None,
    )


def _copy(source: Doc, target: Doc, spans_key: str | None) -> None:
    found = list(get_spans(source, spans_key))
    spans = [Span(target, span.start, span.end, span.label) for span in found]
    if spans_key is None:
        target.set_ents(spans)
    else:
        target.spans[spans_key] = spans
    if Span.has_extension("confidence"):
        for span, original in zip(spans, found):
            span._.confidence = original._.confidence


def _report(compared: Compared, spans_key: str | None) -> list[Entities]:
    _, golds, preds, bootstrap, seed = compared
    numbers = [i for i, doc in enumerate(golds) if is_annotated(doc, spans_key)]
    summary = summarise(
        [golds[i] for i in numbers],
        [preds[i] for i in numbers],
        spans_key=spans_key,
        bootstrap=bootstrap,
        seed=seed,
    )
    return [Entities(summary, numbers)]
