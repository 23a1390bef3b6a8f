"""A torch encoder as an ONNX graph, by torch's own exporter."""

import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import Errors, HoneError

INPUTS = ("input_ids", "attention_mask")
OUTPUT = "last_hidden_state"
AXES = {0: "batch", 1: "wordpieces"}
OPSET = 17
MOST = 2**31 - 2**20  # bytes; what protobuf holds, less some for the graph itself
OPERATOR = re.compile(r"(?:aten|prim|quantized|torchvision|onnx)::?\.?\w+(?:\.\w+)?")


class Bare(nn.Module):
    """Ids and mask, both of shape (batch, wordpieces), to vectors (batch, wordpieces, width)."""

    def __init__(self, transformer: nn.Module):
        super().__init__()
        self.transformer = transformer

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        output = self.transformer(input_ids=input_ids, attention_mask=attention_mask, return_dict=True)
        return output.last_hidden_state


def export(transformer: Any) -> bytes:
    """Export an encoder: inputs `INPUTS` (int64), output `OUTPUT` (float32), batch and length left open.

    transformer: a Hugging Face encoder; it stays as it is. Raises H715 with the operator that has no counterpart in
    ONNX, H716 for more weights than fit into a file.
    """
    kind = type(transformer).__name__
    size = sum(weight.numel() for weight in transformer.parameters()) * 4
    if size > MOST:
        raise HoneError(Errors.H716.format(encoder=kind, size=size / 1e9))
    ids = torch.ones((2, 8), dtype=torch.int64)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    folder = tempfile.TemporaryDirectory()
    try:
        with folder, silent(), warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")
            path = Path(folder.name, "encoder.onnx")
            torch.onnx.export(
                Bare(spell_out(transformer)).eval(),
                (ids, mask),
                str(path),
                input_names=list(INPUTS),
                output_names=[OUTPUT],
                dynamic_axes=dict.fromkeys((*INPUTS, OUTPUT), AXES),
                opset_version=OPSET,
                dynamo=False,
            )
            return path.read_bytes()
    except Exception as err:  # what tracing makes of a module that it does not know
        raise HoneError(Errors.H715.format(encoder=kind, problem=explain(err))) from err


@contextmanager
def silent() -> Iterator[None]:
    """Nothing gets to standard output: there torch writes all of a graph that it cannot export, past Python."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with Path(os.devnull).open("w", encoding="utf8") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def spell_out(transformer: Any) -> Any:
    """A float32 copy whose attention is written in plain operators, the form that graph optimisers know."""
    config = deepcopy(transformer.config)
    copy = type(transformer)._from_config(config, attn_implementation="eager", torch_dtype=torch.float32)
    copy.load_state_dict(
        transformer.state_dict(), strict=False
    )  # a pooler may come or go: it is not exported
    return copy.eval()


def explain(err: BaseException) -> str:
    """The operator that an exporter's error is about, or else its first line."""
    text = str(err)
    if found := OPERATOR.search(text):
        return f"ONNX has no counterpart of the operator {found.group()}"
    return text.strip().splitlines()[0] if text.strip() else type(err).__name__
