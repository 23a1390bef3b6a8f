"""What `hone optimize` refuses: coded, without a trace in the folder, with the original as it was."""

import hashlib
import json
from pathlib import Path
from typing import Any

import onnxruntime
import pytest
import spacy
import torch
from typer.testing import CliRunner

from spacy_hone.cli import hone_cli
from spacy_hone.cli.optimize import optimize
from spacy_hone.deploy.optimize import build, export
from spacy_hone.deploy.optimize.choices import Choices
from spacy_hone.deploy.optimize.processor import Processor
from spacy_hone.errors import HoneError


def hashes(path: Path) -> dict[str, str]:
    files = (file for file in sorted(path.rglob("*")) if file.is_file())
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture
def refused(pipeline, dev, tmp_path):
    """refused("H715", ...): whether the command says all that, writes nothing, and leaves the pipeline as it was."""

    def run(*parts: str, out: Path = tmp_path / "out", options: tuple[str, ...] = ()) -> bool:
        before = {**hashes(pipeline()), **hashes(tmp_path)}
        args = ["optimize", str(pipeline()), str(out), "--dev", str(dev), *options]
        result = CliRunner().invoke(hone_cli, args)
        assert result.exit_code == 1 and "Traceback" not in result.output, result.output
        assert {**hashes(pipeline()), **hashes(tmp_path)} == before
        assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
        return all(part in result.stderr for part in parts) or pytest.fail(result.stderr)

    return run


def test_an_operator_that_does_not_export(refused, monkeypatch, capfd):
    def spell_out(transformer: Any) -> Any:
        copy = original(transformer)
        copy.encoder.register_forward_hook(bend)
        return copy

    def bend(module: Any, args: Any, output: Any) -> Any:
        output.last_hidden_state = torch.special.bessel_j0(output.last_hidden_state)
        return output

    original = export.spell_out
    monkeypatch.setattr(export, "spell_out", spell_out)
    assert refused("[H715]", "BertModel", "bessel_j0", "Nothing was written")
    assert "graph" not in capfd.readouterr().out


def test_an_encoder_that_is_too_large(refused, monkeypatch):
    monkeypatch.setattr(export, "MOST", 1000)
    assert refused("[H716]", "BertModel")


def test_a_graph_with_other_vectors(refused, monkeypatch):
    def spell_out(transformer: Any) -> Any:
        copy = original(transformer)
        copy.embeddings.word_embeddings.weight.data += 0.01 * torch.arange(16) ** 2
        return copy

    original = export.spell_out
    monkeypatch.setattr(export, "spell_out", spell_out)
    assert refused("[H717] The exported graph gives other vectors", "Nothing was written")


def test_float32_that_decides_otherwise(refused, monkeypatch):
    def run(*args: Any) -> Any:
        outcome = original(*args)
        outcome.decisions[1]["spans"]["ents"] = [(0, 3, "NONE")]
        return outcome

    original = build.run
    monkeypatch.setattr(build, "run", run)
    assert refused("[H719]", "document 1 of", "'NONE'", options=("--precision", "fp32"))


def test_onnxruntime_is_too_old(refused, monkeypatch):
    monkeypatch.setattr(onnxruntime, "__version__", "1.16.3")
    assert refused("[H217]", "1.16.3", "1.17")


def test_a_failure_at_the_very_end(refused, monkeypatch, tmp_path):
    def fail(nlp: Any, folder: Path, golds: Any) -> None:
        assert (folder / "transformer" / "encoder.onnx").exists()
        raise HoneError("[H731] the pipeline that was written decides otherwise")

    monkeypatch.setattr(build, "check_saved", fail)
    spacy.blank("en").to_disk(tmp_path / "used")
    assert refused("[H731]", out=tmp_path / "used", options=("--overwrite", "--precision", "fp32"))


def test_an_optimised_pipeline_is_not_optimised_again(pipeline, dev, tmp_path):
    optimize(str(pipeline()), tmp_path / "out", Choices(dev=dev, precision="fp32"))
    with pytest.raises(HoneError, match=r"H710.*hone_encoder, ner.*optimised already"):
        optimize(str(tmp_path / "out"), tmp_path / "again", Choices(dev=dev))


def test_a_graph_that_is_not_of_this_pipeline(pipeline, dev, tmp_path):
    optimize(str(pipeline()), tmp_path / "out", Choices(dev=dev, precision="fp32"))
    with (tmp_path / "out" / "transformer" / "encoder.onnx").open("ab") as file:
        file.write(b"\0")
    for command in (["evaluate"], ["benchmark", "--corpus"]):
        args = [command[0], str(tmp_path / "out"), *command[1:], str(dev)]
        result = CliRunner().invoke(hone_cli, args)
        assert result.exit_code == 1 and "[H220]" in result.stderr, result.output


def test_a_processor_without_the_features(pipeline, dev, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "read_processor", lambda: Processor("Core i5", ("avx2",)))
    report = optimize(str(pipeline()), tmp_path / "out", Choices(dev=dev, max_drop=1.0))
    [warning] = report.warnings
    assert warning.startswith("[H727] This processor (Core i5)") and report.reduce_range
    meta = json.loads((tmp_path / "out" / "meta.json").read_text(encoding="utf8"))
    assert meta["optimized"]["warnings"] == [warning] and meta["optimized"]["features"] == ["avx2"]
