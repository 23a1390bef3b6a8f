import copy
import pickle

import numpy as np
import pytest
import spacy

from spacy_hone.errors import HoneError
from spacy_hone.models import tokenization
from spacy_hone.models.tokenization import Wordpieces, from_hugging_face
from spacy_hone.models.windows import lay_out


@pytest.fixture
def wordpieces(toy_bert) -> Wordpieces:
    from transformers import AutoTokenizer

    return from_hugging_face(AutoTokenizer.from_pretrained(toy_bert()), "toy")


def test_special_wordpieces(wordpieces):
    assert wordpieces.strings[wordpieces.prefix].tolist() == ["[CLS]"]
    assert wordpieces.strings[wordpieces.suffix].tolist() == ["[SEP]"]
    assert wordpieces.strings[wordpieces.pad_id] == "[PAD]"


def test_ids_and_offsets(wordpieces):
    (pieces,) = wordpieces(["An  x"])
    assert wordpieces.strings[pieces.ids].tolist() == ["a", "##n", "x"]
    assert pieces.starts.tolist() == [0, 1, 4] and pieces.ends.tolist() == [1, 2, 5]


def test_limits_of_the_file_do_not_count(toy_bert):
    """Files such as MiniLM's ask for truncation and padding to 128."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(toy_bert())
    tokenizer.backend_tokenizer.enable_truncation(4)
    tokenizer.backend_tokenizer.enable_padding(length=8)
    (pieces,) = from_hugging_face(tokenizer, "toy")(["abcdefghij"])
    assert len(pieces.ids) == 10


def test_copies_work(wordpieces):
    for other in (copy.deepcopy(wordpieces), pickle.loads(pickle.dumps(wordpieces))):
        assert other(["abc"])[0].ids.tolist() == wordpieces(["abc"])[0].ids.tolist()


def test_remembers_what_it_is_told_to(wordpieces, monkeypatch):
    monkeypatch.setattr(tokenization, "MAX_REMEMBERED", 8)
    wordpieces(["prediction"])
    assert not wordpieces._remembered
    first = wordpieces(["abcde", "fg", "abcde"], remember=True)
    assert first[0] is first[2] is wordpieces(["abcde"])[0]
    wordpieces(["hijk"], remember=True)
    assert list(wordpieces._remembered) == ["fg", "hijk"]


def test_slow_tokenizer_is_refused(toy_bert):
    from transformers import BertTokenizer

    with pytest.raises(HoneError, match="H205"):
        from_hugging_face(BertTokenizer.from_pretrained(toy_bert()), "toy")


def byte_level():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<s>", "<pad>", "</s>"],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(MIXED, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def metaspace():
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=80, special_tokens=["<pad>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(MIXED, trainer)
    return tokenizer


MIXED = ["two cups of  sugar,\n\n ½ kg flour", "顺丰速运 SF Express 到北京", "don't 👩‍🍳 over-mix"]


@pytest.mark.parametrize("make", [byte_level, metaspace])
@pytest.mark.parametrize("text", [*MIXED, " ", "\n \n", "👩‍🍳" * 30])
def test_other_kinds_of_tokenizer_align(make, text):
    """Byte-level BPE has several wordpieces to a character; Unigram has no special wordpieces here."""
    wordpieces = Wordpieces({"tokenizer.json": make().to_str().encode()}, pad_id=1)
    (pieces,) = wordpieces([text])
    doc = spacy.blank("en")(text)
    starts = np.array([token.idx for token in doc])
    ends = starts + [len(token) for token in doc]
    layout = lay_out((starts, ends), (pieces.starts, pieces.ends), budget=12, overlap=4, prefix=0)
    assert len(layout.lengths) == len(doc) and (layout.lengths > 0).all()
    owner = np.repeat(np.arange(len(doc)), layout.lengths)
    own = layout.starts[layout.rows] + layout.cols
    real = layout.cols > 0
    assert len(pieces.ids) > 0
    if not text.isspace():
        assert (pieces.starts[own][real] < ends[owner][real]).all()
        assert (pieces.ends[own][real] > starts[owner][real]).all()
