import shutil
from pathlib import Path

import pytest
import spacy

from spacy_hone.deploy.wheels import build_wheel, find_wheel, list_code
from spacy_hone.errors import HoneError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of what the package's wheel is made of."""
    path = tmp_path / "source"
    shutil.copytree(ROOT / "components" / "spacy_hone", path / "components" / "spacy_hone")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, path / name)
    return path


def test_readme_changes_the_wheel_but_not_its_code(source: Path, tmp_path: Path):
    packages = tmp_path / "packages"
    wheel = build_wheel(source, packages)
    code, content = list_code(wheel), wheel.read_bytes()
    assert any(line.startswith("spacy_hone/errors/__init__.py,") for line in code)
    assert (packages / "spacy_hone.code").read_text(encoding="utf8").splitlines() == code
    assert build_wheel(source, packages).read_bytes() == content
    (source / "README.md").write_text("another", encoding="utf8")
    assert list_code(build_wheel(source, packages)) == code and wheel.read_bytes() != content
    (source / "components" / "spacy_hone" / "types.py").write_text("", encoding="utf8")
    assert list_code(build_wheel(source, packages)) != code


def test_pipeline_wheel_requires_ours(tmp_path: Path):
    nlp = spacy.blank("en")
    nlp.add_pipe("hone_ner").add_label("FOOD")
    nlp.initialize()
    nlp.to_disk(tmp_path / "model")
    meta = tmp_path / "meta.json"
    meta.write_text('{"name": "tiny", "version": "0.1.0", "license": "MIT"}', encoding="utf8")
    wheel = build_wheel(tmp_path / "model", tmp_path / "packages", meta)
    assert wheel.name == "en_tiny-0.1.0-py3-none-any.whl"
    assert not (tmp_path / "packages" / "en_tiny.code").exists()
    shutil.unpack_archive(wheel, tmp_path / "unpacked", "zip")
    [metadata] = (tmp_path / "unpacked").rglob("METADATA")
    assert "Requires-Dist: spacy-hone<0.2.0,>=0.1.0" in metadata.read_text(encoding="utf8")


def test_the_teacher_stays_behind(tmp_path: Path):
    """Even where it is in the config that lies there."""
    nlp = spacy.blank("en")
    nlp.add_pipe("hone_ner", name="ner").add_label("FOOD")
    nlp.initialize()
    teacher = {"@misc": "hone.PipelineTeacher.v1", "model": "training/secret"}
    nlp.config["initialize"]["components"]["ner"] = {"labels": ["FOOD", "US$"], "teacher": teacher}
    nlp.config["initialize"]["components"]["ner"]["init_from"] = "training/secret"
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "model" / "config.cfg").write_text(nlp.config.to_str(), encoding="utf8")
    shutil.unpack_archive(
        build_wheel(tmp_path / "model", tmp_path / "packages"), tmp_path / "unpacked", "zip"
    )
    [packed] = (tmp_path / "unpacked").rglob("config.cfg")
    before = (tmp_path / "model" / "config.cfg").read_text(encoding="utf8").splitlines()
    text = packed.read_text(encoding="utf8")
    assert "secret" not in text and set(text.splitlines()) < set(before)
    assert spacy.load(packed.parent).pipe_names == ["ner"]


def test_what_cannot_be_built_says_why(tmp_path: Path):
    (tmp_path / "setup.py").write_text("raise SystemExit('no setup')", encoding="utf8")
    with pytest.raises(HoneError, match=r"\[H804\](.|\n)*no setup"):
        build_wheel(tmp_path, tmp_path / "packages")
    assert not list((tmp_path / "packages").iterdir())


def test_what_no_wheel_can_be_made_of(tmp_path: Path):
    training, packages = tmp_path / "training", tmp_path / "packages"
    (training / "half").mkdir(parents=True)
    spacy.blank("en").to_disk(training / "model-best")
    (training / "half" / "config.cfg").touch()
    wrong = {tmp_path / "nowhere": "no wheel to build.$", training: f"There is: .*{training / 'model-best'}"}
    wrong |= {training / "half": "half is neither"}
    for source, message in wrong.items():
        with pytest.raises(HoneError, match=rf"\[H807\].*{message}"):
            build_wheel(source, packages)
    for name, content in {"broken": "{", "list": "[]", "absent": ""}.items():
        meta = tmp_path / f"{name}.json"
        if content:
            meta.write_text(content, encoding="utf8")
        with pytest.raises(HoneError, match=rf"\[H808\] {meta}: "):
            build_wheel(training / "model-best", packages, meta)
    assert not packages.exists()


def test_newest_wheel_is_found(tmp_path: Path):
    with pytest.raises(HoneError, match=r"\[H805\].*en_tiny"):
        find_wheel(tmp_path, "en_tiny")
    (tmp_path / "en_tiny-0.1.0-py3-none-any.whl").touch()
    assert find_wheel(tmp_path, "en_tiny").name == "en_tiny-0.1.0-py3-none-any.whl"
