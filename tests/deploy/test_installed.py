"""The comparison of an installed pipeline with the trained one; the installation itself is a step of `all`."""

import sys
from pathlib import Path

import pytest
import spacy

from spacy_hone.deploy.installed import _compare, _expected, _predict
from spacy_hone.errors import HoneError

ENTS = [[[0, 4, "PER", 0.9], [9, 13, "LOC", 0.8]], []]


def test_the_same_predictions_are_counted():
    found = [[[0, 4, "PER", 0.9004], [9, 13, "LOC", 0.8]], []]
    result = _compare("en_x", ENTS, found, tolerance=1e-3)
    assert (result["documents"], result["decisions"]) == (2, 2)
    assert result["largest_confidence_difference"] == pytest.approx(4e-4)


@pytest.mark.parametrize(
    "found",
    [
        [[[0, 4, "PER", 0.9], [9, 12, "LOC", 0.8]], []],
        [[[0, 4, "ORG", 0.9], [9, 13, "LOC", 0.8]], []],
        [[[0, 4, "PER", 0.9]], []],
        [[[0, 4, "PER", 0.95], [9, 13, "LOC", 0.8]], []],
    ],
    ids=["other end", "other label", "one lost", "other confidence"],
)
def test_any_difference_is_an_error(found: list):
    with pytest.raises(HoneError, match=r"\[H703\].*en_x"):
        _compare("en_x", ENTS, found, tolerance=1e-3)


def test_what_does_not_load_says_why(tmp_path: Path):
    with pytest.raises(HoneError, match=r"\[H702\].*en_nowhere(.|\n)*E050"):
        _predict(Path(sys.executable), tmp_path, "en_nowhere", ["text"])


def test_a_pipeline_from_outside_the_environment_is_refused(tmp_path: Path):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Rome"}])
    nlp.to_disk(tmp_path / "model")
    assert _expected(tmp_path / "model", ["In Rome."]) == [[[3, 7, "LOC", None]]]
    (tmp_path / "clean").mkdir()
    with pytest.raises(HoneError, match=r"\[H702\](.|\n)*outside the clean environment"):
        _predict(Path(sys.executable), tmp_path / "clean", str(tmp_path / "model"), ["In Rome."])
