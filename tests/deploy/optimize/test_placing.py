import pytest

from spacy_hone.deploy.optimize.placing import beside, check_place
from spacy_hone.errors import HoneError


def test_a_new_folder_takes_the_place_as_a_whole(tmp_path):
    out = tmp_path / "a" / "out"
    for content in ("old", "new"):
        with beside(out) as folder:
            (folder / content).touch()
    assert [path.name for path in out.iterdir()] == ["new"]
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_a_failure_leaves_no_trace(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept").touch()
    for out in (tmp_path / "out", tmp_path / "a" / "b"):
        with pytest.raises(KeyError), beside(out) as folder:
            (folder / "half").touch()
            raise KeyError
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["kept", "out"]


def test_a_place_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(HoneError, match="H726"), beside(tmp_path / "file" / "out"):
        pass


def test_places_that_are_refused(tmp_path):
    model, used, other, file = (tmp_path / name for name in ("model", "used", "other", "file"))
    for path in (model, used, other):
        path.mkdir()
    for path in (used / "meta.json", used / "config.cfg", other / "thesis.tex", file):
        path.touch()
    refused = {
        (model, True): "H723",
        (model / "out", False): "H723",
        (tmp_path, True): "H723",
        (used, False): "H722",
        (other, True): "H708",
        (file, True): "H708",
    }
    for (out, overwrite), code in refused.items():
        with pytest.raises(HoneError, match=code):
            check_place(out, str(model), overwrite)
    check_place(used, str(model), True)
    check_place(tmp_path / "new", "name_of_a_package", False)


def test_the_folder_of_an_installed_pipeline(tmp_path, monkeypatch):
    for path in (tmp_path / "en_mine" / "en_mine-1.0", tmp_path / "en_mine-1.0.dist-info"):
        path.mkdir(parents=True)
    (tmp_path / "en_mine" / "__init__.py").touch()
    (tmp_path / "en_mine-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: en_mine\nVersion: 1.0\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(HoneError, match="H723"):
        check_place(tmp_path / "en_mine" / "en_mine-1.0", "en_mine", True)
    check_place(tmp_path / "elsewhere", "en_mine", False)
