"""What the components share that classify tokens."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from thinc.api import Model
from thinc.types import Floats2d, Ints1d

from ..errors import Errors, HoneError
from ..losses.lattice import Lattice
from ..teachers.base import Task
from ..teachers.mapping import Targets
from .base import LossPipe
from .crf import check_crf_loss, crf_step
from .places import name_tokens
from .tags import OUTSIDE


class TokenGold(NamedTuple):
    """What an example teaches, for each token of `example.predicted`: the column of the logits that is right,
    and whether it is known. Both of shape (tokens,)."""

    columns: NDArray[np.int32]
    known: NDArray[np.bool_]


class TokenPipe(LossPipe):
    """A component that classifies tokens. Training ignores tokens without annotation, and always backpropagates:
    a listener waits for its gradient.

    With a CRF in the model (its reference "crf"), the loss is that of whole sequences, and so is what a teacher adds to
    it. Raises H404 for a loss that a CRF gives no meaning to, H338 for one of independent labels.
    """

    legal: NDArray[np.bool_] | None = None  # (columns, columns): which may follow which; None: all

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.crf is not None:
            check_crf_loss(self.loss)
        if self.loss.link != "softmax":
            raise HoneError(Errors.H338.format(name=self.name, found=self.loss.link))

    @property
    def task(self) -> Task:
        return Task("tags", True, list(self.columns))

    @property
    def crf(self) -> Model[Floats2d, Floats2d] | None:
        """The model's CRF, if it has one."""
        return self.model.maybe_get_ref("crf")

    @abstractmethod
    def read(self, example: Example) -> TokenGold:
        """The gold columns of an example's tokens."""

    def closed(self, example: Example) -> NDArray[np.bool_]:
        """The tokens that can only be outside, shape (tokens,)."""
        return np.zeros(len(example.predicted), dtype=bool)

    def get_loss(
        self, examples: Iterable[Example], scores: Sequence[Floats2d]
    ) -> tuple[float, list[Floats2d]]:
        """The mean loss per token with annotation, and its gradient.

        examples (Iterable[Example]): the batch.
        scores (Sequence[Floats2d]): logits of each example, shape (tokens, columns).
        RETURNS (tuple[float, list[Floats2d]]): the value, and the gradient of each example.
        """
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.get_loss")
        columns, known = (np.concatenate(parts) for parts in zip(*map(self.read, examples)))
        docs = [eg.predicted for eg in examples]
        lengths = [len(doc) for doc in docs]
        ops = self.model.ops
        logits = ops.xp.concatenate(scores)
        taught = self.ask(docs)
        targets = np.eye(len(self.columns), dtype="float32")[columns]
        targets, known = self.complete(examples, targets, known, logits, taught)
        with name_tokens(self.name, docs):
            if self.crf is None:
                value, d_logits = self.objective(
                    logits, ops.xp.asarray(targets), ops.xp.asarray(known), taught
                )
            else:
                self._check_teacher()
                value, d_logits = crf_step(
                    self.crf,
                    self.loss,
                    logits,
                    lengths,
                    columns=targets.argmax(axis=1),
                    known=known & (targets.max(axis=1) == 1),
                    legal=self.legal,
                    closed=np.concatenate(list(map(self.closed, examples))),
                    taught=taught,
                    step=self.step,
                )
                self.check_finite(value)
        return value, ops.unflatten(d_logits, cast(Ints1d, lengths))

    def complete(
        self,
        examples: Sequence[Example],
        targets: NDArray[np.float32],
        known: NDArray[np.bool_],
        logits: Floats2d,
        taught: Targets | None,
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Say more of the targets than the annotation does. Arrays are of all tokens of the batch, one after another.

        targets: one-hot, shape (tokens, columns). known: shape (tokens,). logits: the model's, shape (tokens, columns), on its
        device.
        taught: what the teacher says.
        RETURNS: targets and known anew. A CRF takes tokens whose targets are not one-hot as unknown.
        """
        return targets, known

    def transitions(self) -> NDArray[np.floating] | None:
        """What the CRF has learned of tags that follow each other, shape (columns, columns), as a numpy array."""
        if self.crf is None:
            return None
        return self.model.ops.to_numpy(self.crf.get_param("transitions"))

    def log_marginals(self, docs: Sequence[Doc]) -> list[NDArray[np.floating]]:
        """Under a CRF, for teachers: the logarithms of the probabilities of each token's tags given the whole
        text, shape (tokens, columns) for each document. There is at least one token."""
        logits = [self.model.ops.to_numpy(rows) for rows in self.model.predict(list(docs))]
        possible = None
        if self.legal is not None:
            spaces = np.concatenate([doc.to_array("IS_SPACE").astype(bool) for doc in docs])
            possible = (np.arange(len(self.columns)) == OUTSIDE) | ~spaces[:, None]
        lengths = [len(rows) for rows in logits]
        lattice = Lattice(np.concatenate(logits), lengths, self.transitions(), self.legal, possible)
        marginals = np.log(np.maximum(lattice.marginals()[0], 1e-30))
        return np.split(marginals, np.cumsum(lengths)[:-1])
