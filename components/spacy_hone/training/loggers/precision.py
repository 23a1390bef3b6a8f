"""The number format of the pipeline's transformer."""

from spacy.language import Language
from thinc.api import Model

from ...models.precision import uses_bf16


def name_precision(nlp: Language) -> str | None:
    """`bf16` or `fp32`; None if the pipeline, frozen components included, has no encoder of ours."""
    models = [getattr(pipe, "model", None) for _, pipe in nlp.components]
    for model in models:
        for node in model.walk() if isinstance(model, Model) else ():
            if node.name == "hone_transformer":
                shim = node.shims[0]
                return "bf16" if uses_bf16(shim.options.precision, shim.device) else "fp32"  # type: ignore[attr-defined]
    return None
