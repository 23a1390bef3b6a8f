"""What students learn from and how they are trained, as tables; and the tables of what came of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any, Literal, NamedTuple

from spacy.tokens import Doc

from harness.data import Part, fold_parts, load, split_part
from harness.judging import unpack_scores
from harness.ner_tables import compare, f1_by_seed
from harness.quality_tables import spread
from harness.results import Record, markdown
from spacy_hone.evaluation.intervals import Comparison

Shape = Literal["layers", "cnn"]
TEACHER = "teacher"
N_TEXTS = 500  # of another data set, without annotation


class Course(NamedTuple):
    """updates: optimiser steps. learn_rate: peak rate, after 10 % warm-up, then linear to 0."""

    updates: int
    learn_rate: float


@dataclass(frozen=True)
class Student:
    """shape: "layers" (every second layer of the teacher's encoder) or "cnn" (spaCy's).
    begun: with the teacher's weights, not the pretrained ones. taught: by hone.Distillation.v1.
    texts: without annotation, too. vectors: the teacher's are learned, too. columns: `labels` of the loss.
    """

    shape: Shape
    begun: bool = False
    taught: bool = False
    texts: bool = False
    vectors: bool = False
    columns: Literal["teacher", "all"] = "teacher"


VARIANTS = {
    "layers": Student("layers"),
    "layers, begun": Student("layers", begun=True),
    "layers, taught": Student("layers", begun=True, taught=True),
    "layers, taught, vectors": Student("layers", begun=True, taught=True, vectors=True),
    "layers, taught, texts": Student("layers", begun=True, taught=True, texts=True),
    "cnn": Student("cnn"),
    "cnn, taught": Student("cnn", taught=True),
    "cnn, taught, vectors": Student("cnn", taught=True, vectors=True),
    "cnn, taught, texts": Student("cnn", taught=True, texts=True),
    "cnn, taught, all columns": Student("cnn", taught=True, columns="all"),
}


@dataclass(frozen=True)
class Study:
    """data: the students' data set, in so many folds; 0: its official parts.
    situation: what there is to learn from, for the table. variants: the students, with commas in their names.
    source: the teacher's data set, if it is another one; else it learns from the same annotation as the students.
    every: of the training documents each so-manieth is annotated. texts: those without annotation: "rest", of the
    training documents, or of another data set. scored: labels that count; none: all.
    keep: layers of the encoder that a student with fewer has. beside: the study that has the untaught students.
    """

    data: str
    situation: str
    variants: tuple[str, ...]
    teacher: Course
    layers: Course
    cnn: Course
    folds: int = 0
    source: str = ""
    every: int = 1
    texts: str = ""
    scored: tuple[str, ...] = ()
    keep: tuple[int, ...] = (0, 2, 4)
    beside: str = ""

    def course(self, variant: str) -> Course:
        """How a student, or the teacher, is trained."""
        return self.teacher if variant == TEACHER else getattr(self, VARIANTS[variant].shape)

    def with_updates(self, updates: int) -> "Study":
        """The same, all trained for so long."""
        courses: dict[str, Any] = {
            name: getattr(self, name)._replace(updates=updates) for name in ("teacher", "layers", "cnn")
        }
        return replace(self, **courses)


TEXTS = ("layers, taught", "layers, taught, texts", "cnn", "cnn, taught", "cnn, taught, texts")
FOOD = (
    "FOOD", "QUANTITY", "UNIT", "PROCESS", "PHYSICAL_QUALITY", "COLOR", "TASTE", "PURPOSE", "PART",
)  # fmt: skip
DATA = {
    "tasteset": Study(
        "tasteset",
        "all labels; text of another kind",
        (
            *("layers", "layers, begun", "layers, taught", "layers, taught, vectors"),
            *("cnn", "cnn, taught", "cnn, taught, vectors", "cnn, taught, texts"),
        ),
        teacher=Course(180, 2e-4),
        layers=Course(180, 2e-4),
        cnn=Course(1000, 1e-3),
        folds=5,
        texts="cooking",
    ),
    "tasteset, few": Study(
        "tasteset",
        "1 recipe in 8 annotated; text: the other 7",
        ("layers", *TEXTS),
        teacher=Course(120, 2e-4),
        layers=Course(120, 2e-4),
        cnn=Course(600, 1e-3),
        folds=5,
        every=8,
        texts="rest",
    ),
    "tasteset, new": Study(
        "tasteset",
        "all labels; the teacher knows those of WNUT-17 only",
        ("layers, taught", "cnn, taught", "cnn, taught, all columns"),
        teacher=Course(180, 3e-4),
        layers=Course(180, 2e-4),
        cnn=Course(1000, 1e-3),
        folds=5,
        source="wnut17",
        scored=FOOD,
        beside="tasteset",
    ),
    "banking77": Study(
        "banking77",
        "all labels",
        ("layers", "layers, begun", "layers, taught", "layers, taught, vectors", "cnn", "cnn, taught"),
        teacher=Course(600, 3e-4),
        layers=Course(600, 3e-4),
        cnn=Course(2000, 1e-3),
    ),
    "banking77, few": Study(
        "banking77",
        "1 text in 13 annotated (10 a label); text: the others",
        ("layers", *TEXTS),
        teacher=Course(300, 3e-4),
        layers=Course(300, 3e-4),
        cnn=Course(1500, 1e-3),
        every=13,
        texts="rest",
    ),
    "legal": Study(
        "legal",
        "all labels",
        ("layers", "layers, begun", "layers, taught", "layers, taught, vectors", "cnn", "cnn, taught"),
        teacher=Course(300, 3e-4),
        layers=Course(300, 3e-4),
        cnn=Course(1000, 1e-3),
        scored=("legal",),
        keep=(0, 2),
    ),
}


@dataclass(frozen=True)
class Lesson:
    """teacher: documents that it is trained on. annotated: those that the students are. texts: without annotation."""

    teacher: list[Doc]
    annotated: list[Doc]
    texts: list[Doc] = field(default_factory=list)


def parts_of(study: Study) -> list[Part]:
    """What the students are trained and tested on."""
    return list(fold_parts(study.data, study.folds)) if study.folds else [split_part(study.data, "official")]


def make_lesson(study: Study, part: Part) -> Lesson:
    """Divide the training documents of a part."""
    annotated = part.train[:: study.every]
    teacher = load(study.source)[0] if study.source else annotated
    if study.texts == "rest":
        return Lesson(teacher, annotated, [doc for i, doc in enumerate(part.train) if i % study.every])
    return Lesson(teacher, annotated, load(study.texts)[0][:N_TEXTS] if study.texts else [])


QUALITY = (
    "data", "student", "updates", "rate", "runs", "F1 (sd of seeds)", "minus its teacher, 95 %",
    "minus the same without one, 95 %", "minus the same with its weights only, 95 %",
)  # fmt: skip
BENEFIT = ("data", "there is", "student", "F1 without a teacher", "F1 with it", "difference, 95 %", "it")
SPEED = ("data", "pipeline", "rounds", "words/s", "times the teacher")
COST = ("data", "student", "blocks", "ms an update", "times the same without a teacher")


class Results:
    """All records of the result file; runs by study, student and course."""

    def __init__(self, records: Iterable[Record]):
        self.kinds: dict[str, list[Record]] = defaultdict(list)
        self.runs: dict[tuple[str, str, Course], list[Record]] = defaultdict(list)
        for record in records:
            self.kinds[record["kind"]].append(record)
            if record["kind"] == "quality":
                study, student = record["study"], record["student"]
                course = Course(record["updates"], record["learn_rate"])
                self.runs[study, student, course].append(
                    record | {"documents": documents(DATA[study], record)}
                )

    def untaught(self, study: str, student: str, course: Course, start: str = "") -> list[Record]:
        """The runs of the student of this shape, and as long, that is not taught. start: ", begun": but has begun with
        the teacher's weights."""
        other = VARIANTS[student].shape + start if student != TEACHER else ""
        found = self.runs.get((DATA[study].beside or study, other, course), [])
        return found if student != other else []

    def begun(self, study: str, student: str, course: Course) -> list[Record]:
        """The runs of the student that has its teacher's weights to begin with, as this one has, and no more of it."""
        is_more = student != TEACHER and VARIANTS[student].begun and not DATA[study].beside
        return self.untaught(study, student, course, ", begun") if is_more else []

    def teacher(self, study: str, student: str, runs: Sequence[Record]) -> list[Record]:
        """The runs of the teacher of a student."""
        updates = {run.get("teacher_updates") for run in runs}
        return [
            run
            for (name, other, course), found in self.runs.items()
            if student != TEACHER and (name, other) == (study, TEACHER) and course.updates in updates
            for run in found
        ]

    def quality_table(self) -> str:
        """One row for the runs that differ in fold and seed only."""
        rows = []
        for (study, student, course), runs in self.runs.items():
            name = study, student, course
            others = (self.teacher(study, student, runs), self.untaught(*name), self.begun(*name))
            differences = [describe(difference(runs, other)) for other in others]
            rate, f1 = f"{course.learn_rate:g}", spread(f1_by_seed(runs))
            rows.append([study, student, course.updates, rate, len(runs), f1, *differences])
        return markdown(QUALITY, rows)

    def benefit_table(self) -> str:
        """When a teacher helps, and when it hurts; its weights alone among them."""
        rows = []
        for (study, student, course), runs in self.runs.items():
            base = self.untaught(study, student, course)
            result = difference(runs, base)
            if result is None:
                continue
            f1 = [spread(f1_by_seed(same_runs(*pair)[0])) for pair in ((base, runs), (runs, base))]
            row = [study, DATA[study].situation, student, *f1, describe(result), verdict(result)]
            rows.append(row)
        return markdown(BENEFIT, rows)

    def speed_table(self) -> str:
        """Median words/s of each pipeline; ratios are taken within a round."""
        speeds: dict[tuple[str, str], list[float]] = defaultdict(list)
        for record in self.kinds["speed"]:
            speeds[record["study"], record["student"]].append(record["words"] / record["seconds"])
        rows = []
        for (study, student), values in speeds.items():
            ratio = median_ratio(values, speeds[study, TEACHER])
            rows.append((study, student, len(values), f"{median(values):,.0f}", f"{ratio:.2f}"))
        return markdown(SPEED, rows)

    def cost_table(self) -> str:
        """Median time of an update, with a teacher that is read from a warm cache and without one; ratios are taken
        within a round: the same batches in the same minute."""
        times: dict[tuple[str, str], list[float]] = defaultdict(list)
        for record in self.kinds["cost"]:
            times[record["study"], record["student"]].append(1000 * record["seconds"] / record["updates"])
        rows = []
        for (study, student), values in times.items():
            ratio = median_ratio(values, times[study, VARIANTS[student].shape])
            rows.append((study, student, len(values), f"{median(values):.1f}", f"{ratio:.2f}"))
        return markdown(COST, rows)


