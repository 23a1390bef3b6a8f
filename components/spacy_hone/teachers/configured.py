"""The teacher and the texts that a training config names."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from sys import maxsize
from typing import Any

from spacy.language import DEFAULT_CONFIG, Language
from spacy.tokens import Doc
from spacy.util import load_config, load_model_from_config, registry
from thinc.api import Config

from ..errors import Errors, HoneError
from .base import Task, Teacher
from .cache import CachedTeacher
from .texts import read_texts

# What a student is, where its labels are not known yet.
STUDENTS = {
    "hone_ner": Task("tags", True, [], "BIO"),
    "hone_transition_ner": Task("tags", True, [], "BIO"),
    "hone_tagger": Task("tags", True, []),
    "hone_textcat": Task("categories", True, []),
    "hone_textcat_multilabel": Task("categories", False, []),
}


def read_config(path: Path | None, overrides: Mapping[str, Any]) -> Config:
    """Read a training config, with spaCy's defaults. Raises H939 if it cannot be read.

    path: None: an empty config.
    overrides: values that replace those of the file, by dotted name, "paths.train".
    """
    if path is None:
        return Config()
    try:
        config = load_config(path, overrides=dict(overrides))
        return DEFAULT_CONFIG.merge(config).interpolate()
    except (OSError, ValueError) as error:
        raise HoneError(Errors.H939.format(path=path, problem=error)) from error


def find_teacher(config: Config, path: Path | None, component: str | None = None) -> Teacher:
    """Build the teacher that stands in [initialize.components]; of a cached one, the teacher that is cached.

    path: where the config is from.
    component: the student; None: the only one with a teacher.

    Raises H937 if there is none, or several, H939 if its block is at fault, and the errors of building it.
    """
    blocks = config.get("initialize", {}).get("components", {})
    teachers = {name: block["teacher"] for name, block in blocks.items() if block.get("teacher")}
    chosen = [name for name in teachers if component in (name, None)]
    if len(chosen) != 1:
        what = f"no component{f' {component!r}' if component else ''}" if not chosen else "several components"
        names = f": {', '.join(teachers)}" if teachers else ""
        raise HoneError(Errors.H937.format(config=path, found=what, names=names))
    try:
        teacher = registry.resolve({"teacher": teachers[chosen[0]]})["teacher"]
    except HoneError:
        raise
    except ValueError as error:
        raise HoneError(Errors.H939.format(path=path, problem=error)) from error
    if isinstance(teacher, CachedTeacher):
        teacher = teacher.teacher
    if teacher is None:
        names = f": the teacher of {chosen[0]} is a cache without `teacher`"
        raise HoneError(Errors.H937.format(config=path, found="no component", names=names))
    student = STUDENTS.get(config["components"].get(chosen[0], {}).get("factory"))
    if student is not None:
        teacher.choose(student)
    return teacher


def choose_corpora(config: Config, names: Sequence[str]) -> list[str]:
    """The corpora that are asked for, or else the training corpus of the config.

    Raises H938 for one that is nowhere, or if there is none.
    """
    named = config.get("corpora", {})
    ours = config.get("training", {}).get("train_corpus", "").removeprefix("corpora.")
    problem = "" if names or ours else "It is not said which texts the teacher is asked about"
    for name in names:
        if name not in named and not Path(name).exists():
            problem = f"--corpus {name}: neither a file nor a corpus of the config"
    if not names and ours and ours not in named:
        problem = f"[training] train_corpus names {ours!r}, which is no corpus of the config"
    if problem:
        raise HoneError(Errors.H938.format(problem=problem, corpora=", ".join(named) or "none"))
    return list(names) or [ours]


def stream_texts(config: Config, corpora: Sequence[str], nlp: Language) -> Iterator[Doc | str]:
    """Stream what corpora that the config names hold, as training reads them, and what files hold.

    nlp: makes the student's documents.
    Raises H940 if a corpus of the config cannot be read; for files: see `read_texts`.
    """
    for name in corpora:
        if name not in config.get("corpora", {}):
            yield from read_texts(Path(name), nlp.vocab)
            continue
        try:
            reader = registry.resolve({"corpus": config["corpora"][name]})["corpus"]
            for example in reader(nlp):
                yield example.predicted
        except HoneError:
            raise
        except (OSError, ValueError) as error:
            raise HoneError(Errors.H940.format(corpus=name, problem=error)) from error


def make_tokenizer(config: Config) -> Language:
    """The pipeline of a config without its components, which makes the student's documents; of no language if the
    config is empty."""
    settings = {"lang": "xx", **config.get("nlp", {}), "pipeline": [], "disabled": []}
    nlp = load_model_from_config(Config({"nlp": settings}), auto_fill=True)
    nlp.max_length = maxsize  # it bounds the memory of parsers
    return nlp
