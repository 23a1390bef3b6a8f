"""Documents of the data sets, in the order of their files, and how they are divided."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from spacy.tokens import Doc

from harness.data_sets import DATA_SETS


@dataclass(frozen=True)
class Part:
    """Training and test documents under the name by which the result file knows them.

    dev: documents that are neither trained on nor tested, where the data set has such.
    """

    name: str
    train: list[Doc]
    test: list[Doc]
    dev: list[Doc] = field(default_factory=list)


def load(name: str) -> list[list[Doc]]:
    """The documents of each file of a data set, or of its train, dev and test parts."""
    data_set = DATA_SETS[name]
    files = data_set.read(data_set.paths, data_set.lang)
    if data_set.clip is None:
        return files
    return [[_clip(doc, data_set.clip) for doc in docs] for docs in files]


def split_part(name: str, sizes: str) -> Part:
    """One fixed split. `sizes`: as "630/70"; "official": train on the first file, test on the last."""
    files = load(name)
    if sizes == "official":
        train, *dev, test = files
        return Part("official", train, test, *dev)
    return _divide(sizes, [doc for docs in files for doc in docs], int(sizes.split("/")[1]))


def dev_part(name: str, sizes: str, share: float = 0.1) -> Part:
    """The same split with the dev documents in the place of the test documents; where the data set has none, a
    share of the training documents is held out."""
    part = split_part(name, sizes)
    if part.dev:
        return Part(f"{sizes} dev", part.train, part.dev)
    return _divide(f"{sizes} dev", part.train, round(share * len(part.train)))


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


def _clip(doc: Doc, n_tokens: int) -> Doc:
    """The beginning of a document, with its categories."""
    begin = doc[:n_tokens].as_doc()
    begin.cats = doc.cats
    return begin
