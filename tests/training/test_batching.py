"""`hone.batch_by_wordpieces.v1`."""

import json
import random

import pytest
import spacy
from spacy.training import Example

from spacy_hone.errors import HoneError
from spacy_hone.training.batching import estimate_wordpieces, make_batch_by_wordpieces


@pytest.fixture
def examples() -> list[Example]:
    nlp = spacy.blank("en")
    docs = [nlp.make_doc("word " * (1 + 7 * i % 20)) for i in range(100)]
    return [Example(doc, doc) for doc in docs]


def padded(batch: list[Example]) -> int:
    return len(batch) * max(estimate_wordpieces(example.reference.text) for example in batch)


def test_batches_stay_within_the_padded_size(examples):
    batches = list(make_batch_by_wordpieces(64)(examples))
    assert max(map(padded, batches)) <= 64
    assert sorted(id(eg) for batch in batches for eg in batch) == sorted(map(id, examples))


def test_long_documents_are_alone_or_left_out(examples):
    batches = list(make_batch_by_wordpieces(10)(examples))
    assert all(len(batch) == 1 for batch in batches if padded(batch) > 10)
    assert sum(map(len, batches)) == len(examples)
    kept = [eg for batch in make_batch_by_wordpieces(10, discard_oversize=True)(examples) for eg in batch]
    assert len(kept) == sum(padded([eg]) <= 10 for eg in examples)


def test_max_docs_limits_a_batch(examples):
    batches = list(make_batch_by_wordpieces(100_000, buffer=50, max_docs=16)(examples))
    assert sorted(map(len, batches)) == [2, 2, 16, 16, 16, 16, 16, 16]


def test_order_depends_on_the_seed_alone(examples):
    orders = []
    for seed in (0, 0, 1):
        random.seed(seed)
        orders.append([[id(eg) for eg in batch] for batch in make_batch_by_wordpieces(64)(examples)])
    assert orders[0] == orders[1] != orders[2]


def test_an_encoders_tokenizer_counts(examples, tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"word": 0, "[UNK]": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (tmp_path / "model.safetensors").touch()
    batches = list(make_batch_by_wordpieces(20, encoder=str(tmp_path))(examples))
    sizes = [len(batch) * max(len(eg.reference) for eg in batch) for batch in batches]
    assert max(sizes) == 20


def test_an_encoder_without_fast_tokenizer_is_an_error(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(HoneError, match=r"\[H505\]"):
        make_batch_by_wordpieces(20, encoder=str(tmp_path))


def test_a_tokenizer_that_cannot_be_read_is_an_error(tmp_path):
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(HoneError, match=r"\[H203\].*tokenizer.json"):
        make_batch_by_wordpieces(20, encoder=str(tmp_path))


def test_an_encoder_that_the_hub_does_not_have_is_an_error(monkeypatch):
    class Tokenizer:
        @staticmethod
        def from_pretrained(name):
            raise OSError("no such repository")

    monkeypatch.setattr("spacy_hone.models.resolve.is_offline", lambda: False)
    monkeypatch.setattr("tokenizers.Tokenizer", Tokenizer)
    with pytest.raises(HoneError, match=r"(?s)\[H201\].*'no/such'.*hub: no such repository"):
        make_batch_by_wordpieces(20, encoder="no/such")


@pytest.mark.parametrize("name", ["size", "buffer", "max_docs"])
def test_numbers_below_one_are_errors(name):
    with pytest.raises(HoneError, match=rf"\[H504\].*{name} is 0"):
        make_batch_by_wordpieces(**{"size": 1, name: 0})


@pytest.mark.parametrize(
    ("text", "pieces"),
    [("", 2), ("cat", 3), ("internationally", 5), ("顺丰速运", 6), ("a, b", 5), ("寄到SF Express", 7)],
)
def test_estimate(text, pieces):
    assert estimate_wordpieces(text) == pieces
