"""What is written again at every evaluation of a training, and what is not."""

import copy
import os

import pytest
import spacy
import torch

from spacy_hone.models.saved import Saved, stamp

from .conftest import examples

TEXT = "two cups of sugar"


def weights(nlp) -> dict[str, torch.Tensor]:
    return nlp.get_pipe("transformer").model.shims[0].transformer.state_dict()


@pytest.fixture
def frozen(toy_nlp):
    return toy_nlp(freeze_embeddings=True, freeze_layers=[0, 1])


def test_a_file_that_something_else_touched_is_not_known(tmp_path):
    path, saved = tmp_path / "file", Saved()
    assert not saved.holds(path, "a")
    path.write_bytes(b"one")
    saved.note(path, "a")
    assert saved.holds(path, "a") and not saved.holds(path, "b") and not saved.holds(tmp_path / "other", "a")
    before = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not saved.holds(path, "a")
    path.unlink()
    assert not saved.holds(path, "a")


def test_a_frozen_encoder_is_written_once(frozen, tmp_path):
    file = tmp_path / "model" / "transformer" / "model"
    frozen.to_disk(tmp_path / "model")
    first = stamp(file)
    frozen.update(examples(frozen), sgd=frozen.create_optimizer())
    frozen.to_disk(tmp_path / "model")
    assert stamp(file) == first
    frozen.to_disk(tmp_path / "another")
    for folder in ("model", "another"):
        other = spacy.load(tmp_path / folder)
        assert [(e.text, e.label_) for e in other(TEXT).ents] == [
            (e.text, e.label_) for e in frozen(TEXT).ents
        ]
        assert all(torch.equal(weights(other)[name], weight) for name, weight in weights(frozen).items())


@pytest.mark.parametrize("counted", [True, False])
def test_a_change_is_written_also_where_torch_does_not_count_it(frozen, tmp_path, counted):
    for value in (1.0, 2.0, 3.0):
        weight = next(iter(frozen.get_pipe("transformer").model.shims[0].transformer.parameters()))
        with torch.no_grad():
            (weight if counted else weight.data)[0] = value
        frozen.to_disk(tmp_path)
        assert next(iter(weights(spacy.load(tmp_path)).values()))[0, 0] == value


def test_an_encoder_that_learns_is_written_every_time(toy_nlp, tmp_path):
    nlp = toy_nlp()
    sgd = nlp.create_optimizer()
    for _ in range(3):
        nlp.update(examples(nlp), sgd=sgd)
        nlp.to_disk(tmp_path)
        found = weights(spacy.load(tmp_path))
        assert all(torch.equal(found[name], weight) for name, weight in weights(nlp).items())


def test_a_component_that_is_not_updated_is_written_until_it_is_known(toy_nlp, tmp_path):
    nlp, file = toy_nlp(), tmp_path / "transformer" / "model"
    stamps = []
    for _ in range(4):
        nlp.to_disk(tmp_path)
        stamps.append(stamp(file))
    assert stamps[0] != stamps[1] == stamps[2] == stamps[3]


def test_copies_and_damaged_files_are_written(frozen, tmp_path):
    frozen.to_disk(tmp_path)
    file = tmp_path / "transformer" / "model"
    whole = file.read_bytes()
    for nlp in (frozen, copy.deepcopy(frozen)):
        file.write_bytes(b"damaged")
        nlp.to_disk(tmp_path)
        assert file.read_bytes() == whole


def test_another_tokenizer_is_another_content(frozen):
    shim = frozen.get_pipe("transformer").model.shims[0]
    before = shim.digest_if_unchanged()
    assert before and before == shim.digest_if_unchanged()
    shim.wordpieces.files["added_tokens.json"] = b"{}"
    assert shim.digest_if_unchanged() != before
