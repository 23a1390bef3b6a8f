"""Make of one annotated corpus two halves, each annotated with some of the labels only: for the workflow `extend`."""

import sys
from pathlib import Path

import typer
from rich.console import Console
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_hone.corpora.docs import read_docs
from spacy_hone.errors import HoneError


def keep(docs: list[Doc], labels: list[str]) -> list[Doc]:
    """The documents with the entities of these labels; all else is O."""
    for doc in docs:
        doc.set_ents([ent for ent in doc.ents if ent.label_ in labels], default="outside")
    return docs


def main(train: Path, dev: Path, folder: Path, old: str, new: str) -> None:
    """Write old.spacy and new.spacy (every other document of TRAIN) and old-dev.spacy (DEV) into FOLDER. OLD and NEW are
    labels, with commas."""
    try:
        docs, dev_docs = (list(read_docs(path, Vocab())) for path in (train, dev))
    except HoneError as error:
        sys.exit(str(error))
    parts = {"old": (docs[::2], old), "new": (docs[1::2], new), "old-dev": (dev_docs, old)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, (part, labels) in parts.items():
        DocBin(docs=keep(part, labels.split(","))).to_disk(folder / f"{name}.spacy")
        entities = sum(len(doc.ents) for doc in part)
        Console(markup=False).print(
            f"{folder / name}.spacy: {len(part)} documents, {entities} entities ({labels})", soft_wrap=True
        )


if __name__ == "__main__":
    typer.run(main)
