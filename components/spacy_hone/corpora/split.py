"""Divide a stream of documents into parts that have each label in proportion, in bounded memory.

Iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011, "On the Stratification of Multi-Label Data"),
applied to blocks of 1,000 documents; what a block leaves a part owing is carried into the next, so the
proportions hold overall.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from math import isclose
from random import Random

from ..errors import Errors, HoneError
from .records import Record

BLOCK = 1_000
PARTS = ("train", "dev", "test")


def parse_split(text: str) -> dict[str, float]:
    """`0.8,0.1,0.1`: shares of train, dev, test; `0.9,0.1`: of train, dev. A share of 0 leaves a part out."""
    try:
        shares = [float(share) for share in text.split(",")]
    except ValueError:
        raise HoneError(Errors.H118.format(split=text, problem="not numbers")) from None
    if not 2 <= len(shares) <= 3 or min(shares) < 0:
        number = f"{len(shares)} share{'s'[: len(shares) > 1]}"
        raise HoneError(Errors.H118.format(split=text, problem=f"{number}, the least {min(shares):g}"))
    if not isclose(sum(shares), 1, abs_tol=1e-6):  # it is false for nan
        raise HoneError(Errors.H118.format(split=text, problem=f"the shares sum to {sum(shares):g}"))
    return {part: share for part, share in zip(PARTS, shares) if share}


class Splitter:
    """Assigns documents to parts. The same stream, shares and seed give the same parts.

    shares: name of part -> share of the documents; they sum to 1.
    """

    def __init__(self, shares: dict[str, float], seed: int) -> None:
        self.shares, self.random = shares, Random(seed)
        self.due: dict[str, float] = dict.fromkeys(shares, 0.0)  # documents that a part should still get
        self.owed: dict[str, Counter[str]] = {
            part: Counter() for part in shares
        }  # and how many of each label

    def split(self, records: Iterable[Record]) -> Iterator[tuple[str, Record]]:
        """Yield each record with its part, in the order of the stream."""
        block: list[Record] = []
        for record in records:
            block.append(record)
            if len(block) == BLOCK:
                yield from zip(self._assign([set(one.labels()) for one in block]), block)
                block = []
        yield from zip(self._assign([set(one.labels()) for one in block]), block)

    def _assign(self, labels: list[set[str]]) -> list[str]:
        """Parts for a block of documents: the rarest label's first, each to the part that lacks it most."""
        total = Counter(label for one in labels for label in one)
        for part, share in self.shares.items():
            self.due[part] += share * len(labels)
            self.owed[part].update({label: share * count for label, count in total.items()})
        room = self._room(len(labels))
        parts = [""] * len(labels)
        left = list(range(len(labels)))
        self.random.shuffle(left)
        holders: dict[str, list[int]] = {label: [] for label in total}
        for i in left:
            for label in labels[i]:
                holders[label].append(i)
        while total:
            rarest = min(total, key=lambda label: (total[label], label))
            for i in holders[rarest]:
                if not parts[i]:
                    parts[i] = self._place(labels[i], rarest, room)
                    total -= Counter(labels[i])
            total.pop(rarest, None)
        for i in left:
            parts[i] = parts[i] or self._place(labels[i], "", room)
        return parts

    def _room(self, size: int) -> dict[str, int]:
        """How many documents of a block each part takes: what it is due, rounded so that all are taken."""
        room = {part: max(int(due), 0) for part, due in self.due.items()}
        rest = sorted(self.shares, key=lambda part: room[part] - self.due[part])
        for k in range(size - sum(room.values())):
            room[rest[k % len(rest)]] += 1
        return room

    def _place(self, labels: set[str], wanted: str, room: dict[str, int]) -> str:
        """The part with room that lacks `wanted` most, then documents most; ties are drawn."""
        candidates = [part for part in self.shares if room[part] > 0]
        part = max(candidates, key=lambda part: (self.owed[part][wanted], room[part], self.random.random()))
        room[part] -= 1
        self.due[part] -= 1
        self.owed[part].subtract(labels)
        return part
