"""A WordPiece vocabulary of one's own, from the texts of a corpus."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import Errors, HoneError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def train_wordpieces(
    texts: Iterable[str], vocab_size: int = 8000, lowercase: bool = True
) -> "PreTrainedTokenizerFast":
    """Train a tokenizer as BERT's: Chinese by character, the rest by WordPiece (Schuster & Nakajima 2012).

    texts: any number of texts, read once. vocab_size: entries at most, special ones included. lowercase: fold
    case and strip accents. H212 if there is nothing in the texts.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = list(SPECIAL.values())
    backend = Tokenizer(models.WordPiece(unk_token=SPECIAL["unk_token"]))
    backend.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=vocab_size, special_tokens=special, show_progress=False)
    backend.train_from_iterator(texts, trainer)
    if backend.get_vocab_size() <= len(special):
        raise HoneError(Errors.H212)
    cls, sep = SPECIAL["cls_token"], SPECIAL["sep_token"]
    backend.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}",
        pair=f"{cls} $A {sep} $B:1 {sep}:1",
        special_tokens=[(token, backend.token_to_id(token)) for token in (cls, sep)],
    )
    return PreTrainedTokenizerFast(tokenizer_object=backend, **SPECIAL)
