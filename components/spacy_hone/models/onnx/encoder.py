"""An encoder that ONNX Runtime or OpenVINO computes: documents to token vectors, without torch."""

from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import closing
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import Model, Optimizer
from thinc.shims import Shim
from thinc.types import Floats2d

from ...errors import Errors, HoneError
from ..forking import make_fork_safe
from ..windows import Ints, batch_by_padding
from .ahead import run_ahead
from .engines import Provider, missing
from .graph import Engine, Graph
from .layout import Rows, arrange
from .listener import EncoderListener, no_gradient
from .pooling import POOLS, Batch, Pooling, Vectors, check_pooling
from .session import Session

if TYPE_CHECKING:
    from ..tokenization import Wordpieces


class Shapes(NamedTuple):
    """step: rows are as long as a multiple of it; of_one: a row that comes alone. waste: more padding, in wordpieces, that
    takes a core as long as one more run. powers_of_two: see `batch_by_padding`."""

    step: int
    of_one: int
    waste: int
    powers_of_two: bool = False


# Measured with a 6 x 384 encoder. OpenVINO prepares each new shape at its first run (5 ms, in int8 12), and again, if
# faster, when it comes back to it (1 ms). 4,770 recipes make 302 shapes; by these rules 52, with 5 % of padding.
WASTE = 8
SHAPES: dict[Engine, Shapes] = {
    "onnxruntime": Shapes(1, 1, WASTE),
    "openvino": Shapes(2, 8, 64, powers_of_two=True),
}


def build_onnx_encoder(
    *,
    threads: int = 0,
    provider: Provider = "cpu",
    max_batch_wordpieces: int = 512,
    pooling: Pooling = "mean",
) -> Model[list[Doc], list[Floats2d]]:
    """`hone.OnnxEncoder.v1`: an encoder made by `hone optimize`. It is empty until a pipeline is loaded.

    threads: of a lone run, and runs at once of several, see `Session`; 0: as many as there are cores.
    provider: the processor, "cpu" or "cuda".
    max_batch_wordpieces: padded wordpieces of one run; times the threads this bounds the memory of prediction.
    pooling: wordpieces to a token, where the encoder is a component's own (`nlp.replace_listeners`); listeners say
        theirs themselves.
    """
    check_pooling(pooling)
    if max_batch_wordpieces < 1:
        problem = "expected a number of wordpieces, at least 1."
        raise HoneError(
            Errors.H208.format(option="max_batch_wordpieces", value=max_batch_wordpieces, problem=problem)
        )
    return Model(
        "onnx_encoder",
        forward,
        init=init,
        dims={"nO": None},
        shims=[OnnxShim(Session(b"", threads, provider), max_batch_wordpieces)],
        attrs={
            "pooling": pooling,
            "replace_listener": replace_listener,
            "replace_listener_cfg": replace_listener_cfg,
        },
    )


def init(model: Model, X: Any = None, Y: Any = None) -> None:
    """Raise H222 unless there is a graph."""
    model.set_dim("nO", model.shims[0].loaded.settings["width"])  # type: ignore[attr-defined]


def forward(
    model: Model, docs: Sequence[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[Any], list[Doc]]]:
    """Token vectors of each document, shape (tokens, width). They have no gradient: the encoder is frozen."""
    shim: OnnxShim = model.shims[0]  # type: ignore[assignment]
    pooling = model.attrs["pooling"]
    found = shim.encode(docs, {pooling})
    return [model.ops.asarray2f(vectors[pooling]) for vectors in found], no_gradient  # type: ignore[arg-type]


def replace_listener(model: Model, listener: EncoderListener, encoder: Any) -> Model:
    """The encoder as a component's own, which pools as its listener did."""
    model.attrs["pooling"] = listener.pooling
    return model


def replace_listener_cfg(encoder: dict[str, Any], listener: dict[str, Any]) -> dict[str, Any]:
    """The config of a component whose listener was replaced."""
    return {**encoder, "pooling": listener.get("pooling", "mean")}


