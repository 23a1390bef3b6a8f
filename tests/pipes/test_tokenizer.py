"""`hone.MixedTokenizer.v1` in pipelines."""

import pickle
from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from spacy_hone.pipes.tokenizer import make_mixed_tokenizer

TEXT = "顺丰SF Express，请拨 +86 138 0000 1111。\n收件人: Lena"
WORDS = [
    "顺",
    "丰",
    "SF",
    "Express",
    "，",
    "请",
    "拨",
    "+86 138 0000 1111",
    "。",
    "\n",
    "收",
    "件",
    "人",
    ":",
    "Lena",
]


@pytest.fixture(params=["zh", "en", "xx"])
def nlp(request: pytest.FixtureRequest) -> Language:
    return spacy.blank(
        request.param, config={"nlp": {"tokenizer": {"@tokenizers": "hone.MixedTokenizer.v1"}}}
    )


def words(doc) -> list[str]:
    return [token.text for token in doc]


def test_tokens_and_text(nlp: Language) -> None:
    doc = nlp(TEXT)
    assert words(doc) == WORDS
    assert doc.text == TEXT


def test_saved_and_loaded(nlp: Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "nlp")
    assert words(spacy.load(tmp_path / "nlp")(TEXT)) == WORDS
    again = spacy.blank(nlp.lang, config={"nlp": {"tokenizer": {"@tokenizers": "hone.MixedTokenizer.v1"}}})
    assert words(again.from_bytes(nlp.to_bytes())(TEXT)) == WORDS


def test_pickled_and_piped(nlp: Language) -> None:
    tokenizer = pickle.loads(pickle.dumps(nlp.tokenizer))
    assert words(tokenizer(TEXT)) == WORDS
    assert [words(doc) for doc in nlp.tokenizer.pipe([TEXT, ""])] == [WORDS, []]
    assert [words(doc) for doc in nlp.pipe([TEXT, "a b"])] == [WORDS, ["a", "b"]]


def test_builder(nlp: Language) -> None:
    assert words(make_mixed_tokenizer()(nlp)(TEXT)) == WORDS
