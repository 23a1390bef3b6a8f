"""Texts of any length, out of the recipes, in blocks."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle, islice
from math import ceil
from typing import NamedTuple

from spacy.tokens import Doc

from harness.data import load

DATA = "tasteset"
BATCH = 128  # recipes at a time, where that is not what is looked at


class Block(NamedTuple):
    """texts: one or more. words: spaCy's tokens in them."""

    texts: list[str]
    words: int


def batch_of(length: int) -> int:
    """How many documents of so many words are about as long as `BATCH` recipes; 0: recipes."""
    return max(1, 40 * BATCH // length) if length else BATCH


def load_recipes() -> list[Doc]:
    """All of them, in the order of the file."""
    return [doc for file in load(DATA) for doc in file]


def cut(docs: Sequence[Doc], length: int) -> list[Doc]:
    """The documents as one, cut anew into pieces of so many words; 0: as they are."""
    if not length:
        return list(docs)
    whole = Doc.from_docs(list(docs))
    return [whole[i : i + length].as_doc() for i in range(0, len(whole) - length + 1, length)]


def split_lines(texts: Iterable[str]) -> list[str]:
    """Those that are not empty."""
    return [line for text in texts for line in text.splitlines() if line.strip()]


def make_blocks(docs: Sequence[Doc], words: int) -> Iterator[Block]:
    """Blocks for ever, each with at least so many words, at least one document."""
    docs = cycle(docs)  # type: ignore[assignment]
    while True:
        texts, found = [], 0
        while found < words:
            [doc] = islice(docs, 1)
            texts.append(doc.text)
            found += len(doc)
        yield Block(texts, found)


def make_block(docs: Sequence[Doc], count: int) -> Block:
    """So many documents, from the first on and over again."""
    chosen = list(islice(cycle(docs), count))
    return Block([doc.text for doc in chosen], sum(map(len, chosen)))


class Point(NamedTuple):
    """A point of a curve. axis: "length" (words of a document) or "batch" (recipes at a time). at: its place."""

    axis: str
    at: int
    block: Block
    batch_size: int


def make_points(lengths: Sequence[int], batches: Sequence[int], words: int) -> list[Point]:
    """All points of both curves, each of at least so many words."""
    recipes = load_recipes()
    n_recipes = ceil(words / (sum(map(len, recipes)) / len(recipes)))
    by_length = (
        Point("length", length, make_block(cut(recipes, length), ceil(words / length)), BATCH)
        for length in lengths
    )
    by_batch = (Point("batch", size, make_block(recipes, max(size, n_recipes)), size) for size in batches)
    return [*by_length, *by_batch]