class OnnxShim(Shim):
    """A graph, its session and its tokenizer.

    session: without a graph at first; gives the options. max_batch_wordpieces: see `build_onnx_encoder`.
    """

    def __init__(self, session: Session, max_batch_wordpieces: int):
        super().__init__(None)
        self.session = session
        self.max_batch_wordpieces = max_batch_wordpieces
        self.graph: Graph | None = None

    @property
    def loaded(self) -> Graph:
        """The graph; H222 if there is none yet."""
        if self.graph is None:
            raise HoneError(Errors.H222)
        return self.graph

    def set_graph(self, graph: Graph) -> None:
        self.graph = graph
        self.session = Session(
            graph.code, self.session.threads, self.session.provider, graph.weights, graph.network.engine
        )
        self.__dict__.pop("wordpieces", None)

    @cached_property
    def wordpieces(self) -> "Wordpieces":
        """The tokenizer; H217 where the library is not installed."""
        try:
            from ..tokenization import Wordpieces
        except ImportError as err:
            raise missing("tokenizers", f"cannot be imported ({err})") from err
        make_fork_safe()
        return Wordpieces({"tokenizer.json": self.loaded.tokenizer}, self.loaded.settings["pad_id"])

    def encode(self, docs: Sequence[Doc], poolings: Collection[Pooling]) -> list[dict[str, Vectors]]:
        """Token vectors of each document by each pooling, shape (tokens, width). Raises H222 and those of `Session`.

        Rows of all documents are sorted by length and run in batches.
        """
        settings = self.loaded.settings
        if not docs or not poolings:
            return [{} for _ in docs]
        ends = np.cumsum([len(doc) for doc in docs])
        rows = arrange(docs, self.wordpieces, settings)
        pools = {name: POOLS[name](rows.token, int(ends[-1]), settings["width"]) for name in poolings}
        with closing(self._run(rows)) as batches:
            for batch in batches:
                for pool in pools.values():
                    pool.add(batch)
        vectors = {name: np.split(pool.finish(), ends[:-1]) for name, pool in pools.items()}
        return [{name: own[i] for name, own in vectors.items()} for i in range(len(docs))]

    def _run(self, rows: Rows) -> Generator[Batch, None, None]:
        step, of_one, waste, powers_of_two = self._shapes
        widths = self._pad(rows.lengths, step if len(rows.ids) > 1 else of_one)
        batches = batch_by_padding(widths, self.max_batch_wordpieces, waste, powers_of_two=powers_of_two)
        batch_of, place = np.zeros((2, len(rows.ids)), dtype=np.int64)
        for i, batch in enumerate(batches):
            batch_of[batch], place[batch] = i, np.arange(len(batch))
        of_piece = batch_of[rows.row]
        order = np.lexsort((rows.token, of_piece))
        ends = np.cumsum(np.bincount(of_piece, minlength=len(batches)))
        lanes = self.session.lanes(len(batches))
        work = partial(self._vectors, rows, widths, alone=not lanes)
        with closing(run_ahead(work, batches, lanes)) as runs:
            for (_, vectors), pieces in zip(runs, np.split(order, ends[:-1])):
                token = rows.token[pieces]
                starts = np.flatnonzero(np.diff(token, prepend=-1))
                own = vectors()[place[rows.row[pieces]], rows.col[pieces]]
                yield Batch(own, pieces, token[starts], np.diff(starts, append=len(token)).astype(np.int32))

    def _vectors(self, rows: Rows, widths: Ints, batch: Ints, *, alone: bool) -> NDArray[np.float32]:
        """Vectors of some rows, shape (rows, longest, width). widths: of all rows, padded. alone: see `Session.run`."""
        settings = self.loaded.settings
        mask = np.arange(widths[batch].max()) < rows.lengths[batch, None]
        ids = np.full(mask.shape, settings["pad_id"], dtype=np.int64)
        ids[mask] = np.concatenate([rows.ids[row] for row in batch])
        inputs = {
            "input_ids": ids,
            "attention_mask": mask.astype(np.int64),
            "token_type_ids": np.zeros_like(ids),
        }
        return self.session.run({name: inputs[name] for name in settings["inputs"]}, alone=alone)

    def _pad(self, lengths: Ints, step: int) -> Ints:
        """How long rows are as multiples of a step."""
        return np.minimum(-(-lengths // step) * step, self.loaded.settings["max_positions"])

    @property
    def _shapes(self) -> Shapes:
        if self.session.provider == "cuda":
            return Shapes(1, 1, self.max_batch_wordpieces)
        return SHAPES[self.loaded.network.engine]

    def to_bytes(self) -> bytes:
        return b"" if self.graph is None else self.graph.to_bytes()

    def from_bytes(self, data: bytes) -> "OnnxShim":
        if data:
            self.set_graph(Graph.from_bytes(data))
        return self

    def finish_update(self, optimizer: Optimizer) -> None:
        """Nothing is learned."""

    def to_device(self, device_type: str, device_id: int) -> None:
        """`provider` says where it is computed."""
