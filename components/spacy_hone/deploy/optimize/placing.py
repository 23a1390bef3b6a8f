"""A folder that is there whole or not at all."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spacy.util import get_package_path, is_package

from ...errors import Errors, HoneError


def check_place(out: Path, model: str, overwrite: bool) -> None:
    """Raise H723 if `out` overlaps with the pipeline, H722 if it is in use, H708 if what is there is no pipeline.

    model: path of the pipeline, or name of its package.
    """
    is_name = not Path(model).exists() and is_package(model)
    ours, theirs = out.resolve(), (get_package_path(model) if is_name else Path(model)).resolve()
    for problem, is_so in (
        ("the same as", ours == theirs),
        ("inside", theirs in ours.parents),
        ("around", ours in theirs.parents),
    ):
        if is_so and theirs.exists():
            raise HoneError(Errors.H723.format(path=out, problem=problem, model=model))
    held = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
    if (held or out.is_file()) and not overwrite:
        raise HoneError(Errors.H722.format(path=out))
    if out.is_file() or (held and not {"meta.json", "config.cfg"} <= set(held)):
        raise HoneError(Errors.H708.format(path=out, names=", ".join(held[:3]) or out.name))


@contextmanager
def beside(out: Path) -> Iterator[Path]:
    """A new folder beside `out`, which takes its place if the block ends well, and else leaves no trace.

    Raises H726 where nothing can be written.
    """
    missing = [path for path in out.parents if not path.exists()]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
            new, old = Path(folder, "new"), Path(folder, "old")
            new.mkdir()
            yield new
            _replace(new, old, out)
    except BaseException as error:
        for path in missing:
            with suppress(OSError):
                path.rmdir()
        if isinstance(error, OSError):
            raise HoneError(Errors.H726.format(path=out, problem=error.strerror or error)) from error
        raise


def _replace(new: Path, old: Path, out: Path) -> None:
    if out.exists():
        out.rename(old)
    try:
        new.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
