"""A pipeline that knows people, and corpora of people and places, for the tests of `hone extend`."""

from pathlib import Path

import spacy
from spacy.tokens import DocBin, Span

TEXTS = [
    "Ann sees Rome",
    "Rome calls Ann",
    "Bob leaves Paris",
    "Paris likes Bob",
    "Ann and Bob",
    "Rome and Paris",
]
TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 32,
    "depth": 2,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}
HEAD = {
    "@architectures": "hone.TokenClassifier.v1",
    "tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": 32},
}
LABELS = {"Ann": "PER", "Bob": "PER", "Rome": "LOC", "Paris": "LOC"}


def corpus(path: Path, *labels: str) -> Path:
    nlp = spacy.blank("en")
    docs = list(nlp.pipe(TEXTS))
    for doc in docs:
        named = [(token.i, LABELS[token.text]) for token in doc if LABELS.get(token.text) in labels]
        doc.set_ents([Span(doc, i, i + 1, label=label) for i, label in named])
    DocBin(docs=docs).to_disk(path)
    return path


def train_old(folder: Path) -> Path:
    """A shared tok2vec with hone_ner, which knows people."""
    people = corpus(folder / "people.spacy", "PER")
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": TOK2VEC})
    nlp.add_pipe("hone_ner", name="ner", config={"model": HEAD})
    examples = list(spacy.training.Corpus(people)(nlp))
    spacy.util.fix_random_seed(0)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    nlp.to_disk(folder / "model")
    return folder / "model"
