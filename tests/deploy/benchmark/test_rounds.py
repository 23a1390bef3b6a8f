import pytest
import spacy

from spacy_hone.deploy.benchmark.contender import Contender
from spacy_hone.deploy.benchmark.rounds import Rounds, plan_passes, plan_starts


@pytest.fixture
def calls(monkeypatch) -> list[tuple]:
    found: list[tuple] = []
    for name in ("run_batches", "run_single", "start"):
        monkeypatch.setattr(
            Contender,
            name,
            lambda one, texts, *args, name=name: found.append((name, one.model, list(texts), *args)),
        )
    return found


def test_pipelines_take_turns(calls):
    contenders = [Contender(model, spacy.blank("en")) for model in "ab"]
    for step in plan_passes(contenders, ["x", "y"], Rounds((1, 8), repeats=2, singles=5, starts=1)):
        step()
    passes = [(model, size) for name, model, _, *size in calls if name == "run_batches"]
    assert passes == [(m, [s]) for turn in ("ab", "ba") for s in (1, 8) for m in turn]
    singles = {(model, tuple(texts)) for name, model, texts, *_ in calls if name == "run_single"}
    assert singles == {(model, texts) for model in "ab" for texts in (("x", "x", "x"), ("y", "y"))}


def test_starts_take_turns(calls):
    contenders = [Contender(model, spacy.blank("en")) for model in "ab"]
    for step in plan_starts(contenders, ["x"] * 9, Rounds((1, 4), repeats=1, singles=1, starts=2), -1):
        step()
    assert calls == [("start", model, ["x"] * 8, 4, -1) for model in "abba"]
