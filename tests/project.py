"""project.yml as its commands see it."""

from pathlib import Path
from typing import Any

import srsly
from weasel.util import load_project_config

ROOT = Path(__file__).parents[1]


def load_project() -> dict[str, Any]:
    """Weasel makes the project's folders, and fails where another process makes them in the same moment."""
    for name in srsly.read_yaml(ROOT / "project.yml")["directories"]:
        (ROOT / name).mkdir(parents=True, exist_ok=True)
    return load_project_config(ROOT)
