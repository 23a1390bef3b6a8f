"""The names to mention to somebody who wrote one that does not exist."""

from collections.abc import Iterable
from difflib import get_close_matches


def near_names(name: object, names: Iterable[str], n: int = 3) -> list[str]:
    """At most n of the names that look like it, nearest first; upper and lower case are the same."""
    folded: dict[str, list[str]] = {}
    for each in names:
        folded.setdefault(each.casefold(), []).append(each)
    close = get_close_matches(str(name).casefold(), folded, n=n, cutoff=0.5)
    return [each for match in close for each in folded[match]][:n]
