"""Tokenizers of three kinds, made from a few words: wordpieces, byte pairs, unigrams."""

import string
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

WORDS = (
    "two cups of sugar chopped one kg flour and a pinch salt 250 grams strong white bread stir it well , ."
)
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
PAIRS = ["".join(pair) for pair in product(string.ascii_lowercase, repeat=2)]
LONGEST = 64


def wordpieces(folder: Path) -> Any:
    """BERT's: single characters, and all pairs of letters."""
    from transformers import BertTokenizerFast

    signs = [*string.ascii_lowercase, *string.digits, *string.punctuation]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocab = [*special, *signs, *PAIRS, *(f"##{sign}" for sign in signs)]
    (folder / "vocab.txt").write_text("\n".join(vocab), encoding="utf8")
    return BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=LONGEST)


def byte_pairs(folder: Path) -> Any:
    """RoBERTa's: bytes and what they are merged to."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import RobertaTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([WORDS], trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return RobertaTokenizerFast(tokenizer_object=tokenizer, model_max_length=LONGEST)


def unigrams(folder: Path) -> Any:
    """XLM-R's: pieces with a probability each, a word's first one marked by ▁."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import XLMRobertaTokenizerFast

    signs = ["▁", *string.ascii_letters, *string.digits, *string.punctuation]
    scores = {**dict.fromkeys(SPECIAL, 0.0), **dict.fromkeys(signs, -6.0), **dict.fromkeys(PAIRS, -8.0)}
    tokenizer = Tokenizer(models.Unigram([*scores.items()], unk_id=SPECIAL.index("<unk>")))
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    file = folder / "sentencepiece.bpe.model"
    file.touch()  # spacy-transformers copies it, nobody reads it
    return XLMRobertaTokenizerFast(str(file), tokenizer_object=tokenizer, model_max_length=LONGEST)


TOKENIZERS: dict[str, Callable[[Path], Any]] = {"Roberta": byte_pairs, "XLMRoberta": unigrams}
