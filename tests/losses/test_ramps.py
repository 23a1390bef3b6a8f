"""Settings that change in training, looked at before it."""

import pytest

from spacy_hone.errors import HoneError
from spacy_hone.losses.cross_entropy import make_cross_entropy
from spacy_hone.losses.distillation import make_distillation
from spacy_hone.losses.focal import make_focal
from spacy_hone.losses.ramps import Ramp


@pytest.mark.parametrize(
    "settings",
    [
        {"alpha": [0.5, 1.5]},
        {"temperature": [2.0, 1.0, 0.0]},
        {"hard": make_cross_entropy(weight_ramp=[0.0, 2.0])},
        {"hard": make_focal(gamma=[0.0, -1.0])},
    ],
)
def test_lists_are_read_to_their_end(settings):
    with pytest.raises(HoneError, match="H405"):
        make_distillation(**settings).look_ahead(1)


def test_generators_are_read_as_far_as_training_goes():
    ramp = Ramp("alpha", iter([1.0, 0.5, 2.0]), highest=1.0)
    ramp.look_ahead(2)
    assert ramp(1) == 0.5
    with pytest.raises(HoneError, match="H405"):
        ramp.look_ahead(3)
