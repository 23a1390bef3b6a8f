from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_hone.cli import hone_cli


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """A pipeline without a transformer."""
    path = tmp_path_factory.mktemp("model") / "model"
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(path)
    return path


@pytest.fixture(scope="module")
def dev(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("dev") / "dev.spacy"
    DocBin(docs=[spacy.blank("en")("two cups")]).to_disk(path)
    return path


def invoke(*args: object):
    return CliRunner().invoke(hone_cli, ["optimize", *map(str, args)])


def test_faults_exit_and_write_nothing(model, dev, tmp_path):
    used = tmp_path / "used"
    used.mkdir()
    (used / "thesis.tex").touch()
    out, usual = tmp_path / "out", ("--dev", dev)
    before = sorted(tmp_path.rglob("*"))
    faults = [
        ("H601", "no_such_model", out, *usual),
        ("H602", used, out, *usual),
        ("H124", model, out, "--dev", tmp_path / "none.spacy"),
        ("H708", model, used, *usual, "--overwrite"),
        ("H710", model, out, *usual),
        ("H722", model, used, *usual),
        ("H723", model, model, *usual, "--overwrite"),
        ("H724", model, out, *usual, "--precision", "int4"),
        ("H724", model, out, *usual, "--max-drop", "2"),
        ("H724", model, out, *usual, "--threads", "-1"),
        ("H724", model, out, *usual, "--provider", "cuda"),
    ]
    for code, *args in faults:
        result = invoke(*args)
        assert result.exit_code == 1, (code, result.output)
        assert f"[{code}]" in result.stderr and "Traceback" not in result.output, (code, result.output)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_missing_is_named(model, dev, tmp_path, monkeypatch):
    monkeypatch.setattr("spacy_hone.deploy.optimize.choices.find_spec", lambda package: None)
    assert "[H709]" in invoke(model, tmp_path / "out", "--dev", dev).stderr


def test_the_report_is_printed(tmp_path, monkeypatch):
    from spacy_hone.deploy.optimize.report import Report
    from spacy_hone.deploy.optimize.sensitivity import Trial

    report = Report(
        model="m",
        precision="mixed",
        encoder="BertModel (bert)",
        fused={"Attention": 2},
        entries=(300, 200),
        gap=1e-6,
        kept=("layer 1",),
        errors={"layer 1": 0.1},
        trials=[Trial((), 0.5, 1_000_000), Trial(("layer 1",), 0.81, 2_000_000)],
        score=(0.81, 0.805),
        scores={"ents_f": (0.81, 0.805)},
        max_drop=0.005,
        documents=8,
        same=0.875,
        speed=(1000.0, 4000.0),
        sizes=(90_000_000, 25_000_000),
        processor="Xeon",
        features=("avx2",),
        reduce_range=True,
        threads=0,
        provider="cpu",
        engine="onnxruntime",
        versions={},
        warnings=["[H727] ..."],
    )
    monkeypatch.setattr("spacy_hone.cli.optimize.optimize", lambda *args, **kwargs: report)
    result = invoke("m", tmp_path / "out", "--dev", "dev.spacy")
    assert result.exit_code == 0, result.output
    for part in (
        "BertModel (bert), mixed, layer 1 in float32, weights of 7 bits",
        "200 of 300 entries",
        "87.5% of 8",
        "25.0",
        "4,000",
        "2 Attention",
        "0.5000",
        "Warning: [H727]",
        "Written: ",
    ):
        assert part in result.output
