"""Encoders frozen in part, whatever their component is called."""

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from thinc.api import Model

from ..errors import Errors, HoneError


def make_freeze_layers(
    component: str = "transformer", embeddings: bool = False, layers: list[int] | None = None
) -> Callable[[Language], Language]:
    """Build `hone.FreezeLayers.v1` for `[initialize.after_init]`: what `freeze_embeddings` and `freeze_layers` of
    hone.TransformerModel.v1 do, for an encoder whose config comes from elsewhere (`source`). Not kept when saved.

    component (str): the component with the encoder.
    embeddings (bool): whether to freeze the embeddings.
    layers (list[int] | None): the layers to freeze; 0 is next to the embeddings.

    Raises H520 if the component has no encoder of ours, H207 for layers that it does not have.
    """

    def freeze_layers(nlp: Language) -> Language:
        from ..models.freezing import freeze

        found = find_encoders(nlp)  # spaCy disables components with a `source` while it initialises
        if component not in found:
            raise HoneError(Errors.H520.format(component=component, names=", ".join(nlp.component_names)))
        for encoder in found[component]:
            freeze(encoder, embeddings=embeddings, layers=layers or [])
        return nlp

    return freeze_layers


def find_encoders(nlp: Language) -> dict[str, list[Any]]:
    """The encoders of hone.TransformerModel.v1 in each component that has some, disabled ones included."""
    models = {name: getattr(pipe, "model", None) for name, pipe in nlp.components}
    shims = {
        name: [shim for node in model.walk() for shim in node.shims]
        for name, model in models.items()
        if isinstance(model, Model)
    }
    found = {
        name: [shim.transformer for shim in own if hasattr(shim, "transformer")]
        for name, own in shims.items()
    }
    return {name: encoders for name, encoders in found.items() if encoders}
