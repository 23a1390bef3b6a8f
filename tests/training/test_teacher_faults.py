"""What is wrong with a teacher is said before the first update, by every component that takes one."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import DummyTokenizer, load_config
from thinc.api import ConfigValidationError

from spacy_hone.errors import HoneError
from spacy_hone.teachers.fill import fill
from spacy_hone.teachers.pipeline import make_pipeline_teacher
from spacy_hone.teachers.store import Header, Store

CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 8,
    "depth": 1,
    "embed_size": 50,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
}
PARSER = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 8,
    "maxout_pieces": 2,
    "use_upper": True,
    "tok2vec": CNN,
}
TOKENS = {"@architectures": "hone.TokenClassifier.v1", "tok2vec": CNN}
TEXTS = {"@architectures": "hone.TextClassifier.v1", "tok2vec": CNN}
MODELS = {
    "hone_ner": TOKENS,
    "hone_tagger": TOKENS,
    "hone_transition_ner": PARSER,
    "hone_textcat": TEXTS,
    "hone_textcat_multilabel": TEXTS,
}
LOSS = {"@losses": "hone.Distillation.v1"}
WORDS = ["Ann", "saw", "Rome"]


class Shouting(DummyTokenizer):
    """A tokenizer that does not keep the text."""

    def __init__(self, nlp: Language):
        self.vocab = nlp.vocab

    def __call__(self, text: str) -> Doc:
        return Doc(self.vocab, words=text.upper().split() or None)


@spacy.registry.tokenizers("test.Shouting.v1")
def make_shouting():
    return Shouting


def golds(nlp: Language, words: list[str] = WORDS) -> list[Example]:
    """With the labels A and B of each kind; the example is said twice."""
    annotation = {
        "entities": ["U-A", "O", "U-B"],
        "tags": ["A", "B", "A"],
        "cats": {"A": 1.0, "B": 0.0},
    }
    return [Example.from_dict(Doc(nlp.vocab, words=words), annotation) for _ in range(2)]


def pipeline(factory: str, tokenizer: str | None = None, **config: Any) -> Language:
    settings = {"nlp": {"tokenizer": {"@tokenizers": tokenizer}}} if tokenizer else {}
    nlp = spacy.blank("en", config=settings)
    link = {"link": "sigmoid"} if factory == "hone_textcat_multilabel" else {}
    loss = {"@losses": "hone.CrossEntropy.v1", **link}
    if "loss" in config:
        loss = config["loss"] | {"hard": loss}
    nlp.add_pipe(factory, name="head", config={"model": MODELS[factory], "loss": loss})
    return nlp


@pytest.fixture(scope="module", params=MODELS)
def case(request, tmp_path_factory) -> tuple[str, Path]:
    """A component, and a folder with teachers for it that have learned nothing, and caches."""
    folder = tmp_path_factory.mktemp(request.param)
    tokenizers = {"model": None, "other": None, "shouting": "test.Shouting.v1"}
    for seed, (name, tokenizer) in enumerate(tokenizers.items()):
        spacy.util.fix_random_seed(seed)
        nlp = pipeline(request.param, tokenizer)
        nlp.initialize(lambda nlp=nlp: golds(nlp))
        nlp.to_disk(folder / name)
    teacher = make_pipeline_teacher(folder / "model")
    with Store.create(folder / "cache", Header.of(teacher)) as store:
        fill(store, teacher, ["Ann saw Rome ", "Ann saw"], spacy.blank("en"))
    with Store.create(folder / "of-shouting", Header.of(make_pipeline_teacher(folder / "shouting"))):
        pass
    with Store.create(folder / "empty", Header.of(teacher)):
        pass
    return request.param, folder


# what is wrong -> the teacher's block, settings of the loss, parts of the message
PIPELINE, CACHE = {"@misc": "hone.PipelineTeacher.v1"}, {"@misc": "hone.CachedTeacher.v1"}
MODEL = {**PIPELINE, "model": "{folder}/model"}
GROWING = {"@schedules": "compounding.v1", "start": 0.5, "stop": 2.0, "compound": 1.01}
FALLING = {"@schedules": "slanted_triangular.v1", "max_rate": 2.0, "num_steps": 100}
FAULTS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = {
    "no such pipeline": ({**PIPELINE, "model": "{folder}/none"}, {}, ("[H908]", "none")),
    "a pipeline that has still to be named": ({**PIPELINE, "model": None}, {}, ("[H922]", "--paths.teacher")),
    "a cache that has still to be named": ({**CACHE, "path": None}, {}, ("[H922] The teacher has no path",)),
    "a checkpoint that has still to be named": (
        {"@misc": "hone.HuggingFaceTeacher.v1", "model": None},
        {},
        ("[H922] The teacher has no model",),
    ),
    "the teacher lacks the component": ({**MODEL, "component": "chef"}, {}, ("[H909]", "'chef'", "head (")),
    "a map names what the teacher does not have": (
        {**MODEL, "labels": [["AA", "A"]]},
        {},
        ("[H903]", "'AA'"),
    ),
    "a map names what the student does not have": (
        {**MODEL, "labels": [["A", "AA"]]},
        {},
        ("[H903]", "'AA'"),
    ),
    "a map names a label twice": ({**MODEL, "labels": [["A", "A"], ["A", "B"]]}, {}, ("[H904]", "'A'")),
    "texts that cannot be aligned": (
        {**PIPELINE, "model": "{folder}/shouting"},
        {},
        ("[H907]", "they have 'NN SAW ROME"),
    ),
    "a cache of another teacher": (
        {**CACHE, "path": "{folder}/cache", "teacher": {**PIPELINE, "model": "{folder}/other"}},
        {},
        ("[H932]", "cache"),
    ),
    "a cache of another corpus": (
        {**CACHE, "path": "{folder}/empty"},
        {},
        ("[H934]", "2 of 2 texts", "Ann saw Rome"),
    ),
    "no cache": ({**CACHE, "path": "{folder}/none"}, {}, ("[H931]", "none")),
    "alpha above 1": (MODEL, {"alpha": 1.5}, ("[H405] alpha is 1.5",)),
    "alpha below 0": (MODEL, {"alpha": -0.1}, ("[H405] alpha is -0.1",)),
    "T = 0": (MODEL, {"temperature": 0.0}, ("[H405] temperature is 0.0",)),
    "T below 0": (MODEL, {"temperature": -1.0}, ("[H405] temperature is -1.0",)),
    "alpha that grows above 1": (MODEL, {"alpha": GROWING}, ("[H405] alpha after", " updates is 1.")),
    "T that falls below 0": (MODEL, {"temperature": FALLING}, ("[H405] temperature after", " updates is -")),
    "texts that cannot be aligned, nor are they in the cache": (
        {**CACHE, "path": "{folder}/of-shouting", "teacher": {**PIPELINE, "model": "{folder}/shouting"}},
        {},
        ("[H907]", "they have 'NN SAW ROME"),
    ),
}


def filled(block: dict[str, Any], folder: Path) -> dict[str, Any]:
    return {
        key: filled(value, folder)
        if isinstance(value, dict)
        else str(value).format(folder=folder)
        if isinstance(value, str)
        else value
        for key, value in block.items()
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_said_at_initialisation(case, fault):
    factory, folder = case
    block, settings, parts = FAULTS[fault]

    def initialise() -> None:
        nlp = pipeline(factory, loss=LOSS | settings)
        nlp.config["initialize"]["components"]["head"] = {"teacher": filled(block, folder)}
        nlp.initialize(lambda: golds(nlp))

    with pytest.raises(HoneError) as found:
        initialise()
    for part in parts:
        assert part in str(found.value)


def test_a_schedule_may_end_where_training_does(case):
    factory, folder = case
    falling = {"@schedules": "warmup_linear.v1", "initial_rate": 2.0, "warmup_steps": 0, "total_steps": 50}
    nlp = pipeline(factory, loss=LOSS | {"temperature": falling})
    nlp.config["initialize"]["components"]["head"] = {"teacher": filled(MODEL, folder)}
    nlp.config["training"]["max_steps"] = 50
    nlp.initialize(lambda: golds(nlp))
    nlp.config["training"]["max_steps"] = 51
    with pytest.raises(HoneError, match="H405"):
        nlp.initialize(lambda: golds(nlp))


def test_what_is_saved_is_without_the_teacher(case, tmp_path):
    factory, folder = case
    nlp = pipeline(factory, loss=LOSS)
    nlp.config["paths"]["teacher"] = str(folder)
    block = filled(MODEL, folder) | {"model": "${paths.teacher}/model"}
    nlp.config["initialize"]["components"]["head"] = {"teacher": block}
    nlp.initialize(lambda: golds(nlp))
    nlp.to_disk(tmp_path)
    saved = load_config(tmp_path / "config.cfg")
    assert saved["initialize"]["components"] == {"head": {}}
    assert saved["paths"]["teacher"] is None
    assert str(folder).encode() not in nlp.to_bytes()
    assert nlp.config["initialize"]["components"]["head"]["teacher"] == block
    nlp.initialize(lambda: golds(nlp))
    assert any(getattr(nlp.get_pipe("head"), name, None) for name in ("mapping", "taught"))
    assert spacy.load(tmp_path).pipe_names == nlp.pipe_names


def test_without_a_teacher_there_is_a_warning(case):
    nlp = pipeline(case[0], loss=LOSS)
    with pytest.warns(UserWarning, match=r"\[H339\].*'head'"):
        nlp.initialize(lambda: golds(nlp))


def initialised(factory: str, block: dict[str, Any]) -> Language:
    nlp = pipeline(factory, loss=LOSS)
    nlp.config["initialize"]["components"]["head"] = {"teacher": block}
    nlp.initialize(lambda: golds(nlp))
    return nlp


def test_labels_that_become_one_are_warned_of(case, caplog):
    factory, folder = case
    caplog.set_level("INFO", "spacy")
    with pytest.warns(UserWarning, match=r"\[H921\].*'head' make A and B one label, B, .* label A "):
        initialised(factory, filled({**MODEL, "labels": [["A", "B"]]}, folder))
    assert caplog.messages[-2:] == [
        "Teacher of 'head': A -> B; by the same name B",
        "Labels of 'head' without a teacher: A",
    ]


def test_the_map_is_shown_and_all_is_well(case, caplog, recwarn):
    factory, folder = case
    caplog.set_level("INFO", "spacy")
    initialised(factory, filled({**MODEL, "labels": [["A", "B"], ["B", "A"]]}, folder))
    assert caplog.messages[-1] == "Teacher of 'head': A -> B, B -> A"
    one = {**MODEL, "labels": [["A", None]]}
    initialised(factory, filled({"@misc": "hone.EnsembleTeacher.v1", "*": {"one": one, "two": MODEL}}, folder))
    assert caplog.messages[-2:] == [
        "Teacher of 'head': A -> null; by the same name B",
        "Teacher of 'head': by the same name A, B",
    ]
    assert not any("H921" in str(warning.message) for warning in recwarn)


def test_a_label_set_that_would_shrink(case):
    factory, folder = case
    nlp = pipeline(factory, loss=LOSS)
    block = filled(MODEL, folder)
    annotation = {"entities": ["U-A", "O", "O"], "tags": ["A", "C", "A"], "cats": {"A": 1.0, "C": 0.0}}
    examples = [Example.from_dict(Doc(nlp.vocab, words=WORDS), annotation)]
    nlp.config["initialize"]["components"]["head"] = {"teacher": block}
    with pytest.raises(HoneError, match=r"\[H905\].*: B\."):
        nlp.initialize(lambda: examples)


def test_what_is_right_is_taken(case):
    factory, folder = case
    for block in (
        MODEL,
        {**CACHE, "path": "{folder}/cache"},
        {**CACHE, "path": "{folder}/empty", "teacher": MODEL},
    ):
        nlp = pipeline(factory, loss=LOSS)
        nlp.config["initialize"]["components"]["head"] = {"teacher": filled(block, folder)}
        try:
            nlp.initialize(lambda nlp=nlp: golds(nlp))
        except ConfigValidationError as error:
            pytest.fail(str(error))
        assert nlp.update(golds(nlp), sgd=nlp.resume_training())["head"] > 0


def test_a_cache_teaches_what_the_ensemble_of_a_config_does(case, tmp_path):
    factory, folder = case
    other = {**PIPELINE, "model": "{folder}/other"}
    members = {"*": {"one": MODEL, "two": other}, "weights": [1.0, 3.0]}
    ensemble = filled({"@misc": "hone.EnsembleTeacher.v1", **members}, folder)
    teacher = spacy.registry.resolve({"teacher": ensemble})["teacher"]
    blank = spacy.blank("en")
    with Store.create(tmp_path / "cache", Header.of(teacher)) as store:
        fill(store, teacher, [eg.predicted for eg in golds(blank)], blank)
    losses = []
    for block in (ensemble, {**CACHE, "path": str(tmp_path / "cache"), "teacher": ensemble}):
        spacy.util.fix_random_seed(0)
        nlp = pipeline(factory, loss=LOSS)
        nlp.config["initialize"]["components"]["head"] = {"teacher": block}
        nlp.initialize(lambda nlp=nlp: golds(nlp))
        optimizer = nlp.resume_training()
        losses.append([nlp.update(golds(nlp), sgd=optimizer)["head"] for _ in range(3)])
    assert losses[0] == pytest.approx(losses[1], abs=1e-3) and losses[0][2] != losses[0][0]
