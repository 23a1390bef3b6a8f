"""`hone_tagger`: part-of-speech and other tags by token classification, over any tok2vec or transformer."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.parts_of_speech import IDS as PARTS_OF_SPEECH
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats2d

from ..errors import Errors, HoneError
from ..losses.base import RowLoss
from ..teachers.base import Teacher
from .base import DEFAULT_TOK2VEC
from .decoding import best_tags
from .tokens import TokenGold, TokenPipe
from .vectors import TeacherVectors

DEFAULT_CONFIG = (
    """
[tagger]
attr = "tag"

[tagger.scorer]
@scorers = "hone.tagger_scorer.v1"

[tagger.loss]
@losses = "hone.CrossEntropy.v1"

[tagger.model]
@architectures = "hone.TokenClassifier.v1"

[tagger.model.tok2vec]
"""
    + DEFAULT_TOK2VEC
)

Attr = Literal["tag", "pos"]
WHITESPACE = {"tag": "_SP", "pos": "SPACE"}  # as in spaCy's own pipelines


@Language.factory(
    "hone_tagger",
    assigns=["token.tag", "token.pos"],
    default_config=Config().from_str(DEFAULT_CONFIG)["tagger"],
    default_score_weights={"tag_acc": 1.0, "pos_acc": None},
)
def make_tagger(
    nlp: Language,
    name: str,
    *,
    model: Model[list[Doc], list[Floats2d]],
    loss: RowLoss,
    attr: Attr,
    scorer: Callable | None,
) -> "TokenClassifierTagger":
    """Build the component `hone_tagger`.

    model (Model[List[Doc], List[Floats2d]]): gives logits of each token's tags; with the reference "output".
    loss (RowLoss): the training objective.
    attr (str): what is read and written: "tag" (`token.tag_`, any names) or "pos" (`token.pos_`, the names of
        Universal Dependencies; then choose the best model by `pos_acc`, in [training.score_weights]).
    scorer (Callable | None): the scoring method.
    """
    return TokenClassifierTagger(nlp.vocab, model, name, loss=loss, attr=attr, scorer=scorer)


class TokenClassifierTagger(TokenPipe):
    """Gives each token the likeliest tag; whitespace tokens get `_SP` (or `SPACE`) and teach nothing."""

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], list[Floats2d]],
        name: str = "hone_tagger",
        *,
        loss: RowLoss,
        attr: Attr = "tag",
        scorer: Callable | None = None,
    ):
        super().__init__(vocab, model, name, loss=loss, scorer=scorer, cfg={"written": attr})

    @property
    def columns(self) -> Sequence[str]:
        return self.labels

    def predict(self, docs: Iterable[Doc]) -> list[NDArray[np.integer]]:
        """The row of the best label of each token, shape (tokens,), for each document."""
        docs = list(docs)
        if not any(len(doc) for doc in docs):
            return [np.zeros(0, dtype="intp") for _ in docs]
        logits = [self.model.ops.to_numpy(doc_logits) for doc_logits in self.model.predict(docs)]
        return best_tags(logits, self.transitions())[0]

    def set_annotations(self, docs: Iterable[Doc], scores: list[NDArray[np.integer]]) -> None:
        """Write the tags.

        docs (Iterable[Doc]): the documents.
        scores (list[ndarray]): what `predict` gave for them.
        """
        name = f"{self.cfg['written']}_"
        for doc, rows in zip(docs, scores):
            for token, row in zip(doc, rows.tolist()):
                setattr(token, name, WHITESPACE[self.cfg["written"]] if token.is_space else self.labels[row])

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Iterable[str] | None = None,
        init_from: Path | None = None,
        teacher: Teacher | None = None,
        vectors: TeacherVectors | None = None,
    ) -> None:
        """Prepare the component for training: labels, output layer, weights.

        get_examples (Callable): gives the training examples; all of them are read once.
        nlp (Language | None): the pipeline.
        labels (Iterable[str] | None): tags, as from `spacy.read_labels.v1`; None: those of the examples, sorted.
        init_from (Path | None): a pipeline whose component this one continues, with its labels first.
        teacher (Teacher | None): gives soft targets in training; the loss must be hone.Distillation.v1, unless its vectors
            are learned.
        vectors (TeacherVectors | None): how the teacher's vectors are learned, hone.TeacherVectors.v1; None: they are not.
        """
        validate_get_examples(get_examples, "TokenClassifierTagger.initialize")
        found: Counter[str] = Counter()
        n_docs = 0
        for n_docs, eg in enumerate(get_examples(), 1):  # noqa: B007
            found.update(tag for tag in self._tags(eg) if tag)
        self.continue_from(init_from)
        for label in sorted(found) if labels is None else labels:
            self.add_label(label)
        if not self.labels:
            source = f"token.{self.cfg['written']}_"
            raise HoneError(Errors.H302.format(name=self.name, source=source, n_docs=n_docs))
        for tag in sorted(found.keys() - self._rows.keys()):
            raise HoneError(self._unknown(tag))
        counts = [found[label] for label in self.labels]
        self._initialize(get_examples, counts, sum(counts))
        self.teach(teacher, get_examples, vectors=vectors, nlp=nlp)

    def read(self, example: Example) -> TokenGold:
        tags = self._tags(example)
        unknown = next((tag for tag in tags if tag and tag not in self._rows), None)
        if unknown:
            raise HoneError(self._unknown(unknown))
        return TokenGold(
            np.array([self._rows.get(tag, 0) for tag in tags], dtype="int32"),
            np.array([bool(tag) for tag in tags], dtype=bool),
        )

    def add_label(self, label: str) -> int:
        if self.cfg["written"] == "pos" and label not in PARTS_OF_SPEECH:
            names = ", ".join(sorted(filter(None, PARTS_OF_SPEECH)))
            raise HoneError(Errors.H311.format(name=self.name, label=label, names=names))
        return super().add_label(label)

    def _unknown(self, tag: str) -> str:
        return Errors.H312.format(name=self.name, tag=tag, labels=", ".join(self.labels))

    def _index(self) -> None:
        self._rows = {label: row for row, label in enumerate(self.labels)}

    def _tags(self, example: Example) -> list[str]:
        """The tag of each predicted token; "" where there is none, it cannot be aligned, or on whitespace."""
        tags = example.get_aligned(self.cfg["written"].upper(), as_string=True)
        return ["" if token.is_space else tag or "" for token, tag in zip(example.predicted, tags)]
