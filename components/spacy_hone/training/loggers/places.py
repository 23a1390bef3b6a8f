"""Where a logger writes: found out before anything is trained."""

import os
from pathlib import Path

from ...errors import Errors, HoneError


def check_folder(folder: Path, logger: str) -> None:
    """Raise H518 if the folder is not there and cannot be made, or cannot be written in. Nothing is made.

    logger: Its registered name.
    """
    absolute = folder.absolute()
    nearest = next(path for path in (absolute, *absolute.parents) if path.exists())
    if not nearest.is_dir():
        raise HoneError(Errors.H518.format(logger=logger, path=folder, problem=f"{nearest} is not a folder"))
    if not os.access(nearest, os.W_OK | os.X_OK):
        problem = f"no permission to write in {nearest}"
        raise HoneError(Errors.H518.format(logger=logger, path=folder, problem=problem))
