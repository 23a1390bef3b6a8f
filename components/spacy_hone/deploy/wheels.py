"""Build wheels without a network: of this package, and of trained pipelines."""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from spacy.cli.package import package
from thinc.api import Config

from ..errors import Errors, HoneError
from ..training.teaching import strip_config

EPOCH = "1767225600"  # 2026-01-01: the time stamp of every file in a wheel


def build_wheel(source: Path, packages: Path, meta: Path | None = None) -> Path:
    """Build the wheel of a trained pipeline, or of a directory with setup.cfg, and return its path.

    The teacher of a pipeline, and what it was trained from, stay out of its config, as with hone.StripTeachers.v1.

    source: the directory. packages: where the wheel goes. meta: meta.json with description, licence and sources
    of a pipeline. Beside the wheel of a directory goes NAME.code, see `list_code`. Raises H804.
    """
    packages.mkdir(parents=True, exist_ok=True)
    is_pipeline = (source / "config.cfg").exists()
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


def _strip_teachers(folder: Path) -> None:
    for path in folder.rglob("config.cfg"):
        config = Config().from_disk(path, interpolate=False)
        if strip_config(config):
            # what is read as it stands would be escaped when written
            path.write_text(config.to_str(interpolate=False).replace("$$", "$"), encoding="utf8")


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
