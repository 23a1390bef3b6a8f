"""The tags of a list of entity types under a scheme: names, legal transitions, spans to tags."""

from collections.abc import Iterable, Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from ..corpora.schemes import NEAREST, SCHEMES
from ..errors import Errors, HoneError
from ..types import Scheme

OUTSIDE = 0  # the row of O


class TagTable:
    """The tags of labels under a scheme: `O` first, then the tags of each label in the order of the labels,
    so that appending a label appends rows and moves none.

    labels (Sequence[str]): entity types.
    scheme (str): "BIO" or "BILUO".
    """

    names: list[str]  # of the tags, by row
    labels: list[str]  # of the tags, by row; O has none
    starts: NDArray[np.bool_]  # (tags,): the tag begins an entity
    inside: NDArray[np.bool_]  # (tags,): the tag continues one
    legal: NDArray[np.bool_]  # (tags, tags): the column may follow the row

    def __init__(self, labels: Sequence[str], scheme: str):
        if scheme not in get_args(Scheme):
            raise HoneError(Errors.H301.format(scheme=scheme, schemes=", ".join(get_args(Scheme))))
        letters, after = SCHEMES[scheme].letters, SCHEMES[scheme].after
        parts = list(letters.values())  # B(egin) I(nside) E(nd) S(ingle), as far as the scheme has them
        self.names = ["O", *(f"{prefix}-{label}" for label in labels for prefix in letters)]
        self.labels = ["", *(label for label in labels for _ in parts)]
        self._rows = {label: 1 + i * len(parts) for i, label in enumerate(labels)}
        self._offsets = [
            parts.index(next(near for near in NEAREST[part] if near in parts)) for part in "BIES"
        ]

        part = np.array(["O", *(parts * len(labels))])
        self.starts = np.isin(part, ["B", "S"])
        self.inside = np.isin(part, ["I", "E"])
        kind = np.array([0, *([*range(1, len(parts) + 1)] * len(labels))])
        pairs = np.ix_(kind, kind)
        owner = np.array([-1, *(i for i in range(len(labels)) for _ in parts)])
        same_label, other_label = (
            np.array([[before in after[part][i] for part in ["O", *parts]] for before in ["O", *parts]])
            for i in (0, 1)
        )
        self.legal = np.where(owner[:, None] == owner, same_label[pairs], other_label[pairs])

    def __len__(self) -> int:
        return len(self.names)

    def encode(self, spans: Iterable[tuple[int, int, str]], n_tokens: int) -> NDArray[np.int32]:
        """The rows of the tags that say the same as spans that do not overlap.

        spans: (start, end, label) in tokens.
        n_tokens (int): length of the text.
        RETURNS (ndarray): shape (n_tokens,).
        """
        tags = np.full(n_tokens, OUTSIDE, dtype=np.int32)
        first, inner, last, single = self._offsets
        for start, end, label in spans:
            if label not in self._rows:
                raise HoneError(Errors.H304.format(label=label, labels=", ".join(self._rows)))
            row = self._rows[label]
            tags[start:end] = row + inner
            tags[start] = row + first
            tags[end - 1] = row + (last if end - start > 1 else single)
        return tags
