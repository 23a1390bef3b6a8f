"""A trained pipeline carries nothing of its teacher and of what it was trained from."""

from pathlib import Path
from typing import Any

from spacy.language import Language
from thinc.api import Config

from .references import references, referred

# what [initialize.components.X] says of the past
LEFT_BEHIND = ("teacher", "init_from", "annotated", "relabel", "relabel_threshold", "vectors")


class SavedStripped(Config):
    """A config of which `nlp.to_disk` and `nlp.to_bytes` write what `strip_config` leaves. In memory it stays whole: the
    pipeline can be initialised again."""

    def to_disk(self, path: str | Path, *, interpolate: bool = True) -> None:
        Config.to_disk(self._strip(), path, interpolate=interpolate)

    def to_bytes(self, *, interpolate: bool = True) -> bytes:
        return Config.to_bytes(self._strip(), interpolate=interpolate)

    def _strip(self) -> "SavedStripped":
        config = self.copy()
        strip_config(config)
        return config


def strip_when_saved(nlp: Language | None) -> None:
    """Leave teachers and predecessors out of whatever is saved of a pipeline from now on."""
    if nlp is not None and not isinstance(nlp.config, SavedStripped):
        config = nlp.config
        nlp.config = SavedStripped(
            config, is_interpolated=config.is_interpolated, section_order=config.section_order
        )


def strip_config(config: Config) -> bool:
    """Take out of a config the blocks of teachers and predecessors, the callbacks that copy from them before
    initialisation, and the places in [paths] that nothing refers to then. RETURNS: whether there was something."""
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
