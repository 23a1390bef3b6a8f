"""Callbacks for training with a teacher, or from a trained pipeline."""

import re
from collections.abc import Callable
from typing import Any

from spacy.language import Language
from thinc.api import Config, Model

from ..errors import Errors, HoneError
from .references import referred, references

# What [initialize.components.X] says of the past: a trained pipeline carries none of it.
LEFT_BEHIND = ("teacher", "init_from", "annotated", "relabel", "relabel_threshold", "vectors")
SECTIONS = ("paths", "vars", "system", "nlp", "components", "corpora", "training", "initialize")


def make_strip_teachers() -> Callable[[Language], Language]:
    """Build the `[training.before_to_disk]` callback `hone.StripTeachers.v1`: the teacher, and whatever else points to
    the pipeline that was trained before, stays out of what is saved."""
    return strip_teachers


def strip_teachers(nlp: Language) -> Language:
    """Take the blocks of teachers and predecessors out of the config of a pipeline that has been initialised."""
    strip_config(nlp.config)
    return nlp


def strip_config(config: Config) -> bool:
    """The same for a config: their blocks, the callbacks that copy from them before initialisation, and the places in
    [paths] that nothing refers to then. RETURNS: whether there was something to take out."""
    initialize = config.get("initialize", {})
    blocks = initialize.get("components", {}).values()
    taken: list[Any] = [settings.pop(name, None) for settings in blocks for name in LEFT_BEHIND]
    taken += _pop_callbacks(initialize, references(taken))
    if all(value is None for value in taken):
        return False
    if "paths" in config:
        config["paths"] |= dict.fromkeys(config["paths"].keys() - referred("paths", config).keys())
    return True


def _pop_callbacks(initialize: dict[str, Any], paths: set[str]) -> list[Any]:
    """Take out what stands in before_init and is hone.CopyEncoder.v1, or refers to one of some paths."""

    def is_left(callback: dict[str, Any]) -> bool:
        return callback.get("@callbacks") == "hone.CopyEncoder.v1" or bool(references(callback) & paths)

    callback = initialize.get("before_init") or {}
    several = callback.get("*", {})
    taken = [several.pop(name) for name in list(several) if is_left(several[name])]
    if is_left(callback) or (taken and not several):
        initialize["before_init"] = None
        taken.append(callback)
    return taken


def make_freeze_layers(
    component: str = "transformer", embeddings: bool = False, layers: list[int] | None = None
) -> Callable[[Language], Language]:
    """Build `hone.FreezeLayers.v1` for `[initialize.after_init]`: what `freeze_embeddings` and `freeze_layers` of
    hone.TransformerModel.v1 do, for an encoder whose config comes from elsewhere (`source`). Not kept when saved.

    component (str): the component with the encoder.
    embeddings (bool): whether to freeze the embeddings.
    layers (list[int] | None): the layers to freeze; 0 is next to the embeddings.

    Raises H520 if the component has no encoder of ours, H207 for layers that it does not have.
    """

    def freeze_layers(nlp: Language) -> Language:
        from ..models.freezing import freeze

        found = find_encoders(nlp)  # spaCy disables components with a `source` while it initialises
        if component not in found:
            raise HoneError(Errors.H520.format(component=component, names=", ".join(nlp.component_names)))
        for encoder in found[component]:
            freeze(encoder, embeddings=embeddings, layers=layers or [])
        return nlp

    return freeze_layers


def find_encoders(nlp: Language) -> dict[str, list[Any]]:
    """The encoders of hone.TransformerModel.v1 in each component that has some, disabled ones included."""
    models = {name: getattr(pipe, "model", None) for name, pipe in nlp.components}
    shims = {
        name: [shim for node in model.walk() for shim in node.shims]
        for name, model in models.items()
        if isinstance(model, Model)
    }
    found = {
        name: [shim.transformer for shim in own if hasattr(shim, "transformer")]
        for name, own in shims.items()
    }
    return {name: encoders for name, encoders in found.items() if encoders}


def to_text(config: Config) -> str:
    """A config as `spacy train` reads it, each section followed by its parts. What was read as it stands, PRP$ say, would
    be escaped when written."""
    text = config.to_str(interpolate=False).replace("$$", "$")
    ranks: dict[tuple[str, ...], int] = {(name,): rank for rank, name in enumerate(SECTIONS)}

    def rank(section: str) -> list[int]:
        names = tuple(section[1 : section.index("]")].split("."))
        return [ranks.setdefault(names[:n], len(ranks)) for n in range(1, len(names) + 1)]

    sections = re.split(r"^(?=\[)", text, flags=re.MULTILINE)
    return "\n\n".join(section.strip() for section in sorted(filter(None, sections), key=rank))
