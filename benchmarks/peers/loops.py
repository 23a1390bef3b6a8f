"""What somebody would write who needs no pipeline: wordpieces, sorted batches, a model, the best tag of each wordpiece.

Texts that are longer than the model can read are cut into stretches without overlap.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import starmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.util import minibatch
from tokenizers import Tokenizer

from spacy_hone.models.onnx.encoder import WASTE
from spacy_hone.models.windows import batch_by_padding

Ints = NDArray[np.int64]
LONGEST = 512  # wordpieces of a stretch


class Loop(ABC):
    """folder: of `peers.prepare`. threads: of the model.

    padded: wordpieces of a batch, with its padding. waste: padding that takes about as long as one more batch.
    """

    padded = 4096
    waste = 512

    def __init__(self, folder: Path, threads: int) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "hf" / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(LONGEST)
        self.load(folder, threads)

    @abstractmethod
    def load(self, folder: Path, threads: int) -> None:
        """Make the model ready."""

    @abstractmethod
    def infer(self, ids: Ints, mask: Ints) -> NDArray[np.integer]:
        """The best tag of each wordpiece; all three of shape (rows, wordpieces)."""

    def __call__(self, texts: Sequence[str], batch_size: int) -> list[NDArray[np.integer]]:
        """The tags of each stretch of text; so many texts are sorted at a time."""
        return [row for chunk in minibatch(texts, batch_size) for row in self._tag(chunk)]

    def _tag(self, texts: list[str]) -> list[NDArray[np.integer]]:
        encodings = [
            row for first in self.tokenizer.encode_batch(texts) for row in (first, *first.overflowing)
        ]
        lengths = np.array([len(row.ids) for row in encodings])
        found: list[Any] = [None] * len(encodings)
        batches = batch_by_padding(lengths, self.padded, self.waste)
        inputs = (pad([encodings[i].ids for i in batch]) for batch in batches)
        for batch, rows in zip(batches, self.infer_all(inputs)):
            for i, tags in zip(batch, rows):
                found[i] = tags[: lengths[i]]
        return found

    def infer_all(self, inputs: Iterable[tuple[Ints, Ints]]) -> Iterable[NDArray[np.integer]]:
        """The tags of each batch."""
        return starmap(self.infer, inputs)


class TorchLoop(Loop):
    """A Hugging Face model under `torch.inference_mode`, in float32."""

    def load(self, folder: Path, threads: int) -> None:
        from transformers import AutoModelForTokenClassification

        self.model = AutoModelForTokenClassification.from_pretrained(folder / "hf").eval()

    def infer(self, ids: Ints, mask: Ints) -> NDArray[np.integer]:
        import torch

        with torch.inference_mode():
            logits = self.model(torch.from_numpy(ids), torch.from_numpy(mask)).logits
            return logits.argmax(-1).numpy()


class OnnxLoop(Loop):
    """The graph of an optimised pipeline under ONNX Runtime, and the head as a matrix product."""

    precision = "fp32"
    padded = 1024
    waste = WASTE

    def load(self, folder: Path, threads: int) -> None:
        import onnxruntime
        from safetensors.numpy import load_file

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        path = folder / self.precision / "transformer" / "encoder.onnx"
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.inputs = [each.name for each in self.session.get_inputs()]
        weights = load_file(folder / "hf" / "model.safetensors")
        self.W, self.b = weights["classifier.weight"].T, weights["classifier.bias"]

    def infer(self, ids: Ints, mask: Ints) -> NDArray[np.integer]:
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        [hidden] = self.session.run(None, {name: given[name] for name in self.inputs})
        return (hidden @ self.W + self.b).argmax(-1)


class Int8Loop(OnnxLoop):
    """The same with 8-bit weights."""

    precision = "int8"


class Int8Lanes(Int8Loop):
    """The same, with a batch in each thread."""

    padded = 512

    def load(self, folder: Path, threads: int) -> None:
        super().load(folder, threads=1)
        self.pool = ThreadPoolExecutor(threads)

    def infer_all(self, inputs: Iterable[tuple[Ints, Ints]]) -> Iterable[NDArray[np.integer]]:
        return self.pool.map(self.infer, *zip(*inputs))


def pad(rows: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Ids and mask of rows, the longest being the first."""
    lengths = np.array([len(row) for row in rows])
    mask = (np.arange(lengths[0]) < lengths[:, None]).astype("int64")
    ids = np.zeros_like(mask)
    ids[mask == 1] = np.concatenate(rows)
    return ids, mask


def set_threads(threads: int) -> None:
    """Let torch and the tokenizers use so many."""
    import torch

    torch.set_num_threads(threads)
    os.environ["TOKENIZERS_PARALLELISM"] = str(threads > 1).lower()
