"""Text classifiers that learn from a teacher and from texts alone."""

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from spacy_hone.errors import HoneError

CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 16,
    "depth": 1,
    "embed_size": 100,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
}
TEXTS = {
    "good day": "warm",
    "cold night": "cold",
    "": "",
    "  ": "",
    "warm day": "warm",
    "bad cold night": "cold",
}


def pipeline(factory: str, **loss) -> Language:
    nlp = spacy.blank("en")
    link = {"link": "sigmoid"} if factory == "hone_textcat_multilabel" else {}
    hard = {"@losses": "hone.CrossEntropy.v1", **link}
    whole = {"@losses": "hone.Distillation.v1", "hard": hard, **loss} if loss else hard
    model = {"@architectures": "hone.TextClassifier.v1", "tok2vec": CNN}
    nlp.add_pipe(factory, name="cat", config={"model": model, "loss": whole})
    return nlp


def train(nlp: Language, golds: list[Example]) -> Language:
    spacy.util.fix_random_seed(0)
    optimizer = nlp.initialize(lambda: golds)
    optimizer.learn_rate = 0.01
    for _ in range(40):
        nlp.update(golds, sgd=optimizer)
    return nlp


@pytest.mark.parametrize("factory", ["hone_textcat", "hone_textcat_multilabel"])
def test_without_any_annotation(factory, tmp_path):
    teacher = pipeline(factory)
    cats = [
        {each: float(each == label) for each in ("cold", "warm")} if label else {} for label in TEXTS.values()
    ]
    train(teacher, [Example.from_dict(teacher.make_doc(t), {"cats": c}) for t, c in zip(TEXTS, cats)])
    teacher.to_disk(tmp_path)
    nlp = pipeline(factory, alpha=0.0, temperature=1.0)
    settings = {"teacher": {"@misc": "hone.PipelineTeacher.v1", "model": str(tmp_path)}}
    bare = [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in TEXTS]
    nlp.config["initialize"]["components"]["cat"] = settings
    with pytest.raises(HoneError, match="H324"):  # which labels?
        nlp.initialize(lambda: bare)
    settings["labels"] = ["cold", "warm"]
    train(nlp, bare)
    for text, label in TEXTS.items():
        assert not label or nlp(text)._.labels == [label]
