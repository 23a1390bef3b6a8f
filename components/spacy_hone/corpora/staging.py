"""Write all or nothing: outputs are made in a temporary folder beside their place, and moved at the end."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import Errors, HoneError


@contextmanager
def staging(out_dir: Path) -> Iterator[Path]:
    """A folder to write in.

    If the block ends well, what lies in it replaces its namesakes in `out_dir`; if not, `out_dir` stays as it
    was. RAISES: HoneError H127 where no folder can be made or nothing written.
    """
    missing = [path for path in (out_dir, *out_dir.parents) if not path.exists()]
    try:
        _make(out_dir)
        with tempfile.TemporaryDirectory(dir=out_dir, prefix=".hone-") as folder:
            new, old = Path(folder, "new"), Path(folder, "old")
            new.mkdir()
            old.mkdir()
            yield new
            _replace(new, old, out_dir)
    except BaseException:
        for path in missing:
            with suppress(OSError):
                path.rmdir()
        raise


def _make(out_dir: Path) -> None:
    """Make the folder, and see whether it can be written to."""
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out_dir).close()
    except OSError as error:
        raise HoneError(Errors.H127.format(where=out_dir, problem=error.strerror)) from None


def _replace(new: Path, old: Path, out_dir: Path) -> None:
    """Move everything from `new` to `out_dir`; on failure put back what was there."""
    moved: list[Path] = []
    try:
        for path in sorted(new.iterdir()):
            target = out_dir / path.name
            if target.exists():
                target.rename(old / path.name)
            path.rename(target)
            moved.append(target)
    except OSError:
        for target in moved:
            target.rename(new / target.name)
        for path in old.iterdir():
            path.rename(out_dir / path.name)
        raise
