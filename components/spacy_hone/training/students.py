"""Students that begin with what their teacher has learned."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import spacy
from spacy.language import Language
from thinc.api import Model

from ..errors import Errors, HoneError
from ..teachers.left_behind import strip_when_saved

if TYPE_CHECKING:
    from ..models.shim import EncoderShim


def make_copy_encoder(path: Path | None, component: str = "transformer") -> Callable[[Language], Language]:
    """Build the `[initialize.before_init]` callback `hone.CopyEncoder.v1`: the encoder of a hone.TransformerModel.v1
    begins with that of a trained pipeline, in place of the one that its `name` says: with the layers that its
    `keep_layers` names and with the other's tokenizer, and with settings of its own. The head begins with the other's
    by `init_from` in [initialize.components].

    path (Path | None): the trained pipeline.
    component (str): the component with the encoder, in both pipelines.

    Raises H530 if the pipeline cannot be loaded, H531 if one of the two has no such encoder there, and the errors of
    `keep_layers`.
    """

    def copy_encoder(nlp: Language) -> Language:
        try:
            trained = spacy.load(str(path))
        except (OSError, ValueError) as error:
            raise HoneError(Errors.H530.format(path=path, problem=error)) from error
        theirs = _encoder(trained, component, f"the pipeline {path}")
        ours = _encoder(nlp, component, "the pipeline to be trained")
        ours.begin_from(theirs)
        strip_when_saved(nlp)
        return nlp

    return copy_encoder


def _encoder(nlp: Language, component: str, whose: str) -> "EncoderShim":
    from ..models.shim import EncoderShim

    model = getattr(dict(nlp.pipeline).get(component), "model", None)
    nodes = model.walk() if isinstance(model, Model) else ()
    for node in nodes:
        for shim in node.shims:
            # hone.TransformerEncoder.v1 has a tokenizer to train: its config says what it is, and nothing else can be
            if isinstance(shim, EncoderShim) and "train_tokenizer" not in node.attrs:
                return shim
    found = ", ".join(f"{name} ({nlp.get_pipe_meta(name).factory})" for name in nlp.pipe_names) or "nothing"
    raise HoneError(Errors.H531.format(whose=whose, component=component, found=found))
