"""Categories as several formats give them: a score for each, or the names of those that hold.

Names are made complete: of the labels that the whole corpus has, every other gets 0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol

from ..faults import legible
from .options import ReadOptions, open_binary


class Scan(Protocol):
    """Reads a file for the categories that its documents name; there are none in a file of scores."""

    def __call__(self, path: Path, options: ReadOptions) -> set[str]: ...


def with_labels(inputs: Sequence[tuple[Path, Scan | None]], options: ReadOptions) -> list[ReadOptions]:
    """Options for each input with the labels of the corpus, which all inputs make up together.

    Without `--labels` they are found by reading the inputs once more, in flat memory. An input that names no
    categories gets none.
    """
    if options.labels:
        return [options] * len(inputs)
    quiet = replace(options, opener=open_binary)
    found = [scan(path, quiet) if scan else set() for path, scan in inputs]
    labels = tuple(sorted(set[str]().union(*found)))
    return [replace(options, labels=labels) if names else options for names in found]


def names_in(value: Any) -> set[str]:
    """The names that a value gives: of one category, or of several."""
    names = [value] if isinstance(value, str) else value
    return {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()


def complete(value: Any, labels: Sequence[str]) -> dict[str, float]:
    """1 for the category that is named, or for each of a list, and 0 for all other labels.

    RAISES: ValueError if the value is no name, or none of the labels.
    """
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValueError(f"the label {legible(repr(value))} is neither a name nor a list of names")
    _check(names, labels)
    return {label: float(label in names) for label in labels or names}


def scores(value: Any, labels: Sequence[str]) -> dict[str, float]:
    """Each category with 0 or 1, as they are given. RAISES: ValueError if they are something else."""
    if not isinstance(value, dict) or not all(
        score in (0, 1) for score in value.values()
    ):  # also false, true
        raise ValueError(f"the cats {legible(repr(value))} are not an object with 0 or 1 for each")
    _check(value, labels)
    return {name: float(score) for name, score in value.items()}


def _check(names: Iterable[str], labels: Sequence[str]) -> None:
    """Refuse a name that is none of the labels, if these are known."""
    unknown = next((name for name in names if labels and name not in labels), None)
    if unknown is not None:
        near = "".join(f" (near: {name!r})" for name in get_close_matches(unknown, labels, n=1))
        raise ValueError(f"the label {unknown!r}{near} is none of --labels ({legible(', '.join(labels))})")
