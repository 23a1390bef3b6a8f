"""Tokenizers of each kind, trained on a few texts, before and after."""

import json

import numpy as np
import pytest

from spacy_hone.deploy.optimize.vocabulary import close, merge, must_stay, renumber
from spacy_hone.errors import HoneError
from spacy_hone.models.tokenization import Wordpieces

TEXTS = ["the baker bakes bread", "bread and butter, the butter is better", "a bit of betterment"]
KEPT = "the better bread"
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]


def train(kind: str) -> dict:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    backend = Tokenizer(getattr(models, kind)(**{} if kind == "Unigram" else {"unk_token": "<unk>"}))
    before = {"BPE": pre_tokenizers.ByteLevel(), "Unigram": pre_tokenizers.Metaspace()}
    backend.pre_tokenizer = before.get(kind, pre_tokenizers.Whitespace())
    unknown = {"unk_token": "<unk>"} if kind == "Unigram" else {}
    options = {"vocab_size": 80, "special_tokens": SPECIAL, "show_progress": False, **unknown}
    backend.train_from_iterator(
        TEXTS * 3, getattr(trainers, f"{kind.capitalize() if kind == 'BPE' else kind}Trainer")(**options)
    )
    if kind == "BPE":
        backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    else:
        pairs = [("<s>", 0), ("</s>", 2)]
        backend.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=pairs)
    return json.loads(backend.to_str())


def load(state: dict) -> Wordpieces:
    return Wordpieces({"tokenizer.json": json.dumps(state).encode()}, 1)


@pytest.mark.parametrize("kind", ["WordPiece", "BPE", "Unigram", "WordLevel"])
def test_texts_keep_their_wordpieces(kind):
    state = train(kind)
    old = load(state)
    seen = set(old([KEPT])[0].ids.tolist()) | must_stay(state)
    ids, merges = close(state, seen)
    kept = np.array(sorted(ids))
    new = load(renumber(state, {int(i): n for n, i in enumerate(kept)}, merges))
    assert len(new.strings) == len(kept) < len(old.strings)
    assert old.strings[kept].tolist() == new.strings.tolist()
    for text in (KEPT, "bread, better"):
        before, after = old([text])[0], new([text])[0]
        if set(before.ids) <= ids:
            assert kept[after.ids].tolist() == before.ids.tolist()
    assert kept[new.prefix].tolist() == old.prefix and kept[new.suffix].tolist() == old.suffix
    assert all(new.strings[:4] == SPECIAL)
    assert new(["zebra"])[0].ids.size  # spelled, or unknown


def test_characters_stay():
    vocab = {"[UNK]": 0, "a": 1, "##b": 2, "ab": 3, "北": 4, "##北": 5, "##": 6, "<0x0A>": 7, "[X]": 8}
    state = {
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": vocab},
        "added_tokens": [{"id": 8}],
    }
    assert must_stay(state) == {0, 1, 2, 4, 5, 6, 7, 8}


def test_merges_on_the_way_are_kept():
    ranks = {("a", "b"): 0, ("c", "d"): 1, ("ab", "cd"): 2, ("x", "y"): 3}
    assert merge("abcd", ranks) == {0, 1, 2}
    assert merge("abce", ranks) == {0}


@pytest.mark.parametrize(
    "model", [{"type": "Morpheme", "vocab": {}}, {"type": "BPE", "vocab": {}, "end_of_word_suffix": "</w>"}]
)
def test_kinds_that_are_not_known(model):
    with pytest.raises(HoneError, match="H725"):
        close({"model": model}, set())
