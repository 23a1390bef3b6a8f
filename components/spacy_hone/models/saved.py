"""Files that hold already what would be written into them."""

from pathlib import Path

Stamp = tuple[int, int, int, int]


class Saved:
    """What was written where, by the digest of the content. Training writes its pipeline at every evaluation: what did
    not change since may stay where it is.

    A file that something else has touched is not taken for what was written.
    """

    def __init__(self) -> None:
        self._known: dict[Path, tuple[str, Stamp]] = {}

    def holds(self, path: Path, digest: str) -> bool:
        """Whether this content was written there, and nothing else since."""
        return path.is_file() and self._known.get(path.absolute()) == (digest, stamp(path))

    def note(self, path: Path, digest: str) -> None:
        """Say that this content has been written there."""
        self._known[path.absolute()] = (digest, stamp(path))


def stamp(path: Path) -> Stamp:
    """What changes when a file does. The time of the last change (ctime) cannot be set back, as mtime can."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
