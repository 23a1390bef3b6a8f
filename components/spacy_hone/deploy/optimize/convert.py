"""From a torch encoder to an optimised float32 graph with the same vectors."""

from collections.abc import Sequence
from typing import NamedTuple

from ...models.onnx.graph import Graph, GraphPrecision
from .checks import LIMIT, require_gap
from .choices import Provider
from .export import INPUTS, export
from .fuse import fuse
from .source import Source
from .split import split
from .vectors import Probe, sample_rows


class Converted(NamedTuple):
    """graph: the encoder in float32. fused: its fused operators, by kind. probe: holds other graphs against the
    encoder."""

    graph: bytes
    fused: dict[str, int]
    probe: Probe


def convert(source: Source, texts: Sequence[str], provider: Provider = "cpu") -> Converted:
    """Export an encoder and optimise the graph. texts: what vectors are compared on. provider: what it will run on.

    Raises H715 and H716 if it cannot be exported, H717 if the graph's vectors are others.
    """
    probe = Probe(source, sample_rows(source, texts))
    exported = export(source.transformer)
    require_gap("exported graph", probe.gap(exported))
    graph, fused = fuse(exported, source.transformer.config, provider, probe.gap, LIMIT)
    return Converted(graph, fused, probe)


def pack(source: Source, graph: bytes, precision: GraphPrecision) -> Graph:
    """A graph with what `hone_encoder` needs beside it."""
    return Graph(
        *split(graph),
        source.wordpieces.files["tokenizer.json"],
        {
            "width": source.width,
            "pad_id": source.wordpieces.pad_id,
            "max_positions": source.longest,
            "windows": source.windows,
            "inputs": list(INPUTS),
            "precision": precision,
        },
    )
