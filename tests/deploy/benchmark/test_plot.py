import warnings
from pathlib import Path

import pytest

from spacy_hone.deploy.benchmark import figure, plot
from spacy_hone.errors import HoneError

pytest.importorskip("matplotlib")
SIGNATURES = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.mark.parametrize("suffix", figure.SUFFIXES)
def test_names_of_any_characters(benchmark_of, suffix):
    found = benchmark_of("模型/最好", "_a $x$ $", "b")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # of glyphs that are missing, of labels that are left out
        image, notes = plot.draw(found, Path(f"x{suffix}"))
    assert image.startswith(SIGNATURES[suffix])
    assert len(notes) == (figure.find_families("模型") is None)
    assert all(note.startswith("[H754]") for note in notes)


def test_one_pipeline(benchmark_of):
    image, notes = plot.draw(benchmark_of("a"), Path("x.svg"))
    assert not notes and b"<svg" in image


def test_panels(benchmark_of):
    speed, latency, costs, scores = plot.make_panels(benchmark_of("a", "b"))
    assert speed.groups == ["1", "32"] and speed.labels == [["50", "50"], ["100", "100"]]
    assert latency.labels[0] == ["50.5", "95.0", "99.0"]
    assert costs.bars[1][:2] == [1, 0.5] and costs.labels[1] == ["3.8", "150", "0"]
    assert scores.groups == ["ents_f"] and scores.bars == [[0.5], [0.5]]


def test_axes_are_logarithmic_where_values_lie_apart():
    with figure.make_figure(2) as (_, (near, far)):
        figure.fit_axis(near, "y", [0, 1, 10])
        figure.fit_axis(far, "y", [0, 1, 100])
    assert (near.get_yscale(), far.get_yscale()) == ("linear", "log")


def test_what_cannot_be_drawn_is_said_first(monkeypatch):
    with pytest.raises(HoneError, match=r"\[H751\].*x\.gif"):
        figure.check_plot(Path("x.gif"))
    monkeypatch.setattr(figure, "find_spec", lambda name: None)
    with pytest.raises(HoneError, match=r"\[H752\]"):
        figure.check_plot(Path("x.PNG"))
