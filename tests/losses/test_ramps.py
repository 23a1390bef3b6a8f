"""Settings that change in training, looked at before it."""

import pytest

from spacy_hone.errors import HoneError
from spacy_hone.losses.distillation import make_distillation
from spacy_hone.losses.ramps import Ramp


@pytest.mark.parametrize("settings", [{"alpha": [0.5, 1.5]}, {"temperature": [2.0, 1.0, 0.0]}])
def test_lists_are_read_to_their_end_at_initialisation(settings):
    loss = make_distillation(**settings)
    loss.bind(["", "PER"], [1, 1])
    with pytest.raises(HoneError, match=f"H405.*{next(iter(settings))}"):
        loss.bind(["", "PER"], [1, 1], strict=True)


def test_generators_are_read_as_training_goes_on():
    ramp = Ramp("alpha", iter([1.0, 0.5, 2.0]), highest=1.0)
    ramp.read_list()
    assert ramp(1) == 0.5
    with pytest.raises(HoneError, match="H405"):
        ramp(2)
