"""Graph optimisation: normalisation, activation and (on a GPU) attention as one operator each."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.optimizer import optimize_model

from .choices import Provider

# The fusions for BERT look for patterns, not for names: its kin (RoBERTa, DistilBERT, ELECTRA ...) has them too.
KIN = "bert"
FUSED = ("Attention", "LayerNormalization", "SkipLayerNormalization", "Gelu", "BiasGelu")


def fuse(
    graph: bytes, config: Any, provider: Provider, gap: Callable[[bytes], float], limit: float
) -> tuple[bytes, dict[str, int]]:
    """Optimise a graph as far as its vectors stay the same.

    graph: an exported encoder. config: the encoder's Hugging Face config. provider: what it will run on. gap: largest
    difference of a graph's vectors from the encoder's. limit: the most that is allowed.

    On a GPU all fusions are tried first; on a CPU, and where that fails, those of small operators alone. There attention
    as one operator is no faster, and the sum before a normalisation in one with it is slower (6 x 384 encoder in int8: 5
    to 10 %).

    RETURNS: the graph and the fused operators in it, by kind. Where a fusion fails or changes the vectors, as it may
    with an architecture that it does not know, the graph is left to ONNX Runtime, which optimises it when it is loaded.
    """
    for large in (True, False) if provider == "cuda" else (False,):
        try:
            fused = _fuse(graph, config.num_attention_heads, config.hidden_size, large)
            if gap(fused) <= limit:
                return fused, count(fused)
        except Exception:  # whatever pattern matching makes of a graph that it does not know
            continue
    return graph, {}


def count(graph: bytes) -> dict[str, int]:
    """How many fused operators of each kind a graph has."""
    kinds = [node.op_type for node in onnx.load_from_string(graph).graph.node]
    return {kind: kinds.count(kind) for kind in FUSED if kind in kinds}


def _fuse(graph: bytes, n_heads: int, width: int, large: bool) -> bytes:
    options = FusionOptions(KIN)
    options.enable_attention = options.enable_skip_layer_norm = options.enable_bias_skip_layer_norm = large
    options.enable_embed_layer_norm = False  # its tables would be quantised with one scale for all rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "encoder.onnx")
        path.write_bytes(graph)
        sizes: dict[str, Any] = {"num_heads": n_heads, "hidden_size": width, "opt_level": 0}
        model = optimize_model(str(path), KIN, optimization_options=options, **sizes)
        model.topological_sort()
        return model.model.SerializeToString()
