"""Errors in a row of a batch name the document, and the token, that the row is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_hone.errors import HoneError
from spacy_hone.pipes.tagger import TokenClassifierTagger
from spacy_hone.teachers.base import NO_OFFSETS, Output, Task, Teacher

TEXTS = ["", "the dog", "a  cat sleeps"]
TAGS = [{"tags": tags} for tags in ([], ["D", "N"], ["D", "", "N", "V"])]
CATS = [{"cats": {"A": i % 2, "B": (i + 1) % 2}} for i in range(3)]
TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 8,
    "depth": 1,
    "embed_size": 50,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
}
CRF = {"@architectures": "hone.TokenClassifier.v1", "crf": True, "tok2vec": TOK2VEC}
SLEEPS = "In component 'pipe', row 5 is token 4, 'sleeps', of the document 'a  cat sleeps'."


def start(factory: str, golds: Sequence[dict[str, Any]], **config: Any) -> tuple[Any, list[Example]]:
    """A component of that name, and its examples."""
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(factory, name="pipe", config=config)
    examples = [Example.from_dict(nlp.make_doc(text), gold) for text, gold in zip(TEXTS, golds)]
    nlp.initialize(lambda: examples)
    return pipe, examples


def test_a_path_that_cannot_be():
    pipe, examples = start("hone_tagger", TAGS, model=CRF)
    pipe.legal = np.ones((3, 3), dtype=bool)
    pipe.legal[pipe.labels.index("N"), pipe.labels.index("V")] = False
    with pytest.raises(HoneError, match=r"^\[H403\] .* row 5 of the batch") as caught:
        pipe.update(examples)
    assert str(caught.value).endswith(SLEEPS)


class Doubtful(TokenClassifierTagger):
    """Its last token is of no tag."""

    def complete(self, examples, targets, known, logits, taught):
        targets[-1] = 0
        return targets, known


def test_targets_that_are_no_probabilities():
    pipe, examples = start("hone_tagger", TAGS)
    doubtful = Doubtful(pipe.vocab, pipe.model, "pipe", loss=pipe.loss)
    doubtful.cfg = pipe.cfg
    doubtful._index()
    with pytest.raises(HoneError, match=r"^\[H410\] .* row 5, column 0 \(D\)") as caught:
        doubtful.update(examples)
    assert str(caught.value).endswith(SLEEPS)


class Mad(Teacher):
    """Says of the document about a cat what is no number."""

    key, task = "mad", Task("categories", False, ["A", "B"])  # type: ignore[assignment]

    def outputs(self, texts: Sequence[Doc], *, vectors: bool = False) -> list[Output]:
        values = [np.nan if "cat" in doc.text else 1.0 for doc in texts]
        return [Output(np.array([[0, v]], dtype="float32"), NO_OFFSETS, NO_OFFSETS) for v in values]


def test_a_teachers_logits_that_are_no_numbers():
    loss = {
        "@losses": "hone.Distillation.v1",
        "hard": {"@losses": "hone.CrossEntropy.v1", "link": "sigmoid"},
    }
    pipe, examples = start("hone_textcat_multilabel", CATS, loss=loss)
    pipe.teach(Mad(), lambda: examples)
    with pytest.raises(HoneError, match=r"^\[H920\] .*Mad.* starts with 'a  cat sleeps'"):
        pipe.update(examples)
