"""Every config resolves, and each variant differs from its base in the blocks that it is about, and only there."""

from pathlib import Path

import pytest
from spacy import util
from spacy.schemas import ConfigSchemaTraining
from spacy.util import registry
from thinc.api import Config

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "configs").rglob("*.cfg"))

LONGER = ("training.max_steps", "training.eval_frequency", "training.patience")
OTHER_TASK = ("nlp.pipeline", "training.score_weights")
TAUGHT = ("paths.teacher", "components.ner.loss", "initialize.components.ner")
# variant -> (base, prefixes of the settings in which it may differ)
VARIANTS = {
    "ner_trf_zh.cfg": ("ner_trf.cfg", ("vars", "nlp.lang", "nlp.tokenizer")),
    "ner_trf_stock.cfg": ("ner_trf.cfg", ("components.ner",)),
    "ner_trf_scratch.cfg": (
        "ner_trf.cfg",
        ("components.transformer.model", "vars", "initialize.before_init", *LONGER),
    ),
    "ner_trf_focal.cfg": ("ner_trf.cfg", ("components.ner.loss",)),
    "ner_trf_dice.cfg": ("ner_trf.cfg", ("components.ner.loss",)),
    "tagger_trf.cfg": ("ner_trf.cfg", ("components.ner", "components.tagger", *OTHER_TASK)),
    "textcat_trf.cfg": ("ner_trf.cfg", ("components.ner", "components.textcat", *OTHER_TASK)),
    "textcat_trf_zh.cfg": ("textcat_trf.cfg", ("vars", "nlp.lang", "nlp.tokenizer")),
    "chunks_trf.cfg": ("ner_trf.cfg", ("components.ner.spans_key", "training.score_weights")),
    "textcat_trf_focal.cfg": ("textcat_trf.cfg", ("components.textcat.loss",)),
    "textcat_multilabel_trf.cfg": (
        "textcat_trf.cfg",
        ("components.textcat.factory", "components.textcat.positive_label", "components.textcat.loss"),
    ),
    "joint_trf.cfg": ("ner_trf.cfg", ("components.textcat", *OTHER_TASK)),
    "ner_cnn.cfg": (
        "ner_trf.cfg",
        ("components.t", "components.ner.model.tok2vec", "nlp.pipeline", "vars", *LONGER),
    ),
    "ner_student_layers.cfg": (
        "ner_trf.cfg",
        ("components.transformer.model.keep_layers", "initialize.before_init", *TAUGHT),
    ),
    "ner_student_cnn.cfg": ("ner_cnn.cfg", TAUGHT),
    "ner_student_scratch.cfg": ("ner_trf_scratch.cfg", TAUGHT),
    "textcat_student_cnn.cfg": (
        "ner_student_cnn.cfg",
        ("components.ner", "components.textcat", "initialize.components", *OTHER_TASK),
    ),
}


def flat(config: dict, prefix: str = "") -> dict[str, object]:
    items: dict[str, object] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            items.update(flat(value, f"{prefix}{key}."))
        else:
            items[prefix + key] = value
    return items


def test_there_are_configs():
    assert len(CONFIGS) >= 5
    assert {p.name for p in CONFIGS} - {"ner_trf.cfg"} == set(VARIANTS)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.name)
def test_config_resolves(path: Path):
    """All names exist and all arguments fit; encoders are built lazily, so nothing is downloaded."""
    config = util.load_config(path)
    nlp = util.load_model_from_config(config, auto_fill=True)
    assert nlp.pipe_names == config["nlp"]["pipeline"]
    filled = nlp.config.interpolate()
    resolved = registry.resolve(filled["training"], schema=ConfigSchemaTraining)
    assert callable(resolved["optimizer"])
    assert path.read_text(encoding="utf8").startswith("#")
    assert f"python -m spacy train configs/{path.name}" in path.read_text(encoding="utf8")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.name)
def test_patience_can_end_a_training(path: Path):
    training = Config().from_disk(path, interpolate=False)["training"]
    assert training["eval_frequency"] < training["patience"] < training["max_steps"]


def test_pretrained_or_from_scratch_is_one_word():
    word = {"components.transformer.model.@architectures": "hone.TransformerEncoder.v1"}
    config = util.load_config(ROOT / "configs" / "ner_trf.cfg", overrides=word)
    nlp = util.load_model_from_config(config, auto_fill=True)
    encoder = nlp.get_pipe("transformer").model
    encoder.initialize()
    assert encoder.get_dim("nO") == 256
    assert len(encoder.shims[0].wordpieces.strings) == 30522  # the tokenizer of all-MiniLM-L6-v2


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_differs_only_where_it_should(name: str):
    base, prefixes = VARIANTS[name]
    ours, theirs = (flat(Config().from_disk(ROOT / "configs" / n, interpolate=False)) for n in (name, base))
    different = {k for k in ours.keys() | theirs.keys() if ours.get(k) != theirs.get(k)}
    assert different
    assert [k for k in different if not k.startswith(prefixes)] == []
