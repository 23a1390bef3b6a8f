"""The workflow `conll` of project.yml, run as a user would in a copy of the repository, and the scripts that
guard the steps."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import srsly

from .project import load_project

ROOT = Path(__file__).parents[1]
PROJECT = load_project()
COMMANDS = {command["name"]: command for command in PROJECT["commands"]}
STEPS = PROJECT["workflows"]["conll"]
OPTIONS = ["--vars.encoder", "sentence-transformers/all-MiniLM-L6-v2", "--vars.conll_steps", "4"]
BIG = "assets/encoders"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """The tracked files in a folder of their own, with small CoNLL files where the workflow looks for them."""
    copy = tmp_path_factory.mktemp("project")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if tracked.returncode:
        pytest.skip("needs a git checkout, to know the project's own files")
    for name in tracked.stdout.decode().rstrip("\0").split("\0"):
        if not name.startswith(BIG) and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    (copy / BIG).symlink_to(ROOT / BIG)
    shutil.copytree(ROOT / "tests" / "data" / "conll", copy / "assets" / "conll")
    return copy


def run(cwd: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Python with these arguments."""
    command = [sys.executable, *args]
    plain = os.environ | {"WASABI_LOG_FRIENDLY": "1", "ANSI_COLORS_DISABLED": "1"}
    return subprocess.run(command, cwd=cwd, env=plain, capture_output=True, text=True, check=False)


def run_workflow(project: Path) -> tuple[set[str], set[str]]:
    """Names of the steps of `conll` that ran, and of those that were skipped."""
    done = run(project, "-m", "spacy", "project", "run", "conll", ".", *OPTIONS)
    assert done.returncode == 0, done.stdout + done.stderr
    skipped = {name for name in STEPS if f"Skipping '{name}': nothing changed" in done.stdout}
    return set(STEPS) - skipped, skipped


def outputs(*steps: str) -> list[str]:
    return [output for step in steps for output in COMMANDS[step]["outputs"]]


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf8")


def test_a_missing_input_is_named(project: Path):
    path = project / "assets" / "conll" / "dev.txt"
    text = path.read_bytes()
    path.unlink()
    done = run(project, "-m", "spacy", "project", "run", "conll-convert", ".")
    path.write_bytes(text)
    assert done.returncode == 1
    assert "assets/conll/dev.txt" in done.stdout + done.stderr
    assert not (project / "corpus" / "conll").exists()


def test_runs_and_then_runs_again_only_what_must(project: Path):
    ran, _ = run_workflow(project)
    assert ran == set(STEPS)
    assert [name for name in outputs(*STEPS) if not (project / name).exists()] == []
    assert srsly.read_json(project / "metrics" / "conll.json")["documents"] == 2

    ran, skipped = run_workflow(project)
    assert (ran, skipped) == ({"wheel"}, set(STEPS[1:]))

    change(project / "assets" / "conll" / "test.txt", "Bergen", "Trondheim")
    ran, _ = run_workflow(project)
    assert ran == {"wheel", "conll-convert", "conll-evaluate"}
    assert "Trondheim B-LOC" in (project / "metrics" / "conll.conll").read_text(encoding="utf8")


def test_bad_input_stops_a_step_with_its_message(project: Path):
    (project / "packages").mkdir(exist_ok=True)
    for name in outputs("wheel"):  # the step only asks whether they exist
        (project / name).touch()
    path = project / "assets" / "conll" / "train.txt"
    text = path.read_bytes()
    path.write_bytes(b"")
    done = run(project, "-m", "spacy", "project", "run", "conll-convert", ".")
    path.write_bytes(text)
    assert done.returncode == 1
    assert done.stderr.startswith("[H109] assets/conll/train.txt: no documents in it")
    assert "Traceback" not in done.stderr


def test_verify_assets(project: Path):
    asset = next(asset for asset in PROJECT["assets"] if "tasteset" in asset["dest"])
    script = ("scripts/verify_assets.py", "assets/tasteset/")
    path = project / asset["dest"]
    done = run(project, *script)
    assert done.returncode == 1
    assert done.stderr.startswith(f"[H803] {asset['dest']} is missing") and asset["url"] in done.stderr
    path.parent.mkdir()
    path.write_text("another file")
    done = run(project, *script)
    assert done.returncode == 1
    assert done.stderr.startswith(f"[H802] {asset['dest']} has the MD5 ") and asset["checksum"] in done.stderr
    for folder in ("assets/conll/", "assets/nothing/"):
        done = run(project, script[0], folder)
        assert (done.returncode, done.stderr[:6]) == (1, "[H806]")


def test_require(tmp_path: Path):
    (tmp_path / "full").write_text("x")
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    script = str(ROOT / "scripts" / "require.py")
    assert run(tmp_path, script, "full", ".").returncode == 0
    done = run(tmp_path, script, "full", "empty", "folder", "absent")
    assert done.returncode == 1
    assert done.stderr.startswith("[H801] This step should have made empty, folder, absent: ")
