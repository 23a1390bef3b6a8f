"""A tokenizer for mixed text: Chinese by character; words, numbers, telephones whole; signs alone."""

from collections.abc import Callable

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import DummyTokenizer
from spacy.vocab import Vocab

from ..corpora.segment import segment


def make_mixed_tokenizer() -> Callable[[Language], "MixedTokenizer"]:
    """Build `hone.MixedTokenizer.v1`, for `[nlp.tokenizer]` of any language."""

    def create_mixed_tokenizer(nlp: Language) -> MixedTokenizer:
        return MixedTokenizer(nlp.vocab)

    return create_mixed_tokenizer


class MixedTokenizer(DummyTokenizer):
    """Tokenises by fixed rules, so there is nothing to save or load."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        """Tokenise a text; `doc.text` is that text."""
        words, spaces = segment(text)
        return Doc(self.vocab, words=words, spaces=spaces)
