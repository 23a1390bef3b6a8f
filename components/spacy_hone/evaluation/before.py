"""What a pipeline knew before and what it knows now: the forgetting table.

Labels are compared that the corpus annotates. Those that the old pipeline knows have a "before"; the others are new.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from rich.table import Table
from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors, HoneError
from .figures import counted
from .intervals import Comparison, paired_bootstrap
from .kind import Compared, Kind
from .predict import load_pipeline, predict_corpus
from .scores import Counts, prf, to_score
from .section import Counted, Section, Tags
from .tables import format_number, make_table


class Line(NamedTuple):
    """A row of the table.

    before, after: TP, FP, FN by document, shape (documents, 3); or by document and label, shape (documents, labels,
        3), for a macro score. before is None for what is new.
    comparison: after minus before; None if there is no before, or no resample was asked for.
    """

    name: str
    before: Counts | None
    after: Counts
    comparison: Comparison | None

    @property
    def difference(self) -> float | None:
        """Of F1."""
        return None if self.before is None else _scores(self.after)["f1"] - _scores(self.before)["f1"]

    def cells(self) -> tuple[str, ...]:
        """As it is printed."""
        before = None if self.before is None else _scores(self.before)["f1"]
        interval = self.comparison and " to ".join(f"{end:+.4f}" for end in self.comparison.interval)
        return (
            self.name,
            str(self.after[..., [0, 2]].sum()),
            format_number(before),
            format_number(_scores(self.after)["f1"]),
            "-" if self.difference is None else f"{self.difference:+.4f}",
            interval or "",
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "before": None if self.before is None else _scores(self.before),
            "after": _scores(self.after),
            "difference": self.difference,
            "interval": self.comparison and list(self.comparison.interval),
            "p_value": self.comparison and self.comparison.p_value,
        }


class Means(NamedTuple):
    """Scores of some labels together."""

    labels: Sequence[str]
    micro: Line
    macro: Line

    def to_json(self) -> dict[str, Any]:
        return {"labels": list(self.labels), "micro": self.micro.to_json(), "macro": self.macro.to_json()}


@dataclass(frozen=True, slots=True)
class Before:
    """The forgetting table of a section of the report: a section itself.

    of: the section. lines: one for each label that the corpus annotates, those first that the old pipeline knows.
    means: of these ("known"), and of the others ("new"); without those of which there are none.
    absent: labels that the old pipeline knows and the corpus has none of.
    """

    of: Section
    lines: Sequence[Line]
    means: Mapping[str, Means]
    absent: Sequence[str]

    @property
    def title(self) -> str:
        return f"Before and after: {self.of.title}"

    @property
    def path(self) -> tuple[str, ...]:
        return "before", *(self.of.path or ("entities",))

    @property
    def size(self) -> str:
        return ""

    @property
    def warnings(self) -> Sequence[str]:
        return ()

    @property
    def counted(self) -> None:
        return None

    @property
    def tokens(self) -> Mapping[int, Tags]:
        return {}

    def to_json(self) -> dict[str, Any]:
        return {
            "labels": {line.name: line.to_json() for line in self.lines},
            **{name: means.to_json() for name, means in self.means.items()},
            "not_in_corpus": list(self.absent),
        }

    def show(self) -> Iterator[Table | str]:
        columns = ("F1", "support", "before", "after", "difference", "95 % interval")
        means = [line for each in self.means.values() for line in (each.micro, each.macro)]
        yield make_table(columns, (line.cells() for line in (*self.lines, *means)))
        worse = [line.name for line in self.lines if line.comparison and line.comparison.interval.high < 0]
        if worse:
            yield f"Forgotten (the interval is below 0): {', '.join(worse)}"
        if self.absent:
            yield f"Known before, but not in the corpus, so not compared: {', '.join(self.absent)}"

    def rows(self) -> Iterator[dict[str, Any]]:
        yield from ()


class Old(NamedTuple):
    """A pipeline to compare with. kinds: what it may predict of that which is compared."""

    model: str
    nlp: Language
    kinds: Sequence[Kind]

    def report(
        self, golds: Sequence[Doc], sections: Mapping[str, Sequence[Section]], new: Compared, **options: Any
    ) -> list[Before]:
        """Predict a corpus, and make the forgetting tables of a report.

        golds: the corpus again, with this pipeline's vocabulary. sections: of the report on the new pipeline, by the
        place of their kind. new: what that predicts. options: of `predict`.

        Raises H620 if this pipeline knows none of the labels that are compared, H605 if it predicts nothing.
        """
        preds, _, found = predict_corpus(self.nlp, golds, self.kinds, **options)
        compared = Compared(self.nlp, golds, preds, 0, 0)
        tables = []
        for kind in found.kinds:
            before = [section.counted for section in kind.report(compared) if section.counted]
            knows = kind.predictable(self.nlp).union(*(each.predicted for each in before))
            after = [(each, each.counted) for each in sections.get(kind.where, ()) if each.counted]
            absent = sorted(knows.difference(*(counts.annotated for _, counts in after)))
            for section, counts in after:
                lines = _compare(counts, before, knows, new)
                tables.append(Before(section, lines, _group(lines, new), absent))
        if not any("known" in table.means for table in tables):
            known = {label for table in tables for label in table.absent}
            raise _strange(self.model, known, {line.name for table in tables for line in table.lines})
        return tables


def load_before(model: str, kinds: Sequence[Kind], golds: Sequence[Doc]) -> Old:
    """Load an old pipeline. kinds: what is compared. golds: the corpus.

    Raises HoneError: it cannot be loaded (H601, H602), or predicts nothing of what is compared (H620).
    """
    nlp = load_pipeline(model)
    silent = any(not nlp.get_pipe_meta(name).assigns for name in nlp.pipe_names)
    possible = [kind for kind in kinds if silent or kind.is_assigned(nlp)]
    if not possible:
        where = " or ".join(kind.where for kind in kinds)
        problem = f"none of its components ({', '.join(nlp.pipe_names) or 'none'}) sets {where}."
        raise HoneError(Errors.H620.format(model=model, problem=problem))
    pairs = [(kind.predictable(nlp), _annotated(kind, golds)) for kind in possible]
    if all(known and not known & found for known, found in pairs):
        raise _strange(model, *(set().union(*labels) for labels in zip(*pairs)))
    return Old(model, nlp, possible)


def _compare(after: Counted, before: Sequence[Counted], knows: set[str], new: Compared) -> list[Line]:
    """A line for each label that the corpus has. after, before: counts of both pipelines. knows: the old one's labels."""
    rows = np.array(after.numbers, dtype="int64")
    olds, news = (
        {label: counts[rows] for each in side for label, counts in each.by_label(len(new.golds)).items()}
        for side in (before, [after])
    )
    known = [label for label in after.annotated if label in knows and label in olds]
    others = [label for label in after.annotated if label not in known]
    lines = [_line(label, olds[label], news[label], new) for label in known]
    return lines + [_line(label, None, news[label], new) for label in others]


