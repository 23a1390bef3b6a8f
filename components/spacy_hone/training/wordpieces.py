"""Train the wordpiece tokenizer of an encoder that starts from random weights."""

from collections.abc import Callable
from pathlib import Path

from spacy.language import Language
from spacy.vocab import Vocab

from ..corpora.docs import read_docs
from ..errors import Errors, HoneError


def make_train_wordpieces(
    path: Path | None, component: str = "transformer"
) -> Callable[[Language], Language]:
    """Build the `[initialize.before_init]` callback that gives `hone.TransformerEncoder.v1` its tokenizer.

    path: A .spacy file or a folder of them, usually `${paths.train}`.
    component: Name of the encoder's component; its config says how many wordpieces, and whether lower-cased.

    Raises H507 if the pipeline has no such component with an encoder that needs a tokenizer, H124 for the
    corpus, H212 if it has no text.
    """

    def train(nlp: Language) -> Language:
        from ..models.scratch import needs_tokenizer, train_tokenizer

        model = getattr(dict(nlp.pipeline).get(component), "model", None)
        if model is None or not needs_tokenizer(model):
            raise HoneError(
                Errors.H507.format(component=component, names=", ".join(nlp.pipe_names) or "none")
            )
        train_tokenizer(model, (doc.text for doc in read_docs(path, Vocab())))
        return nlp

    return train
