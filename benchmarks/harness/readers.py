"""From the files of a data set to documents, a list for each part or file."""

import gzip
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import spacy
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_hone.corpora.convert import convert
from spacy_hone.corpora.docs import read_docs

ROOT = Path(__file__).parents[2]
PARTS = ("train", "dev", "test")
SPLIT = "0.5,0.1667,0.3333"


def read_files(paths: Sequence[Path], lang: str, **options: Any) -> list[list[Doc]]:
    """What `hone convert` makes of each file. options: its own; with `split`, the parts take the files' place."""
    vocab = spacy.blank(lang).vocab
    with TemporaryDirectory() as folder:
        convert(list(paths), Path(folder), lang=lang, **options)
        names = PARTS if options.get("split") else [path.stem for path in paths]
        return [list(read_docs(Path(folder) / f"{name}.spacy", vocab)) for name in names]


def read_conllu(paths: Sequence[Path], lang: str) -> list[list[Doc]]:
    """Words with universal tags, a sentence a document; ranges (`1-2`) and empty nodes (`1.1`) are left out."""
    vocab = spacy.blank(lang).vocab
    return [list(_sentences(path, vocab)) for path in paths]


def _sentences(path: Path, vocab: Vocab) -> Iterator[Doc]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf8")
    for block in text.strip().split("\n\n"):
        rows = [line.split("\t") for line in block.splitlines() if line.partition("\t")[0].isdigit()]
        yield Doc(vocab, [row[1] for row in rows], pos=[row[3] for row in rows])


def read_posts(paths: Sequence[Path], lang: str, *, legal: int) -> list[list[Doc]]:
    """Train, dev and test posts out of the sources, by `scripts/make_legal.py`: so many of them legal questions,
    twenty times as many others."""
    names = ("legal_advice", "zixun_gpt4", "tnews", "bustm")
    with TemporaryDirectory() as folder:
        for name, path in zip(names, paths, strict=True):
            (Path(folder) / f"{name}.json").symlink_to(path.resolve())
        posts = Path(folder) / "posts.jsonl"
        command: list[str | Path] = [
            sys.executable,
            ROOT / "scripts" / "make_legal.py",
            folder,
            posts,
            "--legal",
            str(legal),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return read_files([posts], lang, tokenizer="mixed", split=SPLIT)
