"""Text to wordpieces with their character offsets, by the `tokenizers` library alone."""

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ..errors import Errors, HoneError

MAX_REMEMBERED = 2**20


class Pieces(NamedTuple):
    """Wordpieces of one text without special ones: ids and character offsets, each of shape (wordpieces,)."""

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


class Wordpieces:
    """A fast tokenizer as the files that make it, so that it copies, pickles and saves as plain bytes.

    files: the tokenizer's files by name; `tokenizer.json` does the work, the others serve Hugging Face.
    pad_id: id that fills rows up.

    Attributes: `prefix` and `suffix`, the special ids around every window.
    """

    def __init__(self, files: Mapping[str, bytes], pad_id: int):
        self.files = dict(files)
        self.pad_id = pad_id
        self.backend = Tokenizer.from_str(self.files["tokenizer.json"].decode("utf8"))
        self.backend.no_truncation()
        self.backend.no_padding()
        probe = self.backend.encode("a")
        ordinary = np.flatnonzero(np.asarray(probe.special_tokens_mask) == 0)
        begin, end = (ordinary[0], ordinary[-1] + 1) if len(ordinary) else (len(probe.ids), len(probe.ids))
        self.prefix: list[int] = probe.ids[:begin]
        self.suffix: list[int] = probe.ids[end:]
        self._remembered: dict[str, Pieces] = {}
        self._n_remembered = 0

    @cached_property
    def strings(self) -> NDArray[np.object_]:
        """The vocabulary as an array: `strings[ids]` are the wordpieces' texts."""
        vocab = self.backend.get_vocab(with_added_tokens=True)
        table = np.full(max(max(vocab.values(), default=0), self.pad_id) + 1, "", dtype=object)
        table[list(vocab.values())] = list(vocab)
        return table

    def __call__(self, texts: Iterable[str], *, remember: bool = False) -> list[Pieces]:
        """Wordpieces of each text. `remember` keeps up to a million of them for the next epoch."""
        texts = list(texts)
        known = {text: self._remembered[text] for text in texts if text in self._remembered}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        for text, encoding in zip(new, self.backend.encode_batch(new, add_special_tokens=False)):
            ids = encoding.ids or self._filler
            offsets = np.array(encoding.offsets or [(0, 0)] * len(ids), dtype=np.int64).reshape(-1, 2)
            known[text] = Pieces(np.array(ids, dtype=np.int64), offsets[:, 0].copy(), offsets[:, 1].copy())
            if remember:
                self._remember(text, known[text])
        return [known[text] for text in texts]

    def _remember(self, text: str, pieces: Pieces) -> None:
        self._remembered[text] = pieces
        self._n_remembered += len(pieces.ids)
        while self._n_remembered > MAX_REMEMBERED:
            oldest = next(iter(self._remembered))
            self._n_remembered -= len(self._remembered.pop(oldest).ids)

    @property
    def _filler(self) -> list[int]:
        """What a text without wordpieces becomes where no special ones stand: a window is never empty."""
        return [] if self.prefix or self.suffix else [self.pad_id]

    def __getstate__(self) -> dict[str, Any]:
        return {"files": self.files, "pad_id": self.pad_id}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def from_hugging_face(tokenizer: Any, name: str) -> Wordpieces:
    """The wordpieces of a `PreTrainedTokenizerFast`; H205 for a slow tokenizer, which gives no offsets."""
    import tempfile
    from pathlib import Path

    if not getattr(tokenizer, "is_fast", False):
        raise HoneError(Errors.H205.format(name=name, tokenizer=type(tokenizer).__name__))
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder, legacy_format=False)
        files = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir()) if path.is_file()}
    # Length limits and padding are the windows' business.
    state = json.loads(files["tokenizer.json"])
    state.update(truncation=None, padding=None)
    files["tokenizer.json"] = json.dumps(state, ensure_ascii=False).encode("utf8")
    return Wordpieces(files, tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0)
