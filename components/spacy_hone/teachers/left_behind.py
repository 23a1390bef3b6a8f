"""A trained pipeline says nothing of its teacher and of what it was trained from."""

from pathlib import Path
from typing import Any

from spacy.language import Language
from thinc.api import Config

from .references import is_referred, references, referred

OURS = "hone_"  # how the names of our factories begin
# what [initialize.components.X] says of the past
LEFT_BEHIND = ("teacher", "init_from", "annotated", "relabel", "relabel_threshold", "vectors")


class SavedStripped(Config):
    """A config of which `to_disk` and `to_bytes`, and so those of `nlp`, write what `strip_config` leaves. In memory, and
    for `to_str`, it stays whole: the pipeline can be initialised again."""

    def to_disk(self, path: str | Path, *, interpolate: bool = True) -> None:
        Config.to_disk(self._strip(), path, interpolate=interpolate)

    def to_bytes(self, *, interpolate: bool = True) -> bytes:
        return Config.to_bytes(self._strip(), interpolate=interpolate)

    def _strip(self) -> "SavedStripped":
        config = self.copy()
        strip_config(config)
        return config


def strip_when_saved(nlp: Language | None) -> None:
    """Leave teachers and predecessors out of what `to_disk` and `to_bytes` of a pipeline write from now on."""
    if nlp is not None and not isinstance(nlp.config, SavedStripped):
        config = nlp.config
        nlp.config = SavedStripped(
            config, is_interpolated=config.is_interpolated, section_order=config.section_order
        )


def strip_config(config: Config) -> bool:
    """Take out of a config the blocks of teachers and predecessors, the callbacks that copy from them before
    initialisation, and the places in [paths] that nothing refers to then. RETURNS: whether there was something."""
    taken = []
    while found := _pop_blocks(config):  # what blocks refer to each other goes one by one
        taken += found
    taken += _pop_callbacks(config.get("initialize", {}), references(taken))
    if all(value is None for value in taken):
        return False
    paths = config.get("paths", {})
    while left := {key for key in paths.keys() - referred("paths", config).keys() if paths[key] is not None}:
        paths |= dict.fromkeys(left)
    return True


def _pop_blocks(config: Config) -> list[Any]:
    """Take out the blocks of our components that nothing refers to."""
    names = references(config)
    factories = {name: block.get("factory", "") for name, block in config.get("components", {}).items()}
    return [
        settings.pop(key)
        for component, settings in config.get("initialize", {}).get("components", {}).items()
        if factories.get(component, OURS).startswith(OURS)
        for key in LEFT_BEHIND
        if key in settings and not is_referred(f"initialize.components.{component}.{key}", names)
    ]


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
