"""What the components share that classify tokens."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from spacy.training import Example, validate_examples
from thinc.api import Model
from thinc.types import Floats2d, Ints1d

from .base import LossPipe
from .crf import check_crf_loss, crf_step


class TokenGold(NamedTuple):
    """What an example teaches, for each token of `example.predicted`: the column of the logits that is right,
    and whether it is known. Both of shape (tokens,)."""

    columns: NDArray[np.int32]
    known: NDArray[np.bool_]


class TokenPipe(LossPipe):
    """A component that classifies tokens. Training ignores tokens without annotation, and always backpropagates:
    a listener waits for its gradient.

    With a CRF in the model (its reference "crf"), the loss is that of whole sequences. Raises H404 for a loss
    that a CRF gives no meaning to.
    """

    legal: NDArray[np.bool_] | None = None  # (columns, columns): which may follow which; None: all

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.crf is not None:
            check_crf_loss(self.loss)

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
        lengths = [len(eg.predicted) for eg in examples]
        ops = self.model.ops
        logits = ops.xp.concatenate(scores)
        if self.crf is None:
            targets = ops.asarray2f(np.eye(len(self.columns), dtype="float32")[columns])
            value, d_logits = self.objective(logits, targets, ops.xp.asarray(known))
        else:
            value, d_logits = crf_step(
                self.crf,
                self.loss,
                logits,
                lengths,
                columns=columns,
                known=known,
                legal=self.legal,
                closed=np.concatenate(list(map(self.closed, examples))),
                step=self.step,
            )
            self.check_finite(value)
        return value, ops.unflatten(d_logits, cast(Ints1d, lengths))

    def transitions(self) -> NDArray[np.floating] | None:
        """What the CRF has learned of tags that follow each other, shape (columns, columns), as a numpy array."""
        if self.crf is None:
            return None
        return self.model.ops.to_numpy(self.crf.get_param("transitions"))
