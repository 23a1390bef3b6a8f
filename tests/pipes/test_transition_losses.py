"""The component hone_transition_ner: gradient rows, weights, and the objective that it reports."""

import pickle

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.language import Language
from spacy.pipeline import EntityRecognizer
from spacy.tokens import Span
from spacy.training import Example
from spacy.util import registry
from thinc.api import fix_random_seed

from spacy_hone.losses.base import RowLoss
from spacy_hone.losses.marginal import scale_rows
from spacy_hone.pipes import transition_ner

from .toy_transition_ner import GOLD, LOSSES, MODEL, TEXTS, examples, found, pipeline, train

LISTENING = {**MODEL, "tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": 96}}


def unannotated(nlp: Language) -> list[Example]:
    return [Example(nlp.make_doc(text), nlp.make_doc(text)) for text, _ in TEXTS]


def first_rows(nlp: Language, batch: list[Example]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The scores, the stock gradient and ours for the first state of each example."""
    ner = nlp.get_pipe("ner")
    states, golds, _ = ner.moves.init_gold_batch(batch)
    scores = ner.model.begin_update([eg.x for eg in batch])[0].predict(states)
    stock = EntityRecognizer.get_batch_loss(ner, states, golds, scores, None)
    return scores, stock, ner.get_batch_loss(states, golds, scores, None)


@pytest.fixture(scope="module")
def half_trained() -> Language:
    return train(pipeline(), 4)


class TestRows:
    """Rows as the stock component makes them (p - q), several moves being gold in some of them."""

    rng = np.random.default_rng(0)
    scores = rng.normal(size=(40, 6)) * 3
    gold = rng.random(size=(40, 6)) < 0.3
    gold[:, 0] |= ~gold.any(axis=1)

    @classmethod
    def rows(cls, scores: np.ndarray) -> np.ndarray:
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        q = np.where(cls.gold, p, 0)
        return p - q / q.sum(axis=1, keepdims=True)

    @pytest.mark.parametrize("name", ["cross-entropy", "focal", "dice"])
    def test_the_gradient_is_that_of_the_value(self, name):
        loss = registry.resolve({"loss": LOSSES[name]})["loss"]
        factors, _, _ = scale_rows(loss, self.rows(self.scores), self.scores, 0)
        d_scores = self.rows(self.scores) * factors[:, None]
        for move in range(self.scores.shape[1]):
            nudge = 1e-5 * np.eye(self.scores.shape[1])[move]
            above, below = (
                scale_rows(loss, self.rows(moved), moved, 0)[1]
                for moved in (self.scores + nudge, self.scores - nudge)
            )
            assert_allclose((above - below) / 2e-5, d_scores[:, move], atol=1e-8)

    def test_cross_entropy_is_the_row_itself(self):
        factors, values, q = scale_rows(
            registry.losses.get("hone.CrossEntropy.v1")(), self.rows(self.scores), self.scores, 0
        )
        m = np.maximum(self.rows(self.scores), 0).sum(axis=1)
        assert_allclose(factors, 1, rtol=1e-12)
        assert_allclose(values, -np.log(1 - m), atol=1e-12)
        assert_allclose(q, -np.minimum(self.rows(self.scores), 0) / m[:, None], atol=1e-12)

    @pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
    def test_focal_factor(self, gamma):
        rows = self.rows(self.scores)
        factors, values, _ = scale_rows(
            registry.losses.get("hone.Focal.v1")(gamma=gamma), rows, self.scores, 0
        )
        m = np.maximum(rows, 0).sum(axis=1)
        log_p = np.log1p(-m)
        assert_allclose(factors, m**gamma - gamma * m ** (gamma - 1) * (1 - m) * log_p, rtol=1e-9)
        assert_allclose(values, -(m**gamma) * log_p, rtol=1e-9)

    @pytest.mark.parametrize("name", ["cross-entropy", "focal", "dice"])
    @pytest.mark.parametrize("margin", [20.0, 40.0, 80.0, 300.0])
    def test_states_that_are_certain_or_hopeless(self, name, margin):
        loss = registry.resolve({"loss": LOSSES[name]})["loss"]
        scores = np.array([[margin, 0, -1], [0, margin, -1]], dtype="float32")
        q = np.array([[1.0, 0, 0], [1, 0, 0]])
        p = np.exp(scores - scores.max(axis=1, keepdims=True).astype("float64"))
        rows = (p / p.sum(axis=1, keepdims=True) - q).astype("float32")
        factors, values, q_found = scale_rows(loss, rows, scores, 0)
        assert np.isfinite(factors).all() and np.isfinite(values).all()
        assert values[0] == pytest.approx(0, abs=1e-8) and values[1] > 0.9
        assert_allclose(q_found, q, atol=1e-12)

    def test_gradients_of_a_trained_component(self, half_trained):
        scores, stock, ours = first_rows(half_trained, examples(half_trained))
        assert (ours == stock).all() and ours.dtype == stock.dtype
        p = np.exp(scores.astype("float64")) / np.exp(scores.astype("float64")).sum(axis=1, keepdims=True)
        assert_allclose(np.maximum(stock, 0), np.where(stock > 0, p, 0), rtol=1e-5)  # over all moves


class TestWeights:
    def rows(self, half_trained: Language, batch=None, **loss) -> tuple[np.ndarray, np.ndarray]:
        nlp = pipeline(loss={"@losses": "hone.CrossEntropy.v1", **loss})
        nlp.initialize(lambda: examples(nlp))
        ner = nlp.get_pipe("ner")
        ner.model.from_bytes(half_trained.get_pipe("ner").model.to_bytes())
        return first_rows(nlp, batch or examples(nlp))[1:]

    def test_they_are_those_of_the_gold_types(self, half_trained):
        stock, ours = self.rows(half_trained, weights=[["PER", 3.0]], outside_weight=0.5)
        first = [next((ent[2] for ent in ents if ent[0] == 0), "O") for _, ents in TEXTS]
        expected = [{"PER": 3.0, "O": 0.5, "LOC": 1.0}[label] for label in first]
        assert_allclose(ours, stock * np.array(expected, dtype="float32")[:, None], rtol=1e-6)

    def test_several_gold_moves_have_the_expected_weight(self, half_trained):
        reference = half_trained.make_doc("Anna met Bob")
        reference.set_ents([Span(reference, 2, 3, "PER")], missing=[reference[:2]])
        batch = [Example(half_trained.make_doc("Anna met Bob"), reference)]
        stock, ours = self.rows(half_trained, batch, weights=[["PER", 3.0]], outside_weight=0.5)
        ner = half_trained.get_pipe("ner")
        moves = [ner.moves.get_class_name(i)[2:] for i in range(ner.moves.n_moves)]
        by_move = np.array([{"PER": 3.0, "": 0.5, "LOC": 1.0}[move] for move in moves])
        negative = np.minimum(stock, 0)
        expected = (negative * by_move).sum() / negative.sum()
        assert 0.5 < expected < 3.0 and (negative < 0).sum() > 1
        assert_allclose(ours, stock * expected, rtol=1e-5)

    def test_they_come_from_the_training_data_and_are_shown(self, caplog):
        nlp = pipeline(loss=LOSSES["balanced"])
        with caplog.at_level("INFO", logger="spacy"):
            nlp.initialize(lambda: examples(nlp))
        ner = nlp.get_pipe("ner")
        assert ner.cfg["counts"] == {"": 30, "PER": 11, "LOC": 13}
        weights = dict(ner.loss.label_weights)
        assert weights["PER"] > weights["LOC"] > weights["O"]
        assert dict(ner.cfg["weights"]) == pytest.approx(weights, abs=1e-6)
        assert "PER" in caplog.text

    def test_they_survive_loading_and_new_labels(self, tmp_path):
        nlp = train(pipeline(loss=LOSSES["balanced"]), 1)
        weights = nlp.get_pipe("ner").loss.label_weights
        nlp.to_disk(tmp_path)
        for again in (spacy.load(tmp_path), pickle.loads(pickle.dumps(nlp))):
            ner = again.get_pipe("ner")
            assert ner.loss.label_weights == weights
            assert ner.add_label("ORG") == 1
            again.update(examples(again), sgd=again.resume_training())

    def test_they_can_ramp(self, half_trained):
        half = {"@schedules": "constant.v1", "rate": 0.5}
        weights = {"weights": [["PER", 3.0], ["LOC", 3.0]], "outside_weight": 3.0}
        stock, ours = self.rows(half_trained, **weights, weight_ramp=half)
        assert_allclose(ours, stock * 2.0, rtol=1e-6)


class TestUpdate:
    def test_the_reported_loss_is_the_mean_objective_of_a_state(self, half_trained, monkeypatch):
        rows = []

        def recorded(loss, stock_rows, *rest):
            rows.append(stock_rows)
            return scale_rows(loss, stock_rows, *rest)

        monkeypatch.setattr(transition_ner, "scale_rows", recorded)
        losses = half_trained.update(examples(half_trained), sgd=False, drop=0.0, losses={"ner": 10.0})
        m = np.maximum(np.concatenate(rows), 0).sum(axis=1, dtype="float64")
        assert len(m) == sum(len(text.split()) for text, _ in TEXTS)
        assert losses["ner"] - 10 == pytest.approx(-np.log1p(-m).mean(), rel=1e-4)

    def test_it_starts_at_chance(self):
        nlp = pipeline()
        nlp.initialize(lambda: examples(nlp))
        batch = examples(nlp)[7:8]
        n_moves = nlp.get_pipe("ner").moves.n_moves
        assert 0 < nlp.update(batch, sgd=False)["ner"] <= np.log(n_moves) + 1e-6

    def test_updates_are_counted_and_told(self):
        steps = []

        class Told(RowLoss):
            def rows(self, logits, targets, step):
                steps.append(step)
                return logits * 0, logits[:, 0] * 0

        nlp = pipeline()
        nlp.get_pipe("ner").loss = Told()
        train(nlp, 3)
        assert sorted(set(steps)) == [0, 1, 2] and nlp.get_pipe("ner").step == 3

    def test_long_documents_are_cut(self):
        nlp = pipeline(update_with_oracle_cut_size=3)
        assert found(train(nlp, 60)) == GOLD

    def test_batches_without_annotation_send_zeros_back(self):
        nlp = spacy.blank("en")
        nlp.add_pipe("tok2vec")
        ner = nlp.add_pipe("hone_transition_ner", name="ner", config={"model": LISTENING})
        nlp.initialize(lambda: examples(nlp))
        sent = []
        for batch, arrives in ((unannotated(nlp), False), (examples(nlp), True)):
            nlp.get_pipe("tok2vec").update(batch, sgd=None)
            (listener,) = nlp.get_pipe("tok2vec").listeners
            listener._backprop = sent.append
            ner.model.get_ref("upper").set_param("W", np.ones_like(ner.model.get_ref("upper").get_param("W")))
            assert (ner.update(batch)["ner"] > 0) is arrives
            assert [len(doc) for doc in sent[-1]] == [len(eg.x) for eg in batch]
            assert any(gradient.any() for gradient in sent[-1]) is arrives
        assert len(sent) == 2

    def test_documents_without_annotation_change_nothing_for_the_others(self, half_trained):
        fix_random_seed(0)  # the parser's hidden layer has a dropout that never rests
        loss = half_trained.update(examples(half_trained), sgd=False, drop=0.0)["ner"]
        fix_random_seed(0)
        batch = [eg for pair in zip(unannotated(half_trained), examples(half_trained)) for eg in pair]
        assert half_trained.update(batch, sgd=False, drop=0.0)["ner"] == pytest.approx(loss, rel=1e-5)

    def test_empty_documents(self, half_trained):
        empty = [Example(half_trained.make_doc(""), half_trained.make_doc(""))]
        assert half_trained.update(empty)["ner"] == 0.0
        assert half_trained.update([*empty, *examples(half_trained)], sgd=False)["ner"] > 0.0