def median_ratio(values: Sequence[float], base: Sequence[float]) -> float:
    """Of what was measured in turns, round by round; of the medians where a series was broken off within a round."""
    if len(values) != len(base):
        return median(values) / median(base)
    return median(value / other for value, other in zip(values, base))


def documents(study: Study, record: Record) -> list[list[int]]:
    """TP, FP and FN of each test document over the labels that count."""
    scores = unpack_scores(record)
    chosen = [i for i, label in enumerate(scores.labels) if label in (study.scored or scores.labels)]
    return scores.counts[:, chosen].sum(1).tolist()


def same_runs(runs: Sequence[Record], other: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """Those of the parts and seeds that both have."""
    keys = [{(run["part"], run["seed"]) for run in each} for each in (runs, other)]
    both = keys[0] & keys[1]
    ours, theirs = ([run for run in each if (run["part"], run["seed"]) in both] for each in (runs, other))
    return ours, theirs


def difference(runs: Sequence[Record], other: Sequence[Record]) -> Comparison | None:
    """F1 of `runs` minus that of `other`, documents drawn in pairs; None where there is nothing to compare."""
    ours, theirs = same_runs(runs, other)
    return compare(ours, theirs) if ours else None


def describe(result: Comparison | None) -> str:
    """A difference with its interval."""
    if result is None:
        return ""
    low, high = result.interval
    return f"{result.difference:+.4f}, {low:+.4f} to {high:+.4f}"


def verdict(result: Comparison) -> str:
    """What a teacher does, where the interval says it."""
    low, high = result.interval
    return "helps" if low > 0 else "hurts" if high < 0 else "is open"
