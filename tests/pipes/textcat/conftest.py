"""Small text classifiers, and what they learn by heart."""

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed

TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 16,
    "depth": 1,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
}
WORDS = {
    "food": ("bread", "soup", "cheese", "apple", "pasta", "salad"),
    "sport": ("goal", "match", "runner", "league", "tennis", "coach"),
    "money": ("bank", "loan", "rent", "tax", "salary", "price"),
}
LABELS = tuple(sorted(WORDS))
SINGLE = [
    (f"the {word} of today", {label: float(label == topic) for label in LABELS})
    for topic, words in WORDS.items()
    for word in words
]
MULTI = [
    (f"the {first} and a {second}", {label: float(label in topics) for label in LABELS})
    for topics in (("food", "sport"), ("food", "money"), ("sport", "money"))
    for first, second in zip(*(WORDS[topic] for topic in topics))
] + [("nothing of that", dict.fromkeys(LABELS, 0.0))]
BY_FACTORY = {"hone_textcat": SINGLE, "hone_textcat_multilabel": MULTI}
each_factory = pytest.mark.parametrize("factory", BY_FACTORY)


def pipeline(factory: str = "hone_textcat", pooling: str = "mean", **config) -> Language:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    model = {"@architectures": "hone.TextClassifier.v1", "tok2vec": TOK2VEC, "pooling": pooling}
    nlp.add_pipe(factory, name="textcat", config={"model": model, **config})
    return nlp


def examples(nlp: Language, rows) -> list[Example]:
    return [Example.from_dict(nlp.make_doc(text), {"cats": cats}) for text, cats in rows]


def train(nlp: Language, rows, n_updates: int = 40) -> Language:
    sgd = nlp.initialize(lambda: examples(nlp, rows))
    sgd.learn_rate = 0.02
    for _ in range(n_updates):
        nlp.update(examples(nlp, rows), sgd=sgd, drop=0.0)
    return nlp


def initialized(factory: str = "hone_textcat", rows=None, **config) -> Language:
    return train(pipeline(factory, **config), rows or BY_FACTORY[factory], n_updates=0)


def gold(cats) -> list[str]:
    return [label for label in LABELS if cats[label]]


@pytest.fixture(scope="module")
def bytes_of_trained() -> dict[str, bytes]:
    return {
        factory: train(pipeline(factory), rows).to_bytes(exclude=["vocab"])
        for factory, rows in BY_FACTORY.items()
    }


@pytest.fixture
def trained(bytes_of_trained):
    def load(factory: str = "hone_textcat", **config) -> Language:
        nlp = pipeline(factory).from_bytes(bytes_of_trained[factory])
        nlp.get_pipe("textcat").cfg.update(config)
        return nlp

    return load
