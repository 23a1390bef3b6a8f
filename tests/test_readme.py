"""What the README shows works as it stands there."""

import re
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.training import Example
from spacy.util import registry
from thinc.api import Config
from typer.main import get_command

from spacy_hone.cli import hone_cli
from spacy_hone.teachers.configured import read_config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf8")
TABLES = re.compile(
    r"<!-- WEASEL: AUTO.*?START.*END.*?-->", re.DOTALL
)  # of project.yml, in the English one alone
# what both READMEs must name: settings and components, options, files, verbs of ours, and figures
NAMED = re.compile(
    r"hone\.\w+\.v1|\bhone_\w+|(?<=[ `])--[\w.-]+|\b\w+\.(?:cfg|py)\b|(?<=spacy )hone \S+|[1-9]\.\d\d?\b|\b0\.\d{3}\b"
)


def blocks(language: str, word: str) -> list[str]:
    found = [
        text for text in re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL) if word in text
    ]
    assert found
    return found


def test_a_loss_of_ones_own_trains_and_is_weighted():
    [source] = blocks("python", "registry.losses")
    body = source[source.index("@spacy") :]
    assert len(body.strip().splitlines()) <= 6
    exec(source, {})
    loss = registry.losses.get("my.Brier.v1")()
    logits, targets, mask = np.array([[0.3, -1.0, 0.2], [2.0, 0.0, 0.0]]), np.eye(3)[[0, 2]], np.array([1, 1])
    gradient, value = loss(logits, targets, mask)
    for at in np.ndindex(logits.shape):
        moved = logits.copy()
        moved[at] += 1e-4
        assert (loss(moved, targets, mask)[1] - value) / 1e-4 == pytest.approx(gradient[at], abs=1e-3)

    nlp = spacy.blank("en")
    config = {"loss": {"@losses": "my.Brier.v1", "weights": [["A", 3.0]]}}
    nlp.add_pipe("hone_ner", name="ner", config=config)
    eg = Example.from_dict(nlp.make_doc("one two three"), {"entities": ["U-A", "O", "O"]})
    spacy.util.fix_random_seed(0)
    optimizer = nlp.initialize(lambda: [eg])
    losses = [nlp.update([eg], sgd=optimizer)["ner"] for _ in range(20)]
    assert losses[-1] < losses[0] / 2
    assert nlp.get_pipe("ner").cfg["weights"] == [["O", 1.0], ["A", 3.0]]


def test_the_loss_block_is_a_loss():
    [text] = blocks("ini", "hone.Focal.v1")
    loss = registry.resolve(
        Config().from_str("[components]\n[components.ner]\n" + text)["components"]["ner"]
    )["loss"]
    loss.bind(["", "PART", "PART"], [90, 4, 6], 100, strict=True)
    assert loss.label_weights == [("O", pytest.approx(0.5556, abs=1e-4)), ("PART", 5.0)]


@pytest.mark.parametrize(
    "name", ["hone.HuggingFaceTeacher.v1", "hone.EnsembleTeacher.v1", "hone.CachedTeacher.v1"]
)
def test_the_teachers_are_blocks_of_the_config_that_is_named(name, tmp_path):
    [text] = blocks("ini", name)
    assert f"```ini\n{text}```" in CHINESE
    config = (ROOT / "configs" / "ner_student_cnn.cfg").read_text(encoding="utf8")
    theirs = re.search(r"\[initialize\.components\.ner\.teacher\]\n(?:\S.*\n)+", config)
    assert theirs is not None
    (tmp_path / "student.cfg").write_text(config.replace(theirs[0], text), encoding="utf8")
    settings = read_config(tmp_path / "student.cfg", {"paths.teacher": "a/teacher"})
    block = settings["initialize"]["components"]["ner"]["teacher"]
    assert block["@misc"] == name and type(registry.resolve({"teacher": block})["teacher"]).__name__ in name


def test_the_loggers_resolve(tmp_path, monkeypatch):
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    monkeypatch.chdir(tmp_path)
    [text] = blocks("ini", "hone.Loggers.v1")
    resolved = registry.resolve(Config().from_str("[training]\n" + text)["training"])
    assert callable(resolved["logger"])


def test_every_config_is_in_the_table():
    names = {path.name for path in (ROOT / "configs").glob("*.cfg")}
    for text in (README, CHINESE):
        assert names <= set(re.findall(r"`(\w+\.cfg)`", text))


def test_the_chinese_readme_says_the_same():
    """Names, commands and figures stand in both; the example of a Chinese corpus has a tokenizer of its own."""
    ours, theirs = (set(NAMED.findall(text)) for text in (TABLES.sub("", README), CHINESE))
    assert len(ours) > 80
    assert ours - theirs == set()
    assert theirs - ours == {"--tokenizer"}
    for kind in (r"^## ", r"^```"):
        counts = [
            len(re.findall(kind, TABLES.sub("", text), flags=re.MULTILINE)) for text in (README, CHINESE)
        ]
        assert counts[0] == counts[1], kind


@pytest.mark.parametrize("text", [README, CHINESE], ids=["en", "zh"])
def test_options_and_files_exist(text: str):
    """Every verb and option of ours that is shown is one of the command line's, every script one of the project's."""
    verbs = get_command(hone_cli).commands
    shown = re.findall(r"spacy hone ([a-z][a-z-]*)((?: [^`\n\\]+|\\\n)*)", text)
    assert {verb for verb, _ in shown} >= {"convert", "evaluate", "extend", "optimize", "benchmark"}
    for verb, rest in shown:
        known = {name for option in verbs[verb].params for name in option.opts}
        # settings of a config, --paths.train, are no options
        assert set(re.findall(r"(?<!\S)--[a-z-]+(?![\w.-])", rest)) <= known, (verb, rest)
    for script in re.findall(r"scripts/\w+\.py|configs/\w+\.cfg", text):
        assert (ROOT / script).is_file()
    for link in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert (ROOT / link).exists(), link
