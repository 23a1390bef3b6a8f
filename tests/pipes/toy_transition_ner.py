"""A small hone_transition_ner and ten texts that it learns by heart."""

import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed

MODEL = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 16,
    "maxout_pieces": 2,
    "use_upper": True,
    "tok2vec": {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 16,
        "depth": 1,
        "embed_size": 500,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": False,
    },
}
TEXTS = [
    ("Anna met Bob in New York City yesterday .", [(0, 4, "PER"), (9, 12, "PER"), (16, 29, "LOC")]),
    ("Paris is nice and Bob knows", [(0, 5, "LOC"), (18, 21, "PER")]),
    ("nothing to see here", []),
    ("Carla Lee saw Oslo", [(0, 9, "PER"), (14, 18, "LOC")]),
    ("in Rome nobody met Anna", [(3, 7, "LOC"), (19, 23, "PER")]),
    ("Bob , Anna and Carla Lee left", [(0, 3, "PER"), (6, 10, "PER"), (15, 24, "PER")]),
    ("who saw New York City ?", [(8, 21, "LOC")]),
    ("yesterday it was nice here", []),
    ("Oslo , Rome and Paris", [(0, 4, "LOC"), (7, 11, "LOC"), (16, 21, "LOC")]),
    ("Anna knows Paris", [(0, 4, "PER"), (11, 16, "LOC")]),
]
GOLD = [("Anna", "PER"), ("Bob", "PER"), ("New York City", "LOC")]
LOSSES = {
    "cross-entropy": {"@losses": "hone.CrossEntropy.v1"},
    "focal": {"@losses": "hone.Focal.v1", "gamma": 2.0},
    "dice": {"@losses": "hone.Dice.v1", "gamma": 0.0},
    "weighted": {"@losses": "hone.CrossEntropy.v1", "weights": [["PER", 3.0]], "outside_weight": 0.5},
    "balanced": {"@losses": "hone.Focal.v1", "gamma": 1.0, "weights": "balanced"},
}


def pipeline(**config) -> Language:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("hone_transition_ner", name="ner", config={"model": MODEL, **config})
    return nlp


def examples(nlp: Language) -> list[Example]:
    return [Example.from_dict(nlp.make_doc(text), {"entities": ents}) for text, ents in TEXTS]


def train(nlp: Language, n_updates: int = 30) -> Language:
    fix_random_seed(0)
    sgd = nlp.initialize(lambda: examples(nlp))
    sgd.learn_rate = 0.02
    for _ in range(n_updates):
        nlp.update(examples(nlp), sgd=sgd, drop=0.0)
    return nlp


def found(nlp: Language) -> list[tuple[str, str]]:
    return [(ent.text, ent.label_) for ent in nlp(TEXTS[0][0]).ents]
