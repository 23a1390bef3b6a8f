"""From a torch encoder to an optimised float32 graph with the same vectors."""

from collections.abc import Sequence
from typing import NamedTuple

from ...models.onnx.graph import Engine, Graph, GraphPrecision, Network
from .checks import LIMIT, require_gap
from .choices import Provider
from .export import INPUTS, export
from .source import Source
from .split import split
from .tools import TOOLS
from .vectors import Probe, sample_rows


class Converted(NamedTuple):
    """network: the encoder in float32. fused: its fused operators, by kind. probe: holds other networks against the
    encoder. gap: of the network."""

    network: Network
    fused: dict[str, int]
    probe: Probe
    gap: float


def convert(
    source: Source, texts: Sequence[str], provider: Provider = "cpu", engine: Engine = "onnxruntime"
) -> Converted:
    """Export an encoder and optimise the graph. texts: what vectors are compared on. provider: what it will run on.
    engine: what will compute it.

    Raises H715 and H716 if it cannot be exported, H717 if the graph's vectors are others.
    """
    probe = Probe(source, sample_rows(source, texts))
    exported = export(source.transformer)
    require_gap("exported graph", probe.gap(Network(exported, {})))
    network, fused = TOOLS[engine].finish(exported, source.transformer.config, provider, probe.gap, LIMIT)
    gap = probe.gap(network)
    require_gap("optimised graph", gap)
    return Converted(network, fused, probe, gap)


def pack(source: Source, network: Network, precision: GraphPrecision) -> Graph:
    """A network with what `hone_encoder` needs beside it."""
    code, weights, engine = split(network)
    return Graph(
        code,
        weights,
        source.wordpieces.files["tokenizer.json"],
        {
            "width": source.width,
            "pad_id": source.wordpieces.pad_id,
            "max_positions": source.longest,
            "windows": source.windows,
            "inputs": list(INPUTS),
            "precision": precision,
            "engine": engine,
        },
    )
