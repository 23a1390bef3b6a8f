"""Where a component gets its token vectors from an encoder that runs before it."""

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ...errors import Errors, HoneError
from .pooling import Pooling, Vectors, check_pooling


def build_encoder_listener(
    pooling: Pooling = "mean", upstream: str = "*", width: int | None = None
) -> Model[list[Doc], list[Floats2d]]:
    """`hone.EncoderListener.v1`: token vectors from a `hone_encoder`.

    pooling: the wordpieces of a token to one vector, as thinc's reductions do. upstream: name of the encoder; "*": any.
    width: size of a vector; None: the encoder says it.
    """
    check_pooling(pooling)
    return EncoderListener(pooling, upstream, width)


class EncoderListener(Model):
    """The layer, whose `inbox` the encoder fills."""

    def __init__(self, pooling: Pooling, upstream_name: str, width: int | None):
        super().__init__("encoder_listener", forward, init=init, dims={"nO": width})
        self.pooling = pooling
        self.upstream_name = upstream_name
        self.inbox = Inbox()

    def take(self, doc: Doc) -> Floats2d:
        """Vectors of a document, shape (tokens, width). Raises H223 unless the encoder has run on it."""
        if not len(doc):
            return self.ops.alloc2f(0, self.maybe_get_dim("nO") or 0)
        vectors = self.inbox.take(doc)
        if vectors is None or len(vectors) != len(doc):
            problem = "did not see it" if vectors is None else f"saw {len(vectors)} tokens in it"
            raise HoneError(Errors.H223.format(n_tokens=len(doc), text=doc.text[:60], problem=problem))
        return self.ops.asarray2f(vectors)  # type: ignore[arg-type]

    def _copy(self, seen: Any = None) -> "EncoderListener":
        return EncoderListener(self.pooling, self.upstream_name, self.maybe_get_dim("nO"))


class Inbox:
    """Vectors by document, for as long as there is the document, and after they were read until `forget`.

    They are kept beside the documents, which are serialised, pickled and copied, and are not kept in copies of the
    inbox.
    """

    def __init__(self) -> None:
        self.unread: WeakKeyDictionary[Doc, Vectors] = WeakKeyDictionary()
        self.read: WeakKeyDictionary[Doc, Vectors] = WeakKeyDictionary()

    def put(self, doc: Doc, vectors: Vectors) -> None:
        if len(doc):  # nobody takes the others
            self.unread[doc] = vectors

    def take(self, doc: Doc) -> Vectors | None:
        """What was put there, which is then read."""
        vectors = self.unread.pop(doc, None)
        if vectors is None:
            return self.read.get(doc)
        self.read[doc] = vectors
        return vectors

    def forget(self) -> None:
        """Let go of what was read."""
        self.read = WeakKeyDictionary()

    def __reduce__(self) -> tuple[type["Inbox"], tuple[()]]:
        return Inbox, ()


def init(model: EncoderListener, X: Sequence[Doc] | None = None, Y: Any = None) -> None:
    """Let the next layers see shapes: zeros for the documents of a sample that the encoder has not run on."""
    if X and not model.has_dim("nO"):
        raise HoneError(Errors.H224.format(upstream=model.upstream_name))
    for doc in X or ():
        if model.inbox.take(doc) is None:
            model.inbox.read[doc] = np.zeros((len(doc), model.get_dim("nO")), dtype=np.float32)


def forward(
    model: EncoderListener, docs: Sequence[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[Any], list[Any]]]:
    """Vectors of each document, shape (tokens, width); there is no gradient to an encoder that does not learn."""
    return [model.take(doc) for doc in docs], no_gradient


def no_gradient(d_vectors: Any) -> list[Any]:
    return []
