"""Run a teacher over texts, and keep what it says."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from ..errors import Errors, HoneError
from .base import Output, Teacher
from .store import Store


class Filled(NamedTuple):
    """Numbers of documents: those whose text was in the file (or came twice), and those that the teacher was asked
    about."""

    hits: int
    misses: int


def fill(
    store: Store,
    teacher: Teacher,
    texts: Iterable[Doc | str],
    nlp: Language,
    *,
    vectors: bool = False,
    batch_size: int = 128,
) -> Filled:
    """Ask the teacher about the texts that are not in the file, and write a batch at a time.

    texts: what the student will be trained on, plain where its tokens are not known.
    nlp: makes documents of plain texts; what it learns from them is forgotten.
    vectors: whether to keep the teacher's vectors too. Texts that are there without are asked about again.
    batch_size: texts at a time.

    Raises H936 if vectors are asked for and the teacher has none, H935 for an output that is malformed.
    """
    total = misses = 0

    def absent() -> Iterator[tuple[str, Doc | str]]:
        nonlocal total
        for each in texts:
            total += 1
            text = each if isinstance(each, str) else each.text
            if not store.has(text, vectors=vectors):
                yield text, each

    for batch in minibatch(absent(), batch_size):
        once = dict(batch)
        with nlp.memory_zone():
            docs = [nlp.make_doc(each) if isinstance(each, str) else each for each in once.values()]
            outputs = teacher.outputs(docs, vectors=vectors)
        if vectors:
            outputs = _with_vectors(outputs, store)
        store.put(zip(once, outputs, strict=True))
        misses += len(once)
    return Filled(total - misses, misses)


def _with_vectors(outputs: Sequence[Output], store: Store) -> list[Output]:
    """The outputs, those without a row with vectors too, of which there are none."""
    widths = [output.vectors.shape[1] for output in outputs if output.vectors is not None]
    if any(output.vectors is None and len(output.logits) for output in outputs):
        raise HoneError(Errors.H936.format(teacher=store.header))
    none = np.zeros((0, widths[0] if widths else 0), "float32")
    return [output if output.vectors is not None else output._replace(vectors=none) for output in outputs]
