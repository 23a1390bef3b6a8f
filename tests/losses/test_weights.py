"""Weights by label name: chosen and computed, capped, shared by the tags of a type, ramped in training."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spacy.util import registry
from thinc.api import Config
from thinc.config import ConfigValidationError

from spacy_hone.errors import HoneError
from spacy_hone.losses.cross_entropy import make_cross_entropy
from spacy_hone.losses.ramps import Ramp

TAGS = ["", "PER", "PER", "LOC", "LOC"]
COUNTS = [900, 30, 40, 10, 20]  # O 900, PER 70, LOC 30


def weights(labels=TAGS, counts=COUNTS, total=None, link="softmax", strict=True, **settings):
    loss = make_cross_entropy(link, **settings)
    loss.bind(labels, counts, total, strict=strict)
    return dict(loss.label_weights)


def test_none():
    assert weights() == {}
    assert weights(outside_weight=0.2) == {"O": 0.2, "PER": 1, "LOC": 1}


def test_balanced_as_scikit_learn_does():
    utils = pytest.importorskip("sklearn.utils")
    found = weights(weights="balanced", max_weight=100)
    y = np.repeat(["O", "PER", "LOC"], [900, 70, 30])
    expected = utils.compute_class_weight("balanced", classes=np.array(list(found)), y=y)
    assert_allclose(list(found.values()), expected)


def test_balanced_by_hand_and_capped():
    assert weights(weights="balanced") == pytest.approx({"O": 1000 / 2700, "PER": 1000 / 210, "LOC": 10})
    assert weights(weights="balanced", max_weight=2) == pytest.approx({"O": 1000 / 2700, "PER": 2, "LOC": 2})


def test_balanced_for_independent_labels_is_negatives_to_positives():
    found = weights(["a", "b", "c", "d"], [20, 50, 1, 100], 100, "sigmoid", weights="balanced")
    assert found == pytest.approx({"a": 4, "b": 1, "c": 10, "d": 0.1})


def test_effective_number_by_hand():
    effective = np.array([(1 - 0.9**n) / (1 - 0.9) for n in (900, 70, 30)])
    expected = 1 / effective
    expected *= 1000 / (expected @ [900, 70, 30])
    assert_allclose(list(weights(weights="effective(0.9)").values()), expected)
    assert weights(weights="effective") == weights(weights="effective(0.999)")


def test_effective_number_lies_between_none_and_balanced():
    assert weights(weights="effective(0)") == pytest.approx({"O": 1, "PER": 1, "LOC": 1})
    near_one = weights(weights="effective( 0.999999999 )", max_weight=100)
    assert near_one == pytest.approx(weights(weights="balanced", max_weight=100), rel=1e-5)


@pytest.mark.parametrize("method", ["balanced", "effective", "effective(0.5)"])
def test_the_mean_over_training_rows_is_one(method):
    found = weights(weights=method, max_weight=1000)
    assert sum(n * found[label] for label, n in {"O": 900, "PER": 70, "LOC": 30}.items()) == pytest.approx(
        1000
    )


def test_chosen_ones_and_outside():
    pairs = [["LOC", 4], ["PER", 0.5]]
    assert weights(weights=pairs) == {"O": 1, "PER": 0.5, "LOC": 4}
    assert weights(weights=pairs, outside_weight=0.1) == {"O": 0.1, "PER": 0.5, "LOC": 4}
    assert weights(weights="balanced", outside_weight=0.1)["O"] == 0.1


def test_columns_of_a_type_share_its_weight():
    loss = make_cross_entropy(weights=[["LOC", 4]])
    loss.bind(TAGS, COUNTS)
    assert loss.column_weights(0).tolist() == [1, 1, 1, 4, 4]


def test_labels_that_grow():
    loss = make_cross_entropy(weights="balanced")
    loss.bind(["", "PER"], [90, 10], 100, strict=True)
    before = loss.label_weights
    loss.bind(["", "PER", "NEW"], [90, 10, 0], 100)
    assert loss.label_weights == [*before, ("NEW", 10.0)]
    loss.bind(["", "PER"], [0, 0], 0)
    assert loss.label_weights == [("O", 1.0), ("PER", 1.0)]


def test_o_needs_no_example():
    assert weights(counts=[0, 30, 40, 10, 20], weights="balanced") == pytest.approx(
        {"O": 10, "PER": 100 / 140, "LOC": 100 / 60}
    )


def test_weights_multiply_a_rows_loss_and_are_not_divided_by():
    plain, weighted = make_cross_entropy(), make_cross_entropy(weights=[["b", 4.0]], outside_weight=0.5)
    weighted.bind(["", "b"], [1, 1])
    logits = np.array([[0.3, -0.7]])
    for target, factor in (([1.0, 0.0], 0.5), ([0.0, 1.0], 4.0), ([0.25, 0.75], 3.125)):
        ours, theirs = (loss(logits, np.array([target])) for loss in (weighted, plain))
        assert ours[1] == pytest.approx(factor * theirs[1])
        assert_allclose(ours[0], factor * theirs[0])


def test_outside_weight_of_independent_labels_is_that_of_absence():
    plain, weighted = (make_cross_entropy("sigmoid", outside_weight=w) for w in (None, 0.5))
    weighted.bind(["a", "b"], [1, 1])
    logits = np.array([[0.3, -0.7]])
    expected = plain(logits, np.array([[1.0, 0.0]]))[0] * [1, 0.5]
    assert_allclose(weighted(logits, np.array([[1.0, 0.0]]))[0], expected)


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_a_ramp_brings_weights_in_by_and_by(link):
    ramped, plain, full = (
        make_cross_entropy(link, weights=[["b", 5.0]], outside_weight=3.0, weight_ramp=ramp)
        for ramp in ([0.0, 0.5, 1.0], 0.0, 1.0)
    )
    for loss in (ramped, plain, full):
        loss.bind(["", "b"], [1, 1])
    args = np.array([[0.3, -0.7]]), np.array([[1.0, 0.0]])
    low, high = plain(*args)[1], full(*args)[1]
    assert low == pytest.approx(make_cross_entropy(link)(*args)[1])
    values = [ramped(*args, step=step)[1] for step in range(4)]
    assert values == pytest.approx([low, (low + high) / 2, high, high])
    assert ramped.label_weights == full.label_weights


def test_ramps_remember_and_survive_pickling():
    ramp = Ramp("gamma", iter([1.0, 2.0, 3.0]))
    assert [ramp(step) for step in (1, 0, 5, 1)] == [2, 1, 3, 2]
    assert pickle.loads(pickle.dumps(ramp))(1) == 2


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"weights": "balance"}, "H406.*did you mean 'balanced'"),
        ({"weights": "sqrt"}, "H406"),
        ({"weights": [["PER"]]}, "H406.*PER"),
        ({"weights": ["PER"]}, "H406.*PER"),
        ({"weights": [["PER", "high"]]}, "H406.*high"),
        ({"weights": [["PER", float("nan")]]}, "H406.*nan"),
        ({"weights": [["PER", 1.0], ["PER", 2.0]]}, "H406.*twice"),
        ({"weights": [["PER", -1.0]]}, "H405.*PER.*-1"),
        ({"weights": [["PER", 11.0]]}, "H405.*PER.*11.*max_weight"),
        ({"weights": "effective(1)"}, "H405.*β"),
        ({"weights": "effective(-0.1)"}, "H405.*β"),
        ({"weights": "effective(x)"}, "H405.*β"),
        ({"weights": "effective()"}, "H406"),
        ({"max_weight": 0.5}, "H405.*max_weight"),
        ({"outside_weight": -0.5}, "H405.*outside_weight"),
        ({"weight_ramp": 1.5}, "H405.*weight_ramp.*from 0 to 1"),
        ({"weight_ramp": -0.5}, "H405.*weight_ramp"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(HoneError, match=message):
        make_cross_entropy(**settings)


@pytest.mark.parametrize(
    "labels, counts, settings, message",
    [
        (TAGS, COUNTS, {"weights": [["PRE", 2.0]]}, r"H407.*'PRE' \(near: PER\).*PER, LOC"),
        (TAGS, COUNTS, {"weights": [["per", 2.0]]}, r"H407.*'per' \(near: PER\)"),
        (TAGS, COUNTS, {"weights": [["O", 2.0]]}, "H407.*outside_weight"),
        (TAGS, [900, 30, 40, 0, 0], {"weights": "balanced"}, "H408.*balanced.*LOC"),
        (TAGS, [900, 30, 40, 0, 0], {"weights": "effective"}, "H408.*effective.*LOC"),
        (["NOUN", "VERB"], [1, 1], {"outside_weight": 0.5}, "H409.*NOUN, VERB"),
        (TAGS, [1, 2], {}, "H411.*counts"),
    ],
)
def test_weights_that_do_not_fit_the_labels(labels, counts, settings, message):
    with pytest.raises(HoneError, match=message):
        weights(labels, counts, **settings)


@pytest.mark.parametrize("setting", ["weights = 3", "weights = [3]", 'gamma = "x"', "gama = 2", 'link = "z"'])
def test_configs_are_validated(setting):
    text = f'[loss]\n@losses = "hone.Focal.v1"\n{setting}'
    with pytest.raises(ConfigValidationError):
        registry.resolve(Config().from_str(text))
