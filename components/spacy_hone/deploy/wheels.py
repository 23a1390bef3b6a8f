"""Build wheels without a network: of this package, and of trained pipelines."""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import srsly
from spacy.cli.package import package
from thinc.api import Config

from ..errors import Errors, HoneError
from ..teachers.left_behind import strip_config
from ..training.config_text import to_text

EPOCH = "1767225600"  # 2026-01-01: the time stamp of every file in a wheel


def build_wheel(source: Path, packages: Path, meta: Path | None = None) -> Path:
    """Build the wheel of a trained pipeline, or of a directory with setup.cfg, and return its path.

    The teacher of a pipeline, and what it was trained from, stay out of its config.

    source: the directory. packages: where the wheel goes. meta: meta.json with description, licence and sources
    of a pipeline. Beside the wheel of a directory goes NAME.code, see `list_code`. Raises H804, H807, H808.
    """
    is_pipeline = (source / "config.cfg").exists()
    _check(source, meta, is_pipeline=is_pipeline)
    packages.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as tmp:
        if is_pipeline:
            package(source, Path(tmp), meta_path=meta, create_sdist=False, silent=True)
            source = next(Path(tmp).iterdir())
            _strip_teachers(source)
        shutil.rmtree(source / "build", ignore_errors=True)  # setuptools packs what an older build left there
        command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp, str(source)]
        stamp = os.environ | {"SOURCE_DATE_EPOCH": EPOCH}
        done = subprocess.run(command, env=stamp, capture_output=True, text=True, check=False)
        if done.returncode:
            raise HoneError(Errors.H804.format(source=source, output=done.stdout + done.stderr))
        [built] = Path(tmp).glob("*.whl")
        wheel = Path(shutil.move(built, packages / built.name))
    if not is_pipeline:
        name = wheel.name.split("-")[0]
        wheel.with_name(f"{name}.code").write_text("\n".join(list_code(wheel)), encoding="utf8")
    return wheel


def _check(source: Path, meta: Path | None, *, is_pipeline: bool) -> None:
    """Raise H807 for a source that no wheel can be made of, H808 for metadata that cannot be read."""
    needed = ("meta.json",) if is_pipeline else ("setup.cfg", "setup.py", "pyproject.toml")
    if not any((source / name).is_file() for name in needed):
        near = ", ".join(str(path.parent) for path in sorted(source.glob("*/config.cfg")))
        raise HoneError(Errors.H807.format(source=source, near=f" There is: {near}." if near else ""))
    try:
        is_object = meta is None or isinstance(srsly.read_json(meta), dict)
    except ValueError as error:
        raise HoneError(Errors.H808.format(meta=meta, problem=error)) from None
    if not is_object:
        raise HoneError(Errors.H808.format(meta=meta, problem="not an object"))


def _strip_teachers(folder: Path) -> None:
    for path in folder.rglob("config.cfg"):
        config = Config().from_disk(path, interpolate=False)
        if strip_config(config):
            path.write_text(to_text(config), encoding="utf8")


def list_code(wheel: Path) -> list[str]:
    """The wheel's files with their checksums, sorted, without its metadata: a changed README changes no code."""
    with zipfile.ZipFile(wheel) as archive:
        [record] = (name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        lines = archive.read(record).decode("utf8").splitlines()
    return sorted(line for line in lines if not line.split(",")[0].endswith(("/METADATA", "/RECORD")))


def find_wheel(packages: Path, name: str) -> Path:
    """The newest wheel of a package. Raises H805."""
    wheels = sorted(packages.glob(f"{name}-*.whl"), key=lambda path: path.stat().st_mtime)
    if not wheels:
        raise HoneError(Errors.H805.format(packages=packages, name=name))
    return wheels[-1]
