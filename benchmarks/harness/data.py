"""The two data sets of the NER figures, as documents in the order of their files, and how they are divided.

They are read from `../shared/data` beside the repository, or from HONE_DATA.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import spacy
from spacy.tokens import Doc, DocBin

from spacy_hone.corpora.convert import convert

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("HONE_DATA", ROOT.parent / "shared" / "data"))
MINILM = "sentence-transformers/all-MiniLM-L6-v2"


@dataclass(frozen=True)
class DataSet:
    """One data set and what its users train on it.

    files: read one after another. learn_rate: peak rate. batch_size: documents an update.
    tokenizer: the `[nlp.tokenizer]` block that makes from raw text the tokens of the file.
    """

    lang: str
    files: tuple[str, ...]
    encoder: str
    config: str
    learn_rate: float
    tokenizer: dict[str, str]
    batch_size: int = 16


DATA_SETS = {
    "tasteset": DataSet(
        "en", ("tasteset/TASTEset.csv",), MINILM, "ner_trf.cfg", 1e-4, {"@tokenizers": "spacy.Tokenizer.v1"}
    ),
    "clner": DataSet(
        "zh",
        ("clner/test.txt", "clner/validation.txt"),
        "zh-mini",
        "ner_trf_zh.cfg",
        3e-4,
        {"@tokenizers": "spacy.zh.ChineseTokenizer", "segmenter": "char"},
    ),
}


@dataclass(frozen=True)
class Part:
    """Training and test documents under the name by which the result file knows them."""

    name: str
    train: list[Doc]
    test: list[Doc]


def load(name: str) -> list[list[Doc]]:
    """The documents of each file of a data set."""
    data_set = DATA_SETS[name]
    vocab = spacy.blank(data_set.lang).vocab
    with TemporaryDirectory() as folder:
        convert([DATA / file for file in data_set.files], Path(folder), lang=data_set.lang)
        outputs = [
            (Path(folder) / file).with_suffix(".spacy") for file in map(os.path.basename, data_set.files)
        ]
        return [list(DocBin().from_disk(output).get_docs(vocab)) for output in outputs]


def split_part(name: str, sizes: str) -> Part:
    """One fixed split. `sizes`: as "630/70"; "official": train on the first file, test on the second."""
    files = load(name)
    if sizes == "official":
        train, test = files
        return Part("official", train, test)
    return _divide(sizes, [doc for docs in files for doc in docs], int(sizes.split("/")[1]))


def dev_part(name: str, sizes: str, share: float = 0.1) -> Part:
    """The same split without its test documents: a share of the training documents is held out instead."""
    train = split_part(name, sizes).train
    return _divide(f"{sizes} dev", train, round(share * len(train)))


def fold_parts(name: str, n_folds: int) -> Iterator[Part]:
    """Each document is tested once."""
    from sklearn.model_selection import KFold

    docs = [doc for file in load(name) for doc in file]
    folds = KFold(n_folds, shuffle=True, random_state=42).split(docs)
    for i, (train, test) in enumerate(folds):
        yield Part(f"fold {i + 1}/{n_folds}", [docs[j] for j in train], [docs[j] for j in test])


def _divide(name: str, docs: list[Doc], n_test: int) -> Part:
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(range(len(docs)), random_state=1337, test_size=n_test)
    return Part(name, [docs[i] for i in train], [docs[i] for i in test])
