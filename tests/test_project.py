"""project.yml: every command declares what it reads and makes, in an order that works."""

import re
from collections import Counter
from pathlib import Path

import pytest
import srsly
from spacy.util import load_config

from .project import load_project

ROOT = Path(__file__).parents[1]
PROJECT = load_project()
COMMANDS = {command["name"]: command for command in PROJECT["commands"]}
ASSETS = {asset["dest"] for asset in PROJECT["assets"]}


def below(path: str, places: set[str]) -> bool:
    return any(
        path == place or path.startswith(place + "/") or place.startswith(path + "/") for place in places
    )


@pytest.mark.parametrize("workflow", PROJECT["workflows"])
def test_deps_exist_or_are_made_earlier(workflow: str):
    made = set(ASSETS)
    steps = PROJECT["workflows"][workflow]
    assert steps
    for name in steps:
        for dep in COMMANDS[name].get("deps", []):
            assert (ROOT / dep).exists() or below(dep, made), (
                f"{name} needs {dep}, which nothing makes before it"
            )
        made |= set(COMMANDS[name].get("outputs", []))


@pytest.mark.parametrize("name", COMMANDS)
def test_command_declares_the_files_it_names(name: str):
    command = COMMANDS[name]
    assert command["script"] and command.get("help")
    declared = set(command.get("deps", [])) | set(command.get("outputs", []))
    for line in command["script"]:
        assert not re.search(r"[|>;*]|&&", line), f"Weasel runs no shell: {line}"
        for script in re.findall(r"\bscripts/\w+\.py", line):
            assert (ROOT / script).is_file()
        for path in re.findall(r"(?<![\w/])(?:assets|corpus|training|metrics|configs)/[\w./-]+", line):
            assert below(path.rstrip("/"), declared), f"{name} uses {path} and does not declare it"


@pytest.mark.parametrize("name", COMMANDS)
def test_outputs_are_claimed_once(name: str):
    others = {out for other in COMMANDS.values() if other["name"] != name for out in other.get("outputs", [])}
    assert not set(COMMANDS[name].get("outputs", [])) & others


def test_every_step_but_the_last_of_all_can_be_skipped():
    for name in PROJECT["workflows"]["all"]:
        if name not in ("wheel", "summary"):
            assert COMMANDS[name].get("outputs"), f"{name} would run each time"


def test_the_last_update_is_evaluated():
    """`spacy train` looks at dev every `eval_frequency` updates: at the end only if that divides the steps."""
    frequency = load_config(ROOT / "configs" / "ner_trf.cfg")["training"]["eval_frequency"]
    steps = {name: value for name, value in PROJECT["vars"].items() if name.endswith("_steps")}
    assert steps and not [name for name, value in steps.items() if int(value) % frequency]


def test_assets_have_checksums():
    fetched = [asset for asset in PROJECT["assets"] if "url" in asset]
    assert fetched
    for asset in fetched:
        assert re.fullmatch(r"[0-9a-f]{32}", asset["checksum"]) and asset["url"].startswith("https://")


def test_readme_table_is_that_of_project_yml(tmp_path: Path):
    """`python -m spacy project document` keeps the README's table; this fails when it was not run."""
    from weasel.cli.document import project_document

    copy = tmp_path / "README.md"
    copy.write_text((ROOT / "README.md").read_text(encoding="utf8"), encoding="utf8")
    project_document(ROOT, copy)
    assert copy.read_text(encoding="utf8") == (ROOT / "README.md").read_text(encoding="utf8")


def test_scripts_are_small():
    scripts = sorted((ROOT / "scripts").glob("*.py"))
    assert scripts
    for path in scripts:
        assert len(path.read_text(encoding="utf8").splitlines()) <= 40, path
        assert "scripts" not in re.findall(
            r"^(?:from|import) (\w+)", path.read_text(encoding="utf8"), flags=re.M
        )


SAMPLES = ROOT / "assets" / "samples"
COUNTS = srsly.read_json(SAMPLES / "counts.json")


@pytest.mark.parametrize("name", COUNTS)
def test_samples_are_whole(name: str):
    """The embedded corpora keep the size and the labels that the README states."""
    wanted = COUNTS[name]
    if "categories" in wanted:
        rows = list(srsly.read_jsonl(SAMPLES / f"{name}.jsonl"))
        assert len({row["text"] for row in rows}) == len(rows) == wanted["documents"]
        assert Counter(row["label"] for row in rows) == wanted["categories"]
        return
    lines = (SAMPLES / f"{name}.conll").read_text(encoding="utf8").splitlines()
    tags = [line.split()[-1] for line in lines if line.strip() and not line.startswith("-DOCSTART-")]
    assert sum(line.startswith("-DOCSTART-") for line in lines) == wanted["documents"]
    assert sum(tag.startswith("B-") for tag in tags) == wanted["entities"]
    assert {tag[2:] for tag in tags if tag != "O"} == set(wanted["labels"])
