import sys

import pytest
import spacy

from spacy_hone.deploy.benchmark.child import measure_memory
from spacy_hone.deploy.benchmark.contender import measure_size
from spacy_hone.deploy.benchmark.start import measure_start
from spacy_hone.errors import HoneError


def test_a_fresh_process(tmp_path):
    spacy.blank("en").to_disk(tmp_path / "模型")
    start = measure_start(str(tmp_path / "模型"), ["two cups 面粉", "😀"], batch_size=2)
    assert start.seconds > start.load_seconds > 0
    assert 10 * 2**20 < start.loaded_bytes <= start.peak_bytes


def test_a_process_that_fails(tmp_path):
    with pytest.raises(HoneError, match=r"\[H753\].*no-such-model"):
        measure_start("no-such-model", ["a"], batch_size=1, python=sys.executable)


def test_memory_at_most_is_kept():
    before = measure_memory()[1]
    block = bytearray(b"x" * (200 * 2**20))
    del block
    now, peak = measure_memory()
    assert peak >= max(now, before) and peak - now > 100 * 2**20


def test_size_counts_all_files(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"123")
    (tmp_path / "c").write_bytes(b"4")
    assert measure_size(tmp_path) == 4
