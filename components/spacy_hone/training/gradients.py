"""Where the live gradients of a pipeline are: what an optimiser that clips by a global norm has to know.

thinc hands an optimiser one parameter after the other and never the whole model, and `spacy train` builds a
second optimiser after `[initialize]` is done. So a callback notes the *pipeline*, and any `hone.AdamW.v1`
finds it by the first parameter that it is called with.
"""

from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakSet

from spacy.language import Language
from thinc.api import Model

from ..errors import Errors, HoneError

KeyT = tuple[int, str]

_PIPELINES: WeakSet[Language] = WeakSet()


def make_bind_optimizer() -> Callable[[Language], Language]:
    """Build the `[initialize.after_init]` callback that `hone.AdamW.v1` needs."""
    return bind_optimizer


def bind_optimizer(nlp: Language) -> Language:
    """Let every `hone.AdamW.v1` that is called with a parameter of `nlp` see all gradients of `nlp`.

    Call it once where `nlp.initialize` does not (`nlp.resume_training`, no `[initialize.after_init]`). The
    pipeline is held weakly; components added later are seen too.
    """
    _PIPELINES.add(nlp)
    return nlp


def pipeline_nodes(key: KeyT) -> list[Model]:
    """All model nodes of the bound pipeline that has the parameter `key`, in pipeline order, each once.

    key: (id of the thinc node or shim, name of the parameter), as thinc calls an optimiser.

    Raises H501 if no bound pipeline has it.
    """
    for nlp in _PIPELINES:
        nodes = list({node.id: node for model in _models(nlp) for node in model.walk()}.values())
        if any(_owns(node, key) for node in nodes):
            return nodes
    raise HoneError(Errors.H501.format(name=key[1]))


def torch_modules(nodes: list[Model]) -> dict[int, Any]:
    """The torch modules behind `nodes` by the id of their shim, without those whose gradients overflowed
    (thinc's gradient scaler skips their update and zeroes them)."""
    return {
        shim.id: shim._model
        for node in nodes
        for shim in node.shims
        if hasattr(shim._model, "named_parameters")
        and not getattr(getattr(shim, "_grad_scaler", None), "found_inf", False)
    }


def _models(nlp: Language) -> Iterator[Model]:
    for _, component in nlp.pipeline:
        model = getattr(component, "model", None)
        if isinstance(model, Model):
            yield model
        yield from getattr(component, "unsaved_models", ())


def _owns(node: Model, key: KeyT) -> bool:
    number, name = key
    if node.id == number and node.has_param(name):
        return True
    return any(
        shim.id == number
        and hasattr(shim._model, "named_parameters")
        and any(name == own for own, _ in shim._model.named_parameters())
        for shim in node.shims
    )
