"""The transition scores of a linear-chain CRF, as a layer that holds them."""

from collections.abc import Callable
from typing import Any, cast

from thinc.api import Model
from thinc.types import Floats2d
from thinc.util import get_width

# of the learning rate, read by hone.AdamW.v1: at an encoder's rate the transitions would hardly leave zero
RATE_SCALE = 100.0


def build_crf(nO: int | None = None) -> Model[Floats2d, Floats2d]:
    """Build a layer that passes emissions on as they are, and holds "transitions": how much score the column's
    tag gets after the row's, shape (nO, nO), zeros at first. Decoding reads them; whoever computes the loss adds
    their gradient, by `inc_grad`.

    nO (int | None): number of tags; None: the width of the emissions at initialisation.
    """
    attrs = {"rate_scale": RATE_SCALE}
    return Model("crf", _forward, init=_init, dims={"nO": nO}, params={"transitions": None}, attrs=attrs)


def resize_crf(old: Model, nO: int) -> Model[Floats2d, Floats2d]:
    """A new layer with more tags: the old transitions in their place, zeros for the new ones.

    old (Model): an initialised layer.
    nO (int): the new number of tags, at least the old one.
    """
    new = build_crf(nO).initialize()
    kept = old.get_dim("nO")
    transitions = cast(Any, new.get_param("transitions"))
    transitions[:kept, :kept] = old.get_param("transitions")
    new.set_param("transitions", transitions)
    return new


def _init(model: Model, X: Floats2d | None = None, Y: Floats2d | None = None) -> None:
    if model.has_dim("nO") is None and X is not None:
        model.set_dim("nO", get_width(X))
    n_tags = model.get_dim("nO")
    model.set_param("transitions", model.ops.alloc2f(n_tags, n_tags))


def _forward(model: Model, emissions: Floats2d, is_train: bool) -> tuple[Floats2d, Callable]:
    return emissions, lambda d_emissions: d_emissions
