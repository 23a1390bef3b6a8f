"""`hone_ner`: named entities by token classification, over any tok2vec or transformer."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.pipeline.ner import ner_score
from spacy.pipeline.spancat import spancat_score
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats2d

from ..corpora.schemes import tags_among
from ..errors import Errors, HoneError
from ..errors.near import near_names
from ..losses.base import RowLoss
from ..teachers.base import Task, Teacher
from ..teachers.mapping import Targets
from .base import DEFAULT_TOK2VEC
from .decoding import ScoredSpan, decode
from .gold import read_gold
from .relabel import Relabel, Relabelling
from .tags import OUTSIDE, TagTable
from .tokens import TokenGold, TokenPipe
from .vectors import TeacherVectors

ANNOTATED = "hone.annotated"  # in doc.user_data: the labels that the annotation of a document covers
DEFAULT_CONFIG = (
    """
[ner]
scheme = "BIO"
spans_key = null

[ner.scorer]
@scorers = "spacy.ner_scorer.v1"

[ner.loss]
@losses = "hone.CrossEntropy.v1"

[ner.model]
@architectures = "hone.TokenClassifier.v1"

[ner.model.tok2vec]
"""
    + DEFAULT_TOK2VEC
)

if not Span.has_extension("confidence"):
    Span.set_extension("confidence", default=None)


@Language.factory(
    "hone_ner",
    assigns=["doc.ents", "doc.spans", "token.ent_iob", "token.ent_type", "span._.confidence"],
    default_config=Config().from_str(DEFAULT_CONFIG)["ner"],
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_ner(
    nlp: Language,
    name: str,
    *,
    model: Model[list[Doc], list[Floats2d]],
    loss: RowLoss,
    scheme: str,
    spans_key: str | None,
    scorer: Callable | None,
) -> "TokenClassifierNER":
    """Build the component `hone_ner`.

    model (Model[List[Doc], List[Floats2d]]): gives logits of each token's tags; with the reference "output".
    loss (RowLoss): the training objective.
    scheme (str): "BIO" or "BILUO": the tags that the model predicts, whatever the corpus was written in.
    spans_key (str | None): where entities are read and written. None: `doc.ents`, else `doc.spans[key]`.
    scorer (Callable | None): the scoring method. spaCy's entity scorer reads the span group if there is a
        `spans_key`, and its scores are then called `spans_{spans_key}_f` and so on.
    """
    return TokenClassifierNER(
        nlp.vocab, model, name, loss=loss, scheme=scheme, spans_key=spans_key, scorer=scorer
    )


class TokenClassifierNER(TokenPipe):
    """Finds entities by classifying tokens. `predict` decodes the best legal tags; entities replace those
    that the document has, never touch whitespace tokens, and carry `ent._.confidence`: the product of the
    probabilities of their tags, under a CRF the probability of these tags together (also in
    `doc.spans[key].attrs["scores"]` for span groups).
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], list[Floats2d]],
        name: str = "hone_ner",
        *,
        loss: RowLoss,
        scheme: str = "BIO",
        spans_key: str | None = None,
        scorer: Callable | None = ner_score,
    ):
        scorer = spancat_score if spans_key is not None and scorer is ner_score else scorer
        self.annotated: list[str] | None = None
        self.relabelling = Relabelling()
        cfg = {"scheme": scheme, "spans_key": spans_key}
        super().__init__(vocab, model, name, loss=loss, scorer=scorer, cfg=cfg)

    @property
    def columns(self) -> Sequence[str]:
        return self.tags.labels

    @property
    def task(self) -> Task:
        return Task("tags", True, self.tags.names, self.cfg["scheme"])

    def predict(self, docs: Iterable[Doc]) -> list[list[ScoredSpan]]:
        """The entities of each document, in order. The documents are not changed."""
        docs = list(docs)
        if not any(len(doc) for doc in docs):
            return [[] for _ in docs]
        logits = [self.model.ops.to_numpy(doc_logits) for doc_logits in self.model.predict(docs)]
        return decode(logits, [_spaces(doc) for doc in docs], self.tags, self.transitions())

    def set_annotations(self, docs: Iterable[Doc], scores: list[list[ScoredSpan]]) -> None:
        """Write entities into the documents, replacing those of the same place.

        docs (Iterable[Doc]): the documents.
        scores (list[list[ScoredSpan]]): what `predict` gave for them.
        """
        key = self.cfg["spans_key"]
        for doc, found in zip(docs, scores):
            spans = [Span(doc, start, end, label=label) for start, end, label, _ in found]
            for span, scored in zip(spans, found):
                span._.confidence = scored.score
            if key is None:
                doc.set_ents(spans)
            else:
                attrs = {"scores": np.array([scored.score for scored in found], dtype="float32")}
                doc.spans[key] = SpanGroup(doc, name=key, spans=spans, attrs=attrs)

    def read(self, example: Example) -> TokenGold:
        spans, known = read_gold(example, self.cfg["spans_key"])
        return TokenGold(self.tags.encode(spans, len(known)), known)

    def closed(self, example: Example) -> NDArray[np.bool_]:
        return _spaces(example.predicted)

    def complete(
        self,
        examples: Sequence[Example],
        targets: NDArray[np.float32],
        known: NDArray[np.bool_],
        logits: Floats2d,
        taught: Targets | None,
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        labels = [eg.reference.user_data.get(ANNOTATED, self.annotated) for eg in examples]
        if all(each is None for each in labels):
            return targets, known
        lengths = [len(eg.predicted) for eg in examples]
        of_docs = np.array([np.isin(self.columns, self.labels if each is None else each) for each in labels])
        covered = np.repeat(of_docs, lengths, axis=0)
        believed = self.model.ops.to_numpy(logits)
        return self.relabelling(
            targets, known, covered=covered, logits=believed, taught=taught, lengths=lengths, table=self.tags
        )

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Iterable[str] | None = None,
        init_from: Path | None = None,
        teacher: Teacher | None = None,
        vectors: TeacherVectors | None = None,
        annotated: list[str] | None = None,
        relabel: Relabel = "none",
        relabel_threshold: float = 0.5,
    ) -> None:
        """Prepare the component for training: labels, output layer, weights.

        get_examples (Callable): gives the training examples; all of them are read once.
        nlp (Language | None): the pipeline.
        labels (Iterable[str] | None): entity types, as from `spacy.read_labels.v1`; None: those of the
            examples, sorted. Where labels have been added before, the examples need no annotation.
        init_from (Path | None): a pipeline whose component this one continues: its labels come first, with what its
            model has learned; see `copy_rows`.
        teacher (Teacher | None): gives soft targets in training, and what `relabel` needs. With `relabel = "none"` the
            loss must be hone.Distillation.v1, unless its vectors are learned.
        vectors (TeacherVectors | None): how the teacher's vectors are learned, hone.TeacherVectors.v1; None: they are not.
        annotated (list[str] | None): the labels that the annotation covers; None: all. What a document says in
            `user_data["hone.annotated"]` (the reader hone.Corpora.v1 writes it) goes before.
        relabel, relabel_threshold: what becomes of tokens that are O where not all labels are annotated; see
            `Relabelling`.

        Raises H336 for `relabel` without a teacher, H337 for `annotated` that are no labels, and the errors of `teach`.
        """
        validate_get_examples(get_examples, "TokenClassifierNER.initialize")
        relabelling = Relabelling(relabel, relabel_threshold)
        if relabel != "none" and teacher is None:
            raise HoneError(Errors.H336.format(name=self.name, relabel=relabel))
        lengths: Counter[tuple[str, int]] = Counter()
        n_docs = n_known = 0
        is_partial = annotated is not None
        for n_docs, eg in enumerate(get_examples(), 1):  # noqa: B007
            is_partial = is_partial or ANNOTATED in eg.reference.user_data
            gold = read_gold(eg, self.cfg["spans_key"])
            lengths.update((label, end - start) for start, end, label in gold.spans)
            n_known += int(gold.known.sum())
        labels = sorted({label for label, _ in lengths}) if labels is None else list(labels)
        self._check(labels, n_docs, n_known, is_taught=teacher is not None)
        self.continue_from(init_from)
        for label in labels:
            self.add_label(label)
        self._check_annotated(annotated or ())
        counts = np.zeros(len(self.tags), dtype="int64")
        for (label, length), n_spans in lengths.items():
            np.add.at(counts, self.tags.encode([(0, length, label)], length), n_spans)
        counts[OUTSIDE] = n_known - counts.sum()
        self._initialize(get_examples, counts.tolist(), n_known)
        self.annotated, self.relabelling = annotated, relabelling
        needed = relabel != "none" and is_partial
        self.teach(teacher, get_examples, vectors=vectors, needed=needed, nlp=nlp)

    def _index(self) -> None:
        self.tags = TagTable(self.labels, self.cfg["scheme"])
        self.legal = self.tags.legal

    def _check(self, labels: list[str], n_docs: int, n_known: int, *, is_taught: bool) -> None:
        """Refuse examples that teach nothing where there is no teacher, and tags in place of labels."""
        key = self.cfg["spans_key"]
        source = "doc.ents" if key is None else f"doc.spans['{key}']"
        if not (n_known or self.labels or (is_taught and labels)):
            raise HoneError(Errors.H302.format(name=self.name, source=source, n_docs=n_docs))
        if not (labels or self.labels):
            raise HoneError(Errors.H303.format(name=self.name, source=source, n_docs=n_docs))
        if tags := tags_among(labels):
            raise HoneError(Errors.H305.format(name=self.name, labels=", ".join(tags[:10])))

    def _check_annotated(self, annotated: Iterable[str]) -> None:
        """Raise H337 for a name that is misspelt: what it stands for would be open everywhere."""
        if unknown := [label for label in annotated if label not in self.labels]:
            texts = {"unknown": ", ".join(unknown), "labels": ", ".join(self.labels)}
            close = near_names(unknown[0], self.labels, n=1)
            near = f"Did you mean {close[0]}?" if close else ""
            raise HoneError(Errors.H337.format(name=self.name, near=near, **texts))


def _spaces(doc: Doc) -> NDArray[np.bool_]:
    """The whitespace tokens, shape (tokens,)."""
    return doc.to_array("IS_SPACE").astype(bool)
