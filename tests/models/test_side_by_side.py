from threading import get_ident

import pytest
import torch

from spacy_hone.models import side_by_side
from spacy_hone.models.side_by_side import count_lanes, run_side_by_side


@pytest.fixture
def four_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def test_threads_share_what_torch_has(four_threads):
    def look() -> tuple[int, int]:
        return get_ident(), torch.get_num_threads()

    seen = run_side_by_side([look, look])
    assert len({ident for ident, _ in seen}) == 2 and [n for _, n in seen] == [2, 2]
    assert torch.get_num_threads() == 4
    assert run_side_by_side([look]) == [(get_ident(), 4)]
    assert run_side_by_side([]) == []


@pytest.mark.parametrize("place", [0, 1])
def test_errors_come_through(four_threads, place):
    functions = [lambda: 1, lambda: 1]
    functions[place] = lambda: int("x")
    with pytest.raises(ValueError, match="x"):
        run_side_by_side(functions)
    assert torch.get_num_threads() == 4
    assert run_side_by_side([lambda: "a", lambda: "b", lambda: "c"]) == ["a", "b", "c"]


def test_how_many(four_threads, monkeypatch):
    assert [count_lanes(n) for n in (0, 1, 2, 100)] == [1, 1, 2, 2]
    torch.set_num_threads(1)
    assert count_lanes(100) == 1
    monkeypatch.setattr(side_by_side, "LANES", 8)
    torch.set_num_threads(4)
    assert count_lanes(100) == 4
