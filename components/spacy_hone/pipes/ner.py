"""`hone_ner`: named entities by token classification, over any tok2vec or transformer."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, cast

import numpy as np
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.pipeline.ner import ner_score
from spacy.pipeline.spancat import spancat_score
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats2d, Ints1d

from ..corpora.schemes import split_tag
from ..errors import Errors, HoneError
from ..losses.base import RowLoss
from .decoding import ScoredSpan, decode
from .gold import read_gold
from .tags import OUTSIDE, TagTable

DEFAULT_CONFIG = """
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
@architectures = "spacy.HashEmbedCNN.v2"
pretrained_vectors = null
width = 96
depth = 4
embed_size = 2000
window_size = 1
maxout_pieces = 3
subword_features = true
"""

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


class TokenClassifierNER(TrainablePipe):
    """Finds entities by classifying tokens. `predict` decodes the best legal tags; entities replace those
    that the document has, never touch whitespace tokens, and carry `ent._.confidence`: the product of the
    probabilities of their tags (also in `doc.spans[key].attrs["scores"]` for span groups).

    Training ignores tokens without annotation, and always backpropagates: a listener waits for its gradient.
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
        self.vocab = vocab
        self.model = model
        self.name = name
        self.loss = loss
        self.scorer = spancat_score if spans_key is not None and scorer is ner_score else scorer
        self.cfg: dict[str, Any] = {"labels": [], "counts": [], "scheme": scheme, "spans_key": spans_key}
        self.tags = TagTable([], scheme)

    @property
    def labels(self) -> tuple[str, ...]:
        """The entity types, in the order of their tags."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> tuple[str, ...]:
        """What `spacy init labels` writes and `initialize(labels=...)` takes."""
        return self.labels

    def predict(self, docs: Iterable[Doc]) -> list[list[ScoredSpan]]:
        """The entities of each document, in order. The documents are not changed."""
        docs = list(docs)
        if not any(len(doc) for doc in docs):
            return [[] for _ in docs]
        logits = [self.model.ops.to_numpy(doc_logits) for doc_logits in self.model.predict(docs)]
        return decode(logits, [doc.to_array("IS_SPACE").astype(bool) for doc in docs], self.tags)

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

    def get_loss(
        self, examples: Iterable[Example], scores: Sequence[Floats2d]
    ) -> tuple[float, list[Floats2d]]:
        """The mean loss per token with annotation, and its gradient.

        examples (Iterable[Example]): the batch.
        scores (Sequence[Floats2d]): logits of each example, shape (tokens, tags).
        RETURNS (tuple[float, list[Floats2d]]): the value, and the gradient of each example.
        """
        validate_examples(examples, "TokenClassifierNER.get_loss")
        golds = [read_gold(eg, self.cfg["spans_key"]) for eg in examples]
        rows = np.concatenate([self.tags.encode(spans, len(known)) for spans, known in golds])
        mask = np.concatenate([known for _, known in golds])
        ops = self.model.ops
        logits = ops.xp.concatenate(scores)
        targets = ops.asarray2f(np.eye(len(self.tags), dtype="float32")[rows])
        d_logits, value = self.loss(logits, targets, ops.xp.asarray(mask))
        if not np.isfinite(value):
            raise HoneError(Errors.H309.format(name=self.name))
        lengths = cast(Ints1d, [len(known) for _, known in golds])
        return value, ops.unflatten(d_logits, lengths)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Iterable[str] | None = None,
    ) -> None:
        """Prepare the component for training: labels, output layer, weights.

        get_examples (Callable): gives the training examples; all of them are read once.
        nlp (Language | None): the pipeline.
        labels (Iterable[str] | None): entity types, as from `spacy.read_labels.v1`; None: those of the
            examples, sorted. Where labels have been added before, the examples need no annotation.
        """
        validate_get_examples(get_examples, "TokenClassifierNER.initialize")
        lengths: Counter[tuple[str, int]] = Counter()
        n_docs = n_known = 0
        for n_docs, eg in enumerate(get_examples(), 1):  # noqa: B007
            gold = read_gold(eg, self.cfg["spans_key"])
            lengths.update((label, end - start) for start, end, label in gold.spans)
            n_known += int(gold.known.sum())
        labels = sorted({label for label, _ in lengths}) if labels is None else list(labels)
        self._check(labels, n_docs, n_known)
        for label in labels:
            self.add_label(label)
        counts = np.zeros(len(self.tags), dtype="int64")
        for (label, length), n_spans in lengths.items():
            np.add.at(counts, self.tags.encode([(0, length, label)], length), n_spans)
        counts[OUTSIDE] = n_known - counts.sum()
        self.cfg["counts"] = counts.tolist()
        output = self.model.get_ref("output")
        if not output.has_dim("nO"):
            output.set_dim("nO", len(self.tags))
        self._bind()
        self.model.initialize(X=[eg.predicted for eg in islice(get_examples(), 10)])

    def add_label(self, label: str) -> int:
        """Add an entity type; a trained output layer grows, and keeps what it has learned.

        RETURNS (int): 1, or 0 if the label is already there.
        """
        if not isinstance(label, str) or not label.strip():
            raise HoneError(Errors.H306.format(name=self.name, label=label))
        if label in self.labels:
            return 0
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        self.tags = TagTable(self.labels, self.cfg["scheme"])
        if self.model.get_ref("output").has_param("W"):
            self.model.attrs["resize_output"](self.model, len(self.tags))
            self.cfg["counts"] += [0] * (len(self.tags) - len(self.cfg["counts"]))
            self._bind()
        return 1

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "TokenClassifierNER":
        super().from_bytes(bytes_data, exclude=exclude)
        return self._restore()

    def from_disk(self, path, *, exclude: Iterable[str] = ()) -> "TokenClassifierNER":
        super().from_disk(path, exclude=exclude)
        return self._restore()

    def _restore(self) -> "TokenClassifierNER":
        self.tags = TagTable(self.labels, self.cfg["scheme"])
        if self.model.get_ref("output").has_param("W"):
            self._bind()
        return self

    def _bind(self) -> None:
        """Check that the output layer has a row for each tag, and tell the loss what they are."""
        n_outputs = self.model.get_ref("output").get_dim("nO")
        if n_outputs != len(self.tags):
            message = Errors.H307.format(
                name=self.name,
                n_outputs=n_outputs,
                n_labels=len(self.labels),
                n_tags=len(self.tags),
                scheme=self.cfg["scheme"],
            )
            raise HoneError(message)
        self.loss.bind(self.tags.names, self.cfg["counts"])

    def _check(self, labels: list[str], n_docs: int, n_known: int) -> None:
        """Refuse examples that teach nothing, and tags in place of labels."""
        key = self.cfg["spans_key"]
        source = "doc.ents" if key is None else f"doc.spans['{key}']"
        if not (n_known or self.labels):
            raise HoneError(Errors.H302.format(name=self.name, source=source, n_docs=n_docs))
        if not (labels or self.labels):
            raise HoneError(Errors.H303.format(name=self.name, source=source, n_docs=n_docs))
        if labels and all(split_tag(label) for label in labels):
            raise HoneError(Errors.H305.format(name=self.name, labels=", ".join(labels[:10])))
