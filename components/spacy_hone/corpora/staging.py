"""Write all or nothing: outputs are made in a temporary folder beside their place, and moved at the end."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staging(out_dir: Path) -> Iterator[Path]:
    """A folder to write in.

    If the block ends well, what lies in it replaces its namesakes in `out_dir`; if not, `out_dir` stays as it
    was.
    """
    existed = out_dir.is_dir()
    out_dir.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=out_dir, prefix=".hone-") as folder:
            new, old = Path(folder, "new"), Path(folder, "old")
            new.mkdir()
            old.mkdir()
            yield new
            _replace(new, old, out_dir)
    except BaseException:
        if not existed:
            shutil.rmtree(out_dir, ignore_errors=True)
        raise


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
