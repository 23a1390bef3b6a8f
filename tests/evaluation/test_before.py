import numpy as np
import pytest

from spacy_hone.evaluation.before import Line
from spacy_hone.evaluation.intervals import paired_bootstrap, resample
from spacy_hone.evaluation.scores import EntityScores, prf
from spacy_hone.evaluation.section import Counted


@pytest.fixture
def counts():
    """Two systems: (documents, 2, types, 3); the third type is in one document only."""
    found = np.random.default_rng(0).integers(0, 5, size=(30, 2, 3, 3))
    found[1:, :, 2] = 0
    return found


def test_macro_comparison_is_a_loop_over_resamples(counts):
    comparison = paired_bootstrap(counts[:, 0], counts[:, 1], 200, seed=3)
    differences = []
    for sums in resample(counts, 200, seed=3):
        seen = [i for i in range(3) if sums[:, i].any()]
        before, after = (np.mean([prf(side[i])[2] for i in seen]) for side in sums)
        differences.append(after - before)
    before, after = prf(counts.sum(0))[..., 2].mean(1)
    assert comparison.difference == pytest.approx(after - before)
    assert comparison.interval == pytest.approx(np.percentile(differences, [2.5, 97.5]))


def test_macro_of_one_type_is_micro(counts):
    one, pooled = counts[:, :, :1], counts[:, :, 0]
    assert paired_bootstrap(one[:, 0], one[:, 1], 50) == paired_bootstrap(pooled[:, 0], pooled[:, 1], 50)


def test_counts_by_label_stand_at_their_documents():
    scores = EntityScores(("A", "B"), np.array([[[1, 0, 0], [0, 0, 2]], [[0, 1, 0], [0, 0, 1]]]))
    counted = Counted([1, 3], scores)
    assert counted.predicted == {"A"}
    assert counted.by_label(5)["A"].tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_cells():
    after = np.array([[3, 1, 1], [0, 0, 0]])
    line = Line("A", after + 1, after, paired_bootstrap(after + 1, after, 10))
    assert line.cells()[:5] == ("A", "4", "0.6250", "0.7500", "+0.1250")
    assert " to " in line.cells()[5]
    assert Line("B", None, after, None).cells() == ("B", "4", "-", "0.7500", "-", "")
    assert Line("B", None, after, None).to_json()["before"] is None