def _group(lines: Sequence[Line], new: Compared) -> dict[str, Means]:
    """Means over the lines with a "before", and over the others."""
    known = [line for line in lines if line.before is not None]
    groups = {"known": known, "new": [line for line in lines if line.before is None]}
    return {name: _means(name, group, new) for name, group in groups.items() if group}


def _means(name: str, lines: Sequence[Line], new: Compared) -> Means:
    before = [line.before for line in lines if line.before is not None]
    early, late = (
        np.stack(before, axis=1) if before else None,
        np.stack([line.after for line in lines], axis=1),
    )
    micro = _line(f"micro ({len(lines)} {name})", None if early is None else early.sum(1), late.sum(1), new)
    macro = _line(f"macro ({len(lines)} {name})", early, late, new)
    return Means([line.name for line in lines], micro, macro)


def _line(name: str, before: Counts | None, after: Counts, new: Compared) -> Line:
    if before is None or not new.bootstrap:
        return Line(name, before, after, None)
    return Line(name, before, after, paired_bootstrap(before, after, new.bootstrap, new.seed))


def _scores(counts: Counts) -> dict[str, Any]:
    """Of one label (or of several in one pot) with the counts; of several the mean."""
    total = counts.sum(0)
    return counted(total) if counts.ndim == 2 else to_score(prf(total).mean(0))._asdict()


def _annotated(kind: Kind, golds: Sequence[Doc]) -> set[str]:
    return {label for doc in golds if kind.is_gold(doc) for label in kind.labels(doc)}


def _strange(model: str, known: Iterable[str], found: Iterable[str]) -> HoneError:
    texts = (", ".join(sorted(labels)) or "none" for labels in (known, found))
    problem = "it knows {} while the corpus has {}: no label in common.".format(*texts)
    return HoneError(Errors.H620.format(model=model, problem=problem))
