"""Stratified division of a stream."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from spacy_hone.corpora.records import Record
from spacy_hone.corpora.split import BLOCK, Splitter, parse_split
from spacy_hone.errors import HoneError

SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def records(count: int, seed: int = 0) -> list[Record]:
    random = Random(seed)
    chance = {"A": 0.9, "B": 0.3, "C": 0.05, "D": 0.02}
    labels = ([name for name in chance if random.random() < chance[name]] for _ in range(count))
    return [
        Record(Path("x"), i, ["t"], [False], [0], [(0, 1, name) for name in names])
        for i, names in enumerate(labels)
    ]


@pytest.mark.parametrize("count", [50, 700, BLOCK, 3 * BLOCK + 457])
def test_sizes_and_labels_are_in_proportion(count: int) -> None:
    documents: Counter[str] = Counter()
    labels: dict[str, Counter[str]] = {part: Counter() for part in SHARES}
    for part, record in Splitter(SHARES, 0).split(records(count)):
        documents[part] += 1
        labels[part].update(record.labels())
    total = sum(labels.values(), Counter())
    for part, share in SHARES.items():
        assert abs(documents[part] - share * count) < 1
        for label in total:
            assert abs(labels[part][label] - share * total[label]) <= 3, (part, label)


def test_order_is_kept_and_the_seed_decides() -> None:
    data = records(200)
    first = list(Splitter(SHARES, 1).split(data))
    assert [record.line for _, record in first] == list(range(200))
    assert first == list(Splitter(SHARES, 1).split(data))
    assert first != list(Splitter(SHARES, 2).split(data))


def test_stream_is_not_gathered() -> None:
    taken = 0

    def stream():
        nonlocal taken
        for record in records(5 * BLOCK):
            taken += 1
            yield record

    next(iter(Splitter(SHARES, 0).split(stream())))
    assert taken == BLOCK


@pytest.mark.parametrize(
    "text", ["0.8,0.1", "0.8", "a,b", "0.5,0.6,-0.1", "0.2,0.2,0.2,0.4", "nan,nan", "0.9,nan", "inf,0"]
)
def test_bad_shares(text: str) -> None:
    with pytest.raises(HoneError, match="H118"):
        parse_split(text)


def test_a_share_of_zero_leaves_a_part_out() -> None:
    assert parse_split("0.9,0,0.1") == {"train": 0.9, "test": 0.1}
