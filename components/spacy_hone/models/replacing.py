"""An encoder of a component's own in place of a listener (`nlp.replace_listeners`)."""

from typing import Any

from spacy.tokens import Doc
from thinc.api import Model, chain
from thinc.types import Floats2d, Ragged


def build_tok2vec_transformer(
    encoder: Model[list[Doc], Any], pooling: Model[Ragged, Floats2d], grad_factor: float = 1.0
) -> Model[list[Doc], list[Floats2d]]:
    """`hone.Tok2VecTransformer.v1`: encoder and pooling in one, for a single component.

    encoder: `hone.TransformerModel.v1` or `hone.TransformerEncoder.v1`. pooling: wordpieces to a token.
    grad_factor: the gradient towards the encoder is multiplied by it.
    """
    from spacy_transformers.layers import trfs2arrays

    return chain(replace_listener(encoder), trfs2arrays(pooling, grad_factor))


def replace_listener(model: Model) -> Model:
    """What stands in a listener's place: the encoder, its output split by document."""
    from spacy_transformers.layers import split_trf_batch

    return chain(model, split_trf_batch())


def replace_listener_cfg(encoder: dict[str, Any], listener: dict[str, Any]) -> dict[str, Any]:
    """The config of a component whose listener was replaced."""
    kept: dict[str, Any] = {key: listener[key] for key in ("pooling", "grad_factor") if key in listener}
    return {"@architectures": "hone.Tok2VecTransformer.v1", "encoder": encoder, **kept}
