"""Listeners of a torch transformer out, listeners of the optimised encoder in: in memory, and in the config."""

from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

from spacy.language import Language
from spacy.util import replace_model_node
from spacy_transformers.layers import TransformerListener
from thinc.api import Model

from ...errors import Errors, HoneError
from ...models.onnx.listener import build_encoder_listener
from ...models.onnx.pooling import Pooling

LISTENER = "spacy-transformers.TransformerListener.v1"
REDUCTIONS: dict[str, Pooling] = {f"reduce_{pooling}": pooling for pooling in get_args(Pooling)}


class Listening(NamedTuple):
    """A node of a component that listens to a transformer: `chain(TransformerListener, trfs2arrays)`."""

    component: str
    pipe: Any
    node: Model
    upstream: str
    pooling: Pooling


def find_listening(nlp: Language, name: str) -> list[Listening]:
    """All nodes that listen to the component `name`, those of disabled components included.

    Raises H718 for a listener that no known pooling follows.
    """
    pipes = [(component, pipe) for component, pipe in nlp.components if component != name]
    return [listening for component, pipe in pipes for listening in _find(component, pipe, name)]


def swap(nlp: Language, name: str, width: int, config: dict[str, Any]) -> Any:
    """Put a `hone_encoder` in the place of the transformer `name`, in memory, and let all listeners follow.

    width: size of a vector. config: of the component. RETURNS: the new component, still without a graph.
    """
    for component, pipe, node, upstream, pooling in find_listening(nlp, name):
        replacement = build_encoder_listener(pooling=pooling, upstream=upstream, width=width)
        if pipe.model is node:
            pipe.model = replacement
        else:
            replace_model_node(pipe.model, node, replacement)
        nlp._pipe_configs[component] = rewrite(nlp._pipe_configs[component], name, width)
    disabled = name in nlp.disabled
    encoder = nlp.replace_pipe(name, "hone_encoder", config=config)
    if disabled:
        nlp.disable_pipe(name)
    return encoder


def rewrite(config: Any, name: str, width: int) -> Any:
    """A component's config in which the blocks of listeners to `name` are those of their successors."""
    if not isinstance(config, dict):
        return config
    upstream = config.get("upstream", "*")
    if config.get("@architectures") == LISTENER and upstream in ("*", name):
        pooling = REDUCTIONS[config["pooling"]["@layers"].partition(".")[0]]
        block = {"@architectures": "hone.EncoderListener.v1", "pooling": pooling, "upstream": upstream}
        return block | {"width": width}
    return {key: rewrite(value, name, width) for key, value in config.items()}


def _find(component: str, pipe: Any, name: str) -> Iterator[Listening]:
    if not isinstance(model := getattr(pipe, "model", None), Model):
        return
    chains = [node for node in model.walk() if [layer.name for layer in node.layers[1:]] == ["trfs2arrays"]]
    for listener in model.walk():
        if not isinstance(listener, TransformerListener) or listener.upstream_name not in ("*", name):
            continue
        node = next((node for node in chains if node.layers[0] is listener), None)
        reduction = node.layers[1].layers[0].name if node else ""
        if node is None or reduction not in REDUCTIONS:
            problem = (
                f"pools wordpieces by {reduction}" if node else "takes the transformer's output as it is"
            )
            poolings = ", ".join(REDUCTIONS)
            raise HoneError(Errors.H718.format(name=component, problem=problem, poolings=poolings))
        yield Listening(component, pipe, node, listener.upstream_name, REDUCTIONS[reduction])
