"""The component `hone_encoder`: an optimised encoder in the place of a `transformer`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Self, cast

from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.util import SimpleFrozenList, ensure_path, minibatch
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors, HoneError
from ..models.onnx.ahead import run_ahead
from ..models.onnx.encoder import OnnxShim
from ..models.onnx.engines import require_engine
from ..models.onnx.graph import Graph, require_digest
from ..models.onnx.listener import EncoderListener
from ..models.onnx.pooling import Pooling, Vectors

NO_FIELDS: Iterable[str] = SimpleFrozenList()


@Language.factory(
    "hone_encoder",
    default_config={"model": {"@architectures": "hone.OnnxEncoder.v1"}, "keep": False, "sha256": None},
)
def make_encoder(
    nlp: Language, name: str, model: Model[list[Doc], list[Floats2d]], keep: bool, sha256: str | None
) -> "Encoder":
    """An encoder for the components that listen to it (`hone.EncoderListener.v1`). `hone optimize` makes it.

    model (Model[List[Doc], List[Floats2d]]): `hone.OnnxEncoder.v1`.
    keep (bool): put the mean of each token's wordpieces into `doc.tensor`, shape (tokens, width).
    sha256 (str | None): of the network that is to be loaded first, that the other components were made for; None: any.
    """
    return Encoder(model, name, keep=keep, sha256=sha256, nlp=nlp)


class Encoder(Pipe):
    """Runs a network on documents and hands the vectors of their tokens to the components that listen.

    The vectors are not part of the documents. A listener keeps them until it has read them, and then until the
    encoder's next run, or as long as there is the document. The encoder does not learn, but heads may be trained
    over it.
    """

    def __init__(
        self,
        model: Model[list[Doc], list[Floats2d]],
        name: str = "transformer",
        *,
        keep: bool = False,
        sha256: str | None = None,
        nlp: Language | None = None,
    ):
        """nlp (Language): the pipeline that it was made for, whose components may be enabled and disabled later."""
        self.model = model
        self.name = name
        self.keep = keep
        self.sha256 = sha256
        self.nlp = nlp
        self.listener_map: dict[str, list[EncoderListener]] = {}
        self._linked: tuple[list[int], list[str]] | None = None

    @property
    def shim(self) -> OnnxShim:
        return self.model.shims[0]  # type: ignore[return-value]

    @property
    def graph(self) -> Graph | None:
        """What it computes; None if it was neither loaded nor set."""
        return self.shim.graph

    def set_graph(self, graph: Graph) -> None:
        """Compute this from now on."""
        self.shim.set_graph(graph)
        self.sha256 = None  # that was of the first one
        if self.nlp is not None and self.name in self.nlp._pipe_configs:
            self.nlp._pipe_configs[self.name]["sha256"] = graph.settings["sha256"]
        self.model.set_dim("nO", graph.settings["width"], force=True)
        for listener in self.listeners:
            self._tell_width(listener)

    @property
    def listeners(self) -> list[EncoderListener]:
        return [listener for listeners in self.listener_map.values() for listener in listeners]

    @property
    def listening_components(self) -> list[str]:
        return list(self.listener_map)

    def add_listener(self, listener: EncoderListener, component_name: str) -> None:
        listeners = self.listener_map.setdefault(component_name, [])
        if listener not in listeners:
            listeners.append(listener)
        self._tell_width(listener)

    def remove_listener(self, listener: EncoderListener, component_name: str) -> bool:
        """RETURNS (bool): whether it was there."""
        listeners = self.listener_map.get(component_name, [])
        if listener not in listeners:
            return False
        listeners.remove(listener)
        if not listeners:
            del self.listener_map[component_name]
        return True

    def find_listeners(self, component: Any) -> None:
        """Add the listeners in a component's model that name this encoder, or any."""
        model = getattr(component, "model", None)
        for node in model.walk() if isinstance(model, Model) else ():
            if isinstance(node, EncoderListener) and node.upstream_name in ("*", self.name):
                self.add_listener(node, component.name)

    def link(self) -> None:
        """Find the listeners of components that were enabled since the pipeline was loaded: spaCy links components then,
        those alone that are enabled, and a stock listener needs no link to predict."""
        if self.nlp is None:
            return
        state = ([id(pipe) for _, pipe in self.nlp.components], self.nlp.disabled)
        if state != self._linked:
            self._linked = state
            for _, pipe in self.nlp.pipeline:
                self.find_listeners(pipe)

    def __call__(self, doc: Doc) -> Doc:
        return next(self.pipe([doc], batch_size=1), doc)

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Encode a stream. The rows of a batch's documents are sorted by length: larger batches are faster. A thread
        encodes a batch while the components after this one read the batch before.

        batch_size (int): number of documents in a batch; the vectors of two are in memory at once. With 1 no document
            waits for the next one; else the first comes when two batches have been read.
        """
        error_handler = self.get_error_handler()
        asked = ((docs, self._poolings()) for docs in minibatch(stream, batch_size))
        with closing(run_ahead(self._encode, asked, int(batch_size > 1))) as runs:
            for (docs, _), vectors in runs:
                try:
                    self.set_annotations(docs, vectors())
                except Exception as err:
                    error_handler(self.name, self, docs, err)
                else:
                    yield from docs

    def predict(self, docs: Iterable[Doc]) -> list[dict[str, Vectors]]:
        """Vectors of each document's tokens, shape (tokens, width), by each pooling that is listened for. Raises the
        errors of `OnnxShim.encode`."""
        return self._encode((list(docs), self._poolings()))

    def set_annotations(self, docs: Sequence[Doc], vectors: Sequence[dict[str, Vectors]]) -> None:
        """Hand the vectors to the listeners of enabled components, those by the poolings that were asked for."""
        listeners = self._enabled()
        for listener in listeners:
            listener.inbox.forget()
        for doc, found in zip(docs, vectors):
            for listener in listeners:
                if listener.pooling in found:
                    listener.inbox.put(doc, found[listener.pooling])
            if self.keep and "mean" in found:
                doc.tensor = cast(Any, self.model.ops).asarray2f(found["mean"].copy())

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Any = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Encode a batch for the components that are trained on it."""
        examples = list(examples)
        validate_examples(examples, "Encoder.update")
        docs = [eg.predicted for eg in examples]
        self.set_annotations(docs, self.predict(docs))
        return {} if losses is None else losses

    def initialize(
        self, get_examples: Callable[[], Iterable[Example]], *, nlp: Language | None = None
    ) -> None:
        """Nothing is initialised: raises H222 unless there is a graph."""
        self.model.initialize()

    def to_disk(self, path: Path | str, *, exclude: Iterable[str] = NO_FIELDS) -> None:
        """Write cfg, tokenizer.json, encoder.onnx (of OpenVINO: encoder.xml) and encoder.safetensors."""
        if self.graph is not None:
            self.graph.to_disk(ensure_path(path))

    def from_disk(self, path: Path | str, *, exclude: Iterable[str] = NO_FIELDS) -> Self:
        """Raises H217 without the library that computes it, H219 for a folder that is not whole, and H220 if its network is
        not the one that was written, or that this pipeline is of."""
        graph = Graph.from_disk(ensure_path(path))
        require_digest(graph.settings["sha256"], self.sha256 or graph.settings["sha256"])
        require_engine(graph.network.engine)
        self.set_graph(graph)
        return self

    def to_bytes(self, *, exclude: Iterable[str] = NO_FIELDS) -> bytes:
        return self.shim.to_bytes()

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = NO_FIELDS) -> Self:
        if bytes_data:
            self.set_graph(Graph.from_bytes(bytes_data))
        return self

    def _encode(self, asked: tuple[list[Doc], set[Pooling]]) -> list[dict[str, Vectors]]:
        return self.shim.encode(*asked)

    def _poolings(self) -> set[Pooling]:
        """Those that are listened for."""
        self.link()
        poolings = {listener.pooling for listener in self._enabled()}
        return poolings | {"mean"} if self.keep else poolings

    def _enabled(self) -> list[EncoderListener]:
        """Listeners of components that may read them: those of others would wait as long as there are the documents."""
        disabled = self.nlp.disabled if self.nlp is not None else ()
        return [
            listener for name, own in self.listener_map.items() if name not in disabled for listener in own
        ]

    def _tell_width(self, listener: EncoderListener) -> None:
        """Raises H225 if the listener expects another."""
        if self.graph is None:
            return
        width = self.graph.settings["width"]
        if listener.maybe_get_dim("nO") not in (None, width):
            message = Errors.H225.format(name=self.name, width=width, expected=listener.get_dim("nO"))
            raise HoneError(message)
        listener.set_dim("nO", width)
