import json
from pathlib import Path

import pytest
import spacy
from spacy.cli import app
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

from spacy_hone.cli import hone_cli
from spacy_hone.cli.benchmark import benchmark
from spacy_hone.deploy.benchmark import contender
from spacy_hone.deploy.benchmark.start import Start
from spacy_hone.errors import HoneError

FAST = ("--repeats", 2, "--singles", 3, "--starts", 1)


@pytest.fixture(autouse=True)
def no_processes(monkeypatch):
    """Processes have a test of their own."""
    monkeypatch.setattr(
        contender, "measure_start", lambda *args, **kwargs: Start(1.0, 1.0, 1.0, 2**20, 2**21)
    )


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> list[str]:
    """A pipeline that finds flour, and one that finds nothing."""
    folder = tmp_path_factory.mktemp("模型")
    for name, word in (("好", "flour"), ("none", "wheat")):
        nlp = spacy.blank("en")
        nlp.add_pipe("entity_ruler").add_patterns([{"label": "FOOD", "pattern": word}])
        nlp.to_disk(folder / name)
    return [str(folder / "好"), str(folder / "none")]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    vocab = spacy.blank("en").vocab
    docs = [
        Doc(vocab, ["two", "cups", "flour"], ents=["O", "O", "B-FOOD"]),
        Doc(vocab, []),
        Doc(vocab, ["salt"]),
    ]
    path = tmp_path_factory.mktemp("corpus") / "测试.spacy"
    DocBin(docs=docs).to_disk(path)
    return path


def invoke(*args: object):
    return CliRunner().invoke(hone_cli, ["benchmark", *map(str, args)])


def test_everything_is_written(models, corpus, tmp_path):
    pytest.importorskip("matplotlib")
    files = ("--json", tmp_path / "out" / "数.json", "--plot", tmp_path / "图.png")
    result = invoke(*models, "--corpus", corpus, "--batch-size", "1,2,1", *FAST, *files)
    assert result.exit_code == 0, result.output
    data = json.loads(files[1].read_text(encoding="utf8"))
    assert (data["documents"], data["words"], data["repeats"]) == (2, 4, 2)
    good, none = data["pipelines"]
    assert [speed["batch_size"] for speed in good["speed"]] == [1, 2]
    assert len(none["speed"][0]["seconds"]) == 2 and none["latency_ms"]["texts"] == 3
    assert (good["scores"]["ents_f"], none["scores"]["ents_f"]) == (1.0, 0.0)
    assert good["start"]["peak_bytes"]["median"] > 0 and good["disk_bytes"] > 0
    assert files[3].read_bytes().startswith(b"\x89PNG")
    for part in ("1 好", "2 none", "ents_f", "times as fast as the first", "2 documents, 4 words"):
        assert part in result.stdout


@pytest.mark.parametrize(
    "name, text", [("a.jsonl", '{"text": "two cups"}\n\n{"text": ""}\n'), ("a.txt", "two cups\n")]
)
def test_texts_without_annotation(models, tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf8")
    found = benchmark(models[:1], tmp_path / name, batch_sizes=[4], repeats=1, singles=1, starts=1)
    assert (found.facts["documents"], found.facts["words"], found.score_names) == (1, 2, [])


def test_no_score_and_a_limit(models, corpus):
    options = {"batch_sizes": [4], "repeats": 1, "singles": 1, "starts": 1, "limit": 1}
    found = benchmark(models[:1], corpus, score=False, **options)
    assert (found.facts["words"], found.score_names) == (3, [])


def test_faults_come_first(models, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("spacy_hone.cli.benchmark.plan_starts", lambda *args: pytest.fail("work began"))
    DocBin().to_disk(tmp_path / "empty.spacy")
    good = (models[0], "--corpus", corpus)
    faults = {
        "H601": ("no-such-model", "--corpus", corpus),
        "H602": (tmp_path, "--corpus", corpus),
        "H603": (models[0], "--corpus", tmp_path / "empty.spacy"),
        "H124": (models[0], "--corpus", tmp_path / "none.spacy"),
        "H110": (models[0], "--corpus", tmp_path / "none.txt"),
        "H607": (*good, "--json", tmp_path),
        "H610": (*good, "--gpu-id", 99),
        "H750": (*good, "--batch-size", "0,1"),
        "H751": (*good, "--plot", tmp_path / "x.gif"),
    }
    for code, args in faults.items():
        result = invoke(*args)
        assert result.exit_code == 1, code
        assert f"[{code}]" in result.stderr and not result.stdout and "Traceback" not in result.output
    for text in ("", "a", "1,,2", "1.5"):
        assert "[H750]" in invoke(*good, "--batch-size", text).stderr
    with pytest.raises(HoneError, match=r"\[H750\]"):
        benchmark(models, corpus, batch_sizes=[])


def test_it_is_a_command_of_spacy():
    result = CliRunner().invoke(app, ["hone", "benchmark", "--help"])
    assert result.exit_code == 0 and "--batch-size" in result.stdout
