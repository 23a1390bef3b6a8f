"""A Hugging Face classifier of tokens or texts as a teacher."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from spacy.tokens import Doc

from ..corpora.schemes import CANONICAL, SCHEMES, split_tag, style_of
from ..errors import Errors, HoneError
from .base import NO_OFFSETS, Output, Pairs, Task, Teacher, no_layers, require
from .hidden import check_range

if TYPE_CHECKING:
    from .classifier import Classifier


def make_huggingface_teacher(
    model: str | Path | None,
    labels: list[list[str | None]] | None = None,
    batch_size: int = 16,
    window: int = 0,
) -> Teacher:
    """Build `hone.HuggingFaceTeacher.v1`: a checkpoint for the classification of tokens or sequences.

    Tags may be written in any of the schemes that `convert` reads, or be bare types ("PER" and "O"). A token of the
    student learns what the checkpoint says of the first wordpiece in it. Long texts are read in windows that
    overlap; of a text that is classified as a whole, the first window is read, as the checkpoint was trained.

    model (str | Path | None): folder, or name on the Hugging Face hub; what is on this machine comes first.
    labels (list | None): pairs of a label of the teacher and of the student, or null for none, as
        `[["PER", "PERSON"], ["GPE", null]]`. Labels that both call the same need no pair.
    batch_size (int): windows at a time.
    window (int): wordpieces of a window, special ones included; 0: as many as the checkpoint can read.
    """
    model = require("model", model, "a checkpoint, a folder or a name on the Hugging Face hub")
    for option, value, least in (("batch_size", batch_size, 1), ("window", window, 0)):
        if value < least:
            expected = f"a whole number, at least {least}"
            raise HoneError(Errors.H912.format(option=option, value=value, expected=expected))
    return HuggingFaceTeacher(str(model), labels, batch_size=batch_size, window=window)


class HuggingFaceTeacher(Teacher):
    """See `make_huggingface_teacher`. Its tokens are wordpieces."""

    def __init__(self, model: str, labels: Pairs | None = None, *, batch_size: int = 16, window: int = 0):
        self.model, self.labels = model, labels
        self.batch_size, self.window = batch_size, window

    @cached_property
    def classifier(self) -> "Classifier":
        """The checkpoint. Raises H913 without torch and transformers, H914 if it is nowhere, and H915 if it is
        no classifier or lacks weights."""
        try:
            from .checkpoint import load_classifier
        except ImportError as err:
            package = err.name or "transformers"
            raise HoneError(Errors.H913.format(package=package.partition(".")[0])) from err
        return load_classifier(self.model, self.window)

    @cached_property
    def task(self) -> Task:
        found = self.classifier
        if found.kind == "categories":
            return Task("categories", found.exclusive, found.names)
        try:
            return Task("tags", True, *read_tags(found.names))
        except ValueError as err:
            raise HoneError(Errors.H915.format(model=self.model, problem=err)) from err

    @cached_property
    def key(self) -> str:
        return self.classifier.digest(repr(self.task))

    def read_layers(self, layers: Sequence[int]) -> None:
        try:
            check_range(layers, self.classifier.model.config.num_hidden_layers)
        except ValueError as err:
            raise no_layers(self, layers, err) from err
        self.classifier.layers = tuple(layers)

    def outputs(self, texts: Sequence[Doc], *, vectors: bool = False) -> list[Output]:
        rows = self.classifier([doc.text for doc in texts], self.batch_size, vectors)
        if self.kind == "categories":
            return [Output(row.logits, NO_OFFSETS, NO_OFFSETS, row.vectors) for row in rows]
        return [Output(*row) for row in rows]


def read_tags(names: Sequence[str]) -> tuple[list[str], str | None]:
    """Tags of entities as `Task` has them, and their scheme. Tags among which there is no O are not of entities:
    they are left as they are, without a scheme.

    >>> read_tags(["O", "S-PER", "B-PER", "M-PER", "E-PER"])
    (['O', 'U-PER', 'B-PER', 'I-PER', 'L-PER'], 'BILUO')
    >>> read_tags(["PER", "O"])
    (['I-PER', 'O'], 'IO')

    Raises ValueError for tags of which only some have a prefix.
    """
    if "O" not in names:
        return list(names), None
    style = style_of(name for name in names if name != "O")
    tags = [split_tag(name, style) for name in names]
    unread = [name for name, tag in zip(names, tags) if tag is None]
    if len(unread) == len(names) - names.count("O"):
        return [name if name == "O" else f"I-{name}" for name in names], "IO"
    if unread:
        raise ValueError(
            f"some of its tags have a prefix (B-, I-, ...) and some have none: {', '.join(unread)}."
        )
    canonical = [(CANONICAL.get(letter, letter), label) for letter, label in filter(None, tags)]
    letters = {letter for letter, _ in canonical}
    scheme = "BILUO" if letters & {"E", "S"} else "BIO" if "B" in letters else "IO"
    spelling = {known: written for written, known in SCHEMES[scheme].letters.items()}
    return ["O" if letter == "O" else f"{spelling[letter]}-{label}" for letter, label in canonical], scheme
