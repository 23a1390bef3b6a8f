import json

import pytest

from spacy_hone.deploy.benchmark.report import to_json
from spacy_hone.deploy.benchmark.spread import spread, spread_ratios
from spacy_hone.deploy.benchmark.tables import print_benchmark
from spacy_hone.evaluation.tables import make_console


def test_spread_is_quartiles():
    assert spread([4, 1, 3, 2, 5]) == (2, 3, 4)
    assert spread([7]) == (7, 7, 7)
    assert spread([1, 2, 4]).format(".1f") == ("2.0", "1.5–3.0")


def test_ratios_are_taken_pair_by_pair():
    # the machine was ten times slower in the second round, for both
    assert spread_ratios([2, 20], [1, 10]) == (2, 2, 2)
    with pytest.raises(ValueError):
        spread_ratios([1, 2], [1])


def test_all_numbers_as_json(benchmark_of):
    data = json.loads(json.dumps(to_json(benchmark_of("a", "b"))))
    first, second = data["pipelines"]
    assert [speed["batch_size"] for speed in first["speed"]] == [1, 32]
    assert first["speed"][0]["words_per_second"] == {"low": 37.5, "median": 50, "high": 75}
    assert second["speed"][0]["documents_per_second"]["median"] == 10
    assert first["speed"][0]["times_the_first"]["median"] == 1
    assert second["speed"][1]["times_the_first"] == {"low": 2, "median": 2, "high": 2}
    assert first["latency_ms"]["p50"] == pytest.approx(50.5) and first["latency_ms"]["p99"] == pytest.approx(
        99.01
    )
    assert second["latency_ms"]["times_the_first"]["median"] == pytest.approx(2)
    assert first["start"]["seconds"]["median"] == 3.75
    assert second["main_scores"] == ["ents_f"] and second["scores"]["ents_p"] == 0.25


def test_tables(benchmark_of):
    console = make_console(record=True, width=140)
    with console.capture() as capture:
        print_benchmark(benchmark_of("training/a/model-best", "training/b/model-best"), console)
    text = capture.get()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    assert ["2 b/model-best", "32", "100", "75–150", "10.0", "2.00", "2.00–2.00"] in cells
    assert ["1 a/model-best", "50.5", "95.0", "99.0", "1.00", "1.00–1.00"] in cells
    assert ["2 b/model-best", "2.00", "3.75", "100", "150", "0.0", "0.5000"] in cells
    assert "测试.spacy (10 documents, 100 words)" in text and "P, 2 cores, vnni" in text


def test_names_tell_pipelines_apart(benchmark_of):
    assert benchmark_of("x/a", "y/b").names() == ["1 a", "2 b"]
    assert benchmark_of("x/a", "y/a", "en_a").names() == ["1 x/a", "2 y/a", "3 en_a"]
    assert benchmark_of("x/a", "x/a").names() == ["1 a", "2 a"]
