"""What a trained pipeline says of its teacher and its predecessors: nothing, and it can be trained again."""

import pytest
from thinc.api import Config

from spacy_hone.teachers.left_behind import strip_config
from spacy_hone.teachers.references import references, referred
from spacy_hone.training.config_text import to_text

TEACHER = """
[paths]
train = "train.spacy"
teacher = "/home/ann/teacher"
other = "/home/ann/other"
unused = "/home/ann/teacher"

[nlp]
lang = "en"

[corpora]

[corpora.train]
path = ${paths.train}

[initialize]

[initialize.components]

[initialize.components.ner]
labels = ["PER"]
init_from = ${paths.teacher}

[initialize.components.ner.teacher]
@misc = "hone.EnsembleTeacher.v1"

[initialize.components.ner.teacher.*.one]
@misc = "hone.PipelineTeacher.v1"
model = ${paths.teacher}

[initialize.components.ner.teacher.*.two]
@misc = "hone.PipelineTeacher.v1"
model = ${paths.other}
"""
SEVERAL = """
[initialize.before_init]
@callbacks = "hone.Callbacks.v1"

[initialize.before_init.*.check]
@callbacks = "hone.CheckCorpora.v1"

[initialize.before_init.*.encoder]
@callbacks = "hone.CopyEncoder.v1"
path = "/home/ann/teacher"

[initialize.before_init.*.copy]
@callbacks = "spacy.copy_from_base_model.v1"
vocab = ${paths.teacher}
"""
ONE = """
[initialize.before_init]
@callbacks = "hone.CopyEncoder.v1"
path = ${paths.teacher}
"""
CHECK = {"@callbacks": "hone.CheckCorpora.v1"}


@pytest.mark.parametrize(
    ("callbacks", "left"),
    [
        ("", None),
        (ONE, None),
        (SEVERAL, {"@callbacks": "hone.Callbacks.v1", "*": {"check": CHECK}}),
    ],
)
def test_neither_blocks_nor_callbacks_nor_paths_are_left(callbacks, left):
    config = Config().from_str(TEACHER + callbacks, interpolate=False)
    assert strip_config(config)
    assert config["initialize"].get("before_init") == left
    assert config["initialize"]["components"] == {"ner": {"labels": ["PER"]}}
    assert config["paths"] == {"train": "train.spacy", "teacher": None, "other": None, "unused": None}
    assert "/home/ann" not in to_text(config)
    assert not strip_config(config)


def test_a_path_that_something_else_reads_stays():
    text = TEACHER.replace("path = ${paths.train}", "path = ${paths.teacher}")
    config = Config().from_str(text, interpolate=False)
    strip_config(config)
    assert config["paths"]["teacher"] == "/home/ann/teacher"
    assert config["paths"]["other"] is None and config["paths"]["train"] is None


def test_a_path_that_a_path_was_made_of_goes_too():
    text = TEACHER.replace(
        'teacher = "/home/ann/teacher"', 'teacher = "${paths.home}/teacher"\nhome = "/home/ann"'
    )
    config = Config().from_str(text, interpolate=False)
    strip_config(config)
    assert config["paths"]["teacher"] is None and config["paths"]["home"] is None


def test_what_something_else_refers_to_stays():
    """So that what is saved can be loaded."""
    text = TEACHER.replace(
        "path = ${paths.train}", "path = ${paths.data.train}\nold = ${initialize.components.ner.init_from}"
    )
    config = Config().from_str(text + '\n[paths.data]\ntrain = "x"\n', interpolate=False)
    assert strip_config(config)
    assert config["initialize"]["components"]["ner"] == {"labels": ["PER"], "init_from": "${paths.teacher}"}
    assert config["paths"]["data"] == {"train": "x"}
    assert config.interpolate()["corpora"]["train"] == {"path": "x", "old": "/home/ann/teacher"}


def test_components_of_others_keep_theirs():
    factory = '\n[components]\n\n[components.ner]\nfactory = "theirs"\n'
    config = Config().from_str(TEACHER + factory, interpolate=False)
    assert not strip_config(config) and "teacher" in config["initialize"]["components"]["ner"]
    config["components"]["ner"]["factory"] = "hone_ner"
    assert strip_config(config)


def test_without_a_teacher_nothing_is_touched():
    text = '[paths]\ntrain = null\nunused = "x"\n\n[initialize]\nbefore_init = null\n'
    config = Config().from_str(text, interpolate=False)
    assert not strip_config(config)
    assert config == Config().from_str(text, interpolate=False)


def test_what_is_referred_to():
    config = {"a": {"b": ["${paths.x}/y", {"c": "${vars:z}"}], "d": 1}, "vars": {"z": 2, "dead": 3}}
    assert references(config) == {"paths.x", "vars.z"}
    assert referred("vars", config) == {"z": 2}


def test_sections_are_written_with_their_parts():
    config = Config().from_str(TEACHER + SEVERAL, interpolate=False)
    config["vars"] = {"tag": "PRP$"}
    text = to_text(config)
    headers = [line[1:-1] for line in text.splitlines() if line.startswith("[")]
    assert headers[:5] == ["paths", "vars", "nlp", "corpora", "corpora.train"]
    assert headers[5] == "initialize"
    at = headers.index("initialize.components")
    assert headers[at : at + 3] == [
        "initialize.components",
        "initialize.components.ner",
        "initialize.components.ner.teacher",
    ]
    assert 'tag = "PRP$"' in text
    assert len(headers) == len(set(headers))
