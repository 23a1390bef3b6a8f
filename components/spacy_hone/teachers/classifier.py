"""Running a Hugging Face checkpoint that classifies. Needs torch and transformers, as `checkpoint` does."""

import hashlib
from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Any, NamedTuple

import numpy as np
import torch

from .base import NO_OFFSETS, Floats, Ints, Kind

Offsets = Sequence[tuple[int, int]]
Window = tuple[Floats, Floats | None]  # logits, shape (wordpieces, columns) or (1, columns), and vectors
OVERLAP = 4  # neighbouring windows share one part in so many


class Rows(NamedTuple):
    """What a checkpoint says of a text: see `Output`. The tokens are wordpieces that show a character."""

    logits: Floats
    starts: Ints
    ends: Ints
    vectors: Floats | None


class Classifier:
    """A checkpoint for the classification of tokens or sequences.

    Attributes: `kind`, `exclusive` and `names` (of the columns), as in `Task`; `unused`: weights of the file that the
    model has no place for; `layers`: whose vectors are given, side by side.
    """

    unused: Sequence[str] = ()
    layers: Sequence[int] = (-1,)

    def __init__(self, kind: Kind, model: Any, tokenizer: Any, window: int):
        self.kind, self.model, self.tokenizer = kind, model, tokenizer
        self.names = [model.config.id2label[i] for i in range(model.config.num_labels)]
        self.exclusive = model.config.problem_type != "multi_label_classification"
        probe = tokenizer("a", return_special_tokens_mask=True, verbose=False)
        ids, special = probe["input_ids"], probe["special_tokens_mask"]
        begin = special.index(0) if 0 in special else len(ids)
        end = len(special) - special[::-1].index(0) if 0 in special else len(ids)
        self.prefix, self.suffix = ids[:begin], ids[end:]
        limit = min(tokenizer.model_max_length, max_positions(model), window or max_positions(model))
        self.budget = int(limit) - len(self.prefix) - len(self.suffix)

    def digest(self, extra: str) -> str:
        """SHA-256 over weights, tokenizer, windows and something else."""
        digest = hashlib.sha256(f"{extra} {self.budget}".encode())
        digest.update(self.tokenizer.backend_tokenizer.to_str().encode())
        for name, tensor in sorted(self.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.cpu().numpy().tobytes())
        return digest.hexdigest()

    def __call__(self, texts: Sequence[str], batch_size: int, vectors: bool) -> list[Rows]:
        """What it says of some texts, `batch_size` windows at a time."""
        pieces = (
            self.tokenizer(list(texts), add_special_tokens=False, return_offsets_mapping=True, verbose=False)
            if texts
            else {"input_ids": [], "offset_mapping": []}
        )
        layouts = [self._windows(len(ids)) for ids in pieces["input_ids"]]
        windows = [
            [*self.prefix, *ids[start : start + self.budget], *self.suffix]
            for ids, starts in zip(pieces["input_ids"], layouts)
            for start in starts
        ]
        results = iter(self._run(windows, batch_size, vectors))
        read = self._read_tokens if self.kind == "tags" else self._read_text
        nothing = Rows(np.zeros((0, len(self.names)), dtype="float32"), NO_OFFSETS, NO_OFFSETS, None)
        return [
            read(text, offsets, starts, list(islice(results, len(starts)))) if starts else nothing
            for text, offsets, starts in zip(texts, pieces["offset_mapping"], layouts)
        ]

    def _windows(self, n_pieces: int) -> list[int]:
        """Where the windows of a text begin: none for a text of no wordpieces."""
        if n_pieces <= self.budget or self.kind == "categories":
            return [0] if n_pieces else []
        step = max(self.budget - self.budget // OVERLAP, 1)
        return [*range(0, n_pieces - self.budget, step), n_pieces - self.budget]

    @torch.inference_mode()
    def _run(self, windows: Sequence[list[int]], batch_size: int, vectors: bool) -> list[Window]:
        """What the model gives for each window."""
        results: dict[int, Window] = {}
        order = sorted(range(len(windows)), key=lambda i: -len(windows[i]))
        pad = self.tokenizer.pad_token_id or 0
        for batch in (order[i : i + batch_size] for i in range(0, len(order), batch_size)):
            lengths = [len(windows[i]) for i in batch]
            ids = np.full((len(batch), lengths[0]), pad, dtype="int64")
            mask = np.arange(lengths[0]) < np.array(lengths)[:, None]
            ids[mask] = np.concatenate([windows[i] for i in batch])
            output = self.model(
                input_ids=torch.from_numpy(ids).to(self.model.device),
                attention_mask=torch.from_numpy(mask.astype("int64")).to(self.model.device),
                output_hidden_states=vectors,
            )
            logits = output.logits.float().cpu().numpy()
            hidden = None
            if vectors:
                layers = torch.cat([output.hidden_states[layer] for layer in self.layers], dim=-1)
                hidden = layers.float().cpu().numpy()
            for row, (i, length) in enumerate(zip(batch, lengths)):
                own = logits[row, :length] if self.kind == "tags" else logits[row : row + 1]
                results[i] = own, None if hidden is None else hidden[row, :length]
        return [results[i] for i in range(len(windows))]

    def _read_text(
        self, text: str, offsets: Offsets, starts: Sequence[int], windows: Sequence[Window]
    ) -> Rows:
        ((logits, hidden),) = windows
        return Rows(logits, NO_OFFSETS, NO_OFFSETS, None if hidden is None else hidden.mean(0, keepdims=True))

    def _read_tokens(
        self, text: str, offsets: Offsets, starts: Sequence[int], windows: Sequence[Window]
    ) -> Rows:
        """A wordpiece is read from the window in which it stands farthest from a border."""
        begins, ends = trim(text, offsets)
        shown = np.flatnonzero(begins < ends)
        shown = shown[np.unique(begins[shown], return_index=True)[1]]  # of the bytes of a character the first
        begins = begins[shown]
        borders = [(start + before + self.budget) / 2 for before, start in pairwise(starts)]
        owners = np.searchsorted(borders, shown, side="right")
        bases = np.cumsum([0, *(len(logits) for logits, _ in windows)])
        places = bases[owners] + len(self.prefix) + shown - np.array(starts)[owners]
        hidden = [vectors for _, vectors in windows if vectors is not None]
        return Rows(
            np.concatenate([logits for logits, _ in windows])[places],
            begins,
            np.minimum(ends[shown], np.append(begins[1:], len(text))).astype("int32"),
            np.concatenate(hidden)[places] if hidden else None,
        )


def trim(text: str, offsets: Offsets) -> tuple[Ints, Ints]:
    """Offsets without the white space that some tokenizers count to a wordpiece."""
    found = np.array(offsets, dtype="int32").reshape(-1, 2)
    for i, (start, end) in enumerate(offsets):
        if start < end and (text[start].isspace() or text[end - 1].isspace()):
            piece = text[start:end]
            found[i] = end - len(piece.lstrip()), start + len(piece.rstrip())
    return found[:, 0], found[:, 1]


def max_positions(model: Any) -> int:
    """The longest row of wordpieces, special ones included. RoBERTa's kin begin after padding's own position."""
    limit = getattr(model.config, "max_position_embeddings", None) or 512
    embeddings = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    padding = getattr(embeddings, "padding_idx", None)
    return limit if padding is None else limit - padding - 1
