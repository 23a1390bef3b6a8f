"""A training step of a token classifier with a CRF, and the losses that it refuses."""

from pathlib import Path

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam

from spacy_hone.errors import HoneError
from spacy_hone.losses.base import RowLoss
from spacy_hone.losses.cross_entropy import make_cross_entropy
from spacy_hone.models.crf import build_crf
from spacy_hone.pipes.crf import check_crf_loss, crf_step
from spacy_hone.pipes.decoding import decode
from spacy_hone.pipes.tags import TagTable

TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 16,
    "depth": 2,
    "embed_size": 100,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}
MODEL = {"@architectures": "hone.TokenClassifier.v1", "crf": True, "tok2vec": TOK2VEC}
TABLE = TagTable(["A"], "BIO")
LENGTHS = [4, 0, 3]
GOLD = np.concatenate([TABLE.encode([(0, 2, "A")], 4), TABLE.encode([(2, 3, "A")], 3)])
PLAIN = make_cross_entropy()
KNOWN = np.ones(7, dtype=bool)


def run(logits, known=KNOWN, loss=PLAIN, step=0):
    crf = build_crf(3).initialize()
    value, d_logits = crf_step(
        crf, loss, logits, LENGTHS, columns=GOLD, known=known, legal=TABLE.legal, step=step
    )
    return value, d_logits, crf.get_grad("transitions")


def test_gradients_go_down():
    logits, crf, values = np.zeros((7, 3), dtype="float32"), build_crf(3).initialize(), []
    optimizer = Adam(0.1)
    for _ in range(40):
        value, d_logits = crf_step(crf, PLAIN, logits, LENGTHS, columns=GOLD, known=KNOWN, legal=TABLE.legal)
        logits -= 5 * d_logits
        crf.finish_update(optimizer)
        values.append(value)
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.1 < values[0]
    docs, spaces = [logits[:4], logits[4:4], logits[4:]], [np.zeros(n, dtype=bool) for n in LENGTHS]
    found = decode(docs, spaces, TABLE, crf.get_param("transitions"))
    assert [[span[:3] for span in doc] for doc in found] == [[(0, 2, "A")], [], [(2, 3, "A")]]


def test_closed_tokens_teach_nothing():
    logits = np.random.default_rng(0).normal(size=(7, 3))
    closed = np.array([False, False, True, False, True, True, True])
    crf, gold = build_crf(3).initialize(), GOLD * ~closed
    value, d_logits = crf_step(
        crf, PLAIN, logits, LENGTHS, columns=gold, known=KNOWN, legal=TABLE.legal, closed=closed
    )
    assert value > 0
    assert d_logits[~closed].any(axis=1).all() and np.abs(d_logits[closed]).max() < 1e-15
    value, d_logits = crf_step(
        crf, PLAIN, logits, LENGTHS, columns=gold * 0, known=KNOWN, legal=TABLE.legal, closed=KNOWN
    )
    assert value == 0 and not d_logits.any()


def test_unknown_tokens_may_be_anything():
    logits = np.random.default_rng(0).normal(size=(7, 3))
    value, d_logits, d_transitions = run(logits, np.zeros(7, dtype=bool))
    assert value == 0 and not d_logits.any() and not d_transitions.any()
    known = np.array(
        [False, True, False, False, False, False, False]
    )  # the I- of a span: a B- or I- came before
    *_, d_transitions = run(logits, known)
    assert d_transitions[1, 2] < 0


def test_weights_are_averaged_by_document_and_follow_the_ramp():
    logits = np.random.default_rng(0).normal(size=(7, 3))
    loss = make_cross_entropy(weights=[["A", 3.0]], weight_ramp=[0.0, 1.0])
    loss.bind(TABLE.labels, [4, 2, 1])
    value, d_logits, d_transitions = run(logits)
    before = run(logits, loss=loss, step=0)
    assert before[0] == pytest.approx(value)
    assert_allclose(before[2], d_transitions, rtol=1e-6)
    after = run(logits, loss=loss, step=1)
    means = [2.0] * 4 + [5 / 3] * 3  # of 3 3 1 1 and of 1 1 3
    assert_allclose(after[1], d_logits * np.array(means)[:, None])
    assert value * 5 / 3 < after[0] < value * 2


def test_cross_entropy_is_accepted():
    check_crf_loss(make_cross_entropy())


class Custom(RowLoss):
    def rows(self, logits, targets, step):
        return logits - targets, ((logits - targets) ** 2).sum(axis=1) / 2


@pytest.mark.parametrize(
    "loss, named",
    [
        (Custom(), "Custom"),
        (make_cross_entropy(link="sigmoid"), "sigmoid"),
        (make_cross_entropy(label_smoothing=0.1), r"label_smoothing = 0\.1"),
    ],
)
def test_other_losses_are_refused(loss, named):
    with pytest.raises(HoneError, match=f"H404.*{named}.*crf = false"):
        check_crf_loss(loss)


@pytest.mark.parametrize("factory", ["hone_ner", "hone_tagger"])
def test_a_component_with_a_crf(factory: str, tmp_path: Path):
    """Trained, grown, saved and loaded; the transitions are learned and kept."""
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(factory, name="pipe", config={"model": MODEL})
    golds = {"tags": ["X", "Y", "Y", "X"], "entities": ["B-A", "L-A", "O", "U-A"]}
    examples = [Example.from_dict(nlp.make_doc("one two three four"), golds)]
    spacy.util.fix_random_seed(0)
    optimizer = nlp.initialize(lambda: examples)
    before = pipe.transitions().copy()
    losses: list[float] = []
    for _ in range(40):
        losses.append(nlp.update(examples, sgd=optimizer)["pipe"])
    assert losses[-1] < losses[0] / 4
    assert not before.any() and pipe.transitions().any()

    def found(pipeline: Language) -> list[str]:
        return [
            token.tag_ or f"{token.ent_iob_}-{token.ent_type_}" for token in pipeline("one two three four")
        ]

    wanted = found(nlp)
    assert wanted == (golds["tags"] if factory == "hone_tagger" else ["B-A", "I-A", "O-", "B-A"])
    learned = pipe.transitions().copy()
    pipe.add_label("Z")
    n = len(learned)
    assert (pipe.transitions()[:n, :n] == learned).all() and not pipe.transitions()[n:].any()
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert (again.get_pipe("pipe").transitions() == pipe.transitions()).all()
    assert found(again) == found(nlp)


def test_a_loss_that_means_nothing_to_a_crf_is_refused_at_once():
    with pytest.raises(HoneError, match=r"H404.*Dice"):
        config = {"model": MODEL, "loss": {"@losses": "hone.Dice.v1"}}
        spacy.blank("en").add_pipe("hone_ner", config=config)


@pytest.mark.parametrize("factory", ["hone_ner", "hone_tagger"])
def test_a_loss_of_independent_labels_is_refused_without_a_crf_too(factory):
    with pytest.raises(HoneError, match=r"H338.*'pipe'.*'sigmoid'"):
        config = {"loss": {"@losses": "hone.Focal.v1", "link": "sigmoid"}}
        spacy.blank("en").add_pipe(factory, name="pipe", config=config)
