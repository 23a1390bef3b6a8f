"""hone_transition_ner with a teacher: the gradient is that of the objective."""

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_hone.losses.distillation import make_distillation
from spacy_hone.pipes import state_updates
from spacy_hone.pipes.states import Walk
from spacy_hone.teachers.base import Output, Task, Teacher

CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 16,
    "depth": 1,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
}
MODEL = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 16,
    "maxout_pieces": 2,
    "use_upper": True,
    "tok2vec": CNN,
}
DISTIL = {"@losses": "hone.Distillation.v1", "alpha": 0.5}
TEXTS = {
    "Ann Lee met Bob": [(0, 7, "PER"), (12, 15, "PER")],
    "Bob saw New York": [(0, 3, "PER"), (8, 16, "LOC")],
    "": [],
    "in Rome \n nobody met Ann Lee": [(3, 7, "LOC"), (21, 28, "PER")],
}


def golds(nlp: Language) -> list[Example]:
    return [Example.from_dict(nlp.make_doc(text), {"entities": ents}) for text, ents in TEXTS.items()]


def plain(nlp: Language) -> list[Example]:
    return [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in TEXTS]


def student(loss: dict = DISTIL) -> Language:
    """After a few updates, which make the best moves stand out: a nudge is to change no decision."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    ner = nlp.add_pipe("hone_transition_ner", name="ner", config={"model": MODEL, "loss": loss})
    sgd = nlp.initialize(lambda: golds(nlp))
    sgd.learn_rate = 0.02
    for _ in range(5):
        nlp.update(golds(nlp), sgd=sgd, drop=0.0)
    if "alpha" in loss:
        ner.teach(Oracle(), lambda: golds(nlp))
    return nlp


class Oracle(Teacher):
    """Says of each token, by its first letter, logits of "O", "B-A", "I-A" and what is given."""

    key = "oracle"

    def __init__(self, columns=("O", "B-PER", "I-PER", "B-LOC", "I-LOC"), labels=None):
        self.columns_, self.labels = list(columns), labels

    @property
    def task(self) -> Task:
        return Task("tags", True, self.columns_, "BIO")

    def outputs(self, texts, *, vectors=False):
        return [self.output(doc) for doc in texts]

    def output(self, doc):
        words = [token for token in doc if not token.is_space]
        rows = [
            np.random.default_rng(ord(token.text[0])).normal(size=len(self.columns)) * 2 for token in words
        ]
        starts = np.array([token.idx for token in words], dtype="int32")
        lengths = np.array([len(token) for token in words], dtype="int32")
        logits = np.array(rows, dtype="float32").reshape(-1, len(self.columns))
        return Output(logits, starts, starts + lengths)


@pytest.mark.parametrize(
    "settings", [{}, {"labels": "all"}, {"tokens": "confident", "confidence": 0.5}, {"tokens": "entity"}]
)
def test_of_the_scores_of_states(settings):
    """Central differences of the value, in the states after each of two moves; alpha 0."""
    nlp = student()
    ner = nlp.get_pipe("ner")
    ner.loss = make_distillation(alpha=0.0, temperature=3.0, **settings)
    ner.teach(Oracle(), lambda: golds(nlp))
    docs = [eg.predicted for eg in plain(nlp)]
    walk, targets = Walk(ner, ner.taught.moves, docs), ner.taught.begin(docs)
    rng, slopes = np.random.default_rng(0), 0.0
    for _ in range(3):
        valid = walk.valid()
        soft, scores = targets(walk, valid), rng.normal(size=valid.shape) * 2

        def value(scores, soft=soft):
            losses = {"ner": 0.0}
            d_scores = state_updates._teach(ner, walk, {}, scores=scores, soft=soft, losses=losses)
            return losses["ner"], d_scores

        d_scores = value(scores)[1]
        for i in np.ndindex(*scores.shape):
            step = np.zeros_like(scores)
            step[i] = 1e-5
            slope = (value(scores + step)[0] - value(scores - step)[0]) / 2e-5
            assert d_scores[i] == pytest.approx(slope, abs=1e-7)
        assert settings.get("labels") == "all" or not d_scores[~valid].any()
        slopes += np.abs(d_scores).sum()
        walk.advance(scores.astype("float32"), valid)
    assert slopes > 0


@pytest.mark.parametrize("annotated", [True, False])
def test_of_the_whole_model(annotated):
    """Central differences of the reported loss along the gradient, which is summed over states. Not of the hidden
    layer's weights: spaCy's gradient of these is none, under the stock loss either, where a feature is missing."""
    nlp = student(DISTIL | {"labels": "all"})
    ner = nlp.get_pipe("ner")
    examples = golds(nlp) if annotated else plain(nlp)

    def value():
        fix_random_seed(0)  # the hidden layer's dropout never rests
        return nlp.update(examples, sgd=False, drop=0.0)["ner"] * ner._n_states

    value()
    params = [(node, name) for node in ner.model.walk() for name in node.param_names if node.has_grad(name)]
    params.remove((ner.model.get_ref("lower"), "W"))
    directions = [node.get_grad(name).copy() for node, name in params]
    length = sum(float((d.astype("float64") ** 2).sum()) for d in directions)
    size, values = 1e-3 / np.sqrt(length), []
    for sign in (1, -2):
        for (node, name), direction in zip(params, directions):
            node.set_param(name, node.get_param(name) + np.float32(sign * size) * direction)
        values.append(value())
    assert (values[0] - values[1]) / (2 * size) == pytest.approx(length, rel=0.01)


def test_alpha_1_is_the_hard_loss():
    """Documents are not cut, so the states are those of the stock update without cuts."""
    gradients = []
    for loss in (DISTIL | {"alpha": 1.0}, {"@losses": "hone.CrossEntropy.v1"}):
        nlp = student(loss)
        ner = nlp.get_pipe("ner")
        fix_random_seed(0)
        value = nlp.update(golds(nlp), sgd=False, drop=0.0)["ner"]
        grads = [node.get_grad(p) for node in ner.model.walk() for p in node.param_names if node.has_grad(p)]
        gradients.append((value, np.concatenate([grad.ravel() for grad in grads])))
    assert gradients[0][0] == pytest.approx(gradients[1][0], rel=1e-6)
    assert_allclose(gradients[0][1], gradients[1][1], atol=1e-6)


def test_the_terms_add_up():
    nlp = student()
    ner = nlp.get_pipe("ner")
    values = {}
    for alpha in (0.0, 0.25, 1.0):
        ner.loss = make_distillation(alpha=alpha)
        ner.teach(Oracle(), lambda: golds(nlp))
        fix_random_seed(0)
        values[alpha] = nlp.update(golds(nlp), sgd=False, drop=0.0)["ner"]
    assert values[0.25] == pytest.approx(0.25 * values[1.0] + 0.75 * values[0.0], rel=1e-5)
