"""Teachers and their students: trained, and timed in prediction and in training."""

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import spacy
from harness.data import Part
from harness.data_sets import DATA_SETS
from harness.judging import judge, with_questions
from harness.readers import ROOT
from harness.results import Record
from harness.students import TEACHER, VARIANTS, Student, Study, make_lesson
from harness.tasks import READERS
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training.initialize import init_nlp
from thinc.api import Config

from peers.outcome import Settings
from peers.pipelines import make_config, predict, train_to_end, use_gpu_if_any, write_docs
from peers.speed import Step, step_of
from spacy_hone.teachers.fill import fill
from spacy_hone.teachers.pipeline import make_pipeline_teacher
from spacy_hone.teachers.store import Header, Store

# where no config is written for the shape, the data set's own is changed
CONFIGS = {
    ("layers", "ents"): "ner_student_layers.cfg",
    ("cnn", "ents"): "ner_student_cnn.cfg",
    ("cnn", "cats"): "textcat_student_cnn.cfg",
}


class Case:
    """One part of a study with one seed. folder: keeps the teacher, and what it says of the training texts."""

    def __init__(self, study: Study, part: Part, seed: int, folder: Path):
        self.study, self.part, self.seed, self.folder = study, part, seed, folder
        self.lesson = make_lesson(study, part)
        folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def teacher(self) -> Path:
        """The trained teacher, which is trained if it is not there yet."""
        path = self.folder / TEACHER
        if not path.exists():
            data = self.study.source or self.study.data
            settings = Settings(data, *self.study.teacher, self.seed, dict(DATA_SETS[data].changes))
            source = ROOT / "configs" / DATA_SETS[data].config
            with TemporaryDirectory(dir=self.folder) as folder:
                nlp = train_to_end(make_config(source, self.lesson.teacher, settings, Path(folder)))
                nlp.to_disk(Path(folder) / TEACHER)
                (Path(folder) / TEACHER).rename(path)
        return path

    @cached_property
    def cache(self) -> Path:
        """What the teacher says of all texts, with its vectors."""
        path, teacher = self.folder / "teacher.sqlite", make_pipeline_teacher(str(self.teacher))
        docs = [*self.lesson.annotated, *self.lesson.texts]
        with Store.create(path, Header.of(teacher)) as store:
            fill(store, teacher, docs, spacy.blank("en"), vectors=True)
        return path

    @cached_property
    def labels(self) -> list[str]:
        """The teacher's, then those of the annotation: a student of a teacher that knows other labels has both."""
        teacher: Any = make_pipeline_teacher(str(self.teacher))
        read = READERS[DATA_SETS[self.study.data].task]
        own = sorted({label for doc in self.lesson.annotated for *_, label in read(doc)})
        return list(dict.fromkeys([*teacher.nlp.get_pipe(teacher.name).labels, *own]))


def run_student(variant: str, case: Case) -> Record:
    """Train one of the students, or take the teacher, and test it."""
    config = student_config(variant, case) if variant != TEACHER else None
    start = time.perf_counter()
    nlp = train_to_end(config) if config else spacy.load(case.teacher)
    seconds = time.perf_counter() - start
    asked = with_questions(case.part, case.study.data)
    record = judge(asked.test, list(predict(nlp, asked.test)), part=case.part, data=case.study.data)
    return record | {"seconds": round(seconds, 1)}


def student_config(variant: str, case: Case) -> Config:
    """The config of a student; the cache that it reads is filled."""
    study, student = case.study, VARIANTS[variant]
    data_set = DATA_SETS[study.data]
    settings = Settings(study.data, *study.course(variant), case.seed, dict(data_set.changes))
    source = ROOT / "configs" / CONFIGS.get((student.shape, data_set.task), data_set.config)
    config = make_config(source, case.lesson.annotated, settings, case.folder)
    name = config["nlp"]["pipeline"][-1]
    if student.shape == "layers":
        config["components"]["transformer"]["model"]["keep_layers"] = list(study.keep)
    _set_loss(config["components"][name], student)
    _set_start(config, name, student, case)
    if student.texts:
        config["corpora"]["train"] = _with_texts(case)
    return config


def _set_loss(component: dict[str, Any], student: Student) -> None:
    loss = component["loss"]
    hard = loss.get("hard", loss)
    taught = {"alpha": 0.5, "temperature": 2.0, "labels": student.columns, "hard": hard}
    component["loss"] = {"@losses": "hone.Distillation.v1", **taught} if student.taught else hard


def _set_start(config: Config, name: str, student: Student, case: Case) -> None:
    """The blocks of [initialize] that a teacher is named in, or none of them."""
    settings: dict[str, Any] = {}
    callbacks: dict[str, Any] = {"check": {"@callbacks": "hone.CheckCorpora.v1"}}
    if student.begun:
        settings["init_from"] = str(case.teacher)
        callbacks["encoder"] = {"@callbacks": "hone.CopyEncoder.v1", "path": str(case.teacher)}
    if student.taught:
        settings["teacher"] = {"@misc": "hone.CachedTeacher.v1", "path": str(case.cache)}
        if case.study.source:
            settings["labels"] = case.labels
    if student.vectors:
        settings["vectors"] = {"@misc": "hone.TeacherVectors.v1", "kind": "cosine"}
    config["initialize"]["components"] = {name: settings}
    config["initialize"]["before_init"] = {"@callbacks": "hone.Callbacks.v1", "*": callbacks}


def _with_texts(case: Case) -> dict[str, Any]:
    bare = (
        Doc(doc.vocab, [t.text for t in doc], [bool(t.whitespace_) for t in doc]) for doc in case.lesson.texts
    )
    paths = {"annotated": "${paths.train}", "texts": str(write_docs(bare, case.folder / "texts.spacy"))}
    readers = {name: {"@readers": "hone.Corpus.v1", "path": path} for name, path in paths.items()}
    return {"@readers": "hone.Corpora.v1", "*": readers}


def make_predictors(case: Case) -> dict[str, Callable[[Sequence[str]], object]]:
    """The teacher and a student of each shape, as functions of texts."""
    shapes = {VARIANTS[variant].shape for variant in case.study.variants}
    pipelines = {shape: train_to_end(student_config(shape, case)) for shape in sorted(shapes)}
    return {name: _reader(nlp) for name, nlp in {TEACHER: spacy.load(case.teacher), **pipelines}.items()}


def _reader(nlp: Language) -> Callable[[Sequence[str]], object]:
    def read(texts: Sequence[str]) -> int:
        return sum(len(doc) for doc in nlp.pipe(texts, batch_size=64))

    return read


def make_steps(case: Case, variants: Sequence[str]) -> dict[str, Step]:
    """One update of each student with a batch of documents."""
    device = use_gpu_if_any()
    return {
        variant: step_of(init_nlp(student_config(variant, case), use_gpu=device), case.lesson.annotated)
        for variant in variants
    }
