"""What in a config refers to what, as ${paths.train} does."""

import re
from collections.abc import Mapping
from typing import Any

REFERENCE = re.compile(r"\$\{([^}]+)\}")


def references(values: Any) -> set[str]:
    """The dotted names that values of a config refer to: "paths.train" where one holds "${paths.train}"."""
    if isinstance(values, str):
        return {name.replace(":", ".") for name in REFERENCE.findall(values)}
    if isinstance(values, Mapping):
        values = values.values()
    elif not isinstance(values, list | tuple):
        return set()
    return set().union(*map(references, values))


def is_referred(name: str, names: set[str]) -> bool:
    """Whether one of some dotted names is this one, lies in it, or holds it."""
    return any(f"{name}.".startswith(f"{other}.") or other.startswith(f"{name}.") for other in names)


def referred(section: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Those settings of a section that something in the config refers to."""
    names = references(config)
    settings = config.get(section, {})
    return {key: value for key, value in settings.items() if is_referred(f"{section}.{key}", names)}
