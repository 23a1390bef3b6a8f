"""Helpers to write small files and to read what came of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_hone.corpora.convert import Report, convert
from spacy_hone.corpora.docs import read_docs
from spacy_hone.errors import HoneError


class Bench:
    """Writes a text to a file, converts it, and reads the documents back."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "out"

    def write(self, content: str | bytes, name: str = "data.conll") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def report(self, content: str | bytes, name: str = "data.conll", **options: Any) -> Report:
        return convert([self.write(content, name)], self.out, **options)[0]

    def docs(self, content: str | bytes, name: str = "data.conll", **options: Any) -> list[Doc]:
        self.report(content, name, **options)
        return list(read_docs(self.out / f"{Path(name).stem}.spacy", Vocab()))

    def ents(self, content: str | bytes, name: str = "data.conll", **options: Any) -> list[tuple[str, str]]:
        docs = self.docs(content, name, **options)
        return [(ent.text, ent.label_) for doc in docs for ent in doc.ents]

    def error(self, content: str | bytes, name: str = "data.conll", **options: Any) -> str:
        with pytest.raises(HoneError) as caught:
            self.report(content, name, **options)
        assert not self.out.exists()
        return str(caught.value)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def rows() -> Callable[..., str]:
    """`rows("New B-LOC", "York I-LOC", "", "x O")`: the lines of a file."""
    return lambda *lines: "\n".join(lines) + "\n"
