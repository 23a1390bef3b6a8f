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


def referred(section: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Those settings of a section that something in the config refers to."""
    names = references(config)
    return {key: value for key, value in config.get(section, {}).items() if f"{section}.{key}" in names}
