"""What of a pipeline is watched: the functions in which an update, or a prediction, spends its time."""

from collections.abc import Sequence
from typing import Any

from harness.clock import Clock, Watched, replaced
from spacy.language import Language

from peers.speed import Step
from spacy_hone.models import shim, transformer
from spacy_hone.models.onnx import encoder
from spacy_hone.models.onnx.ahead import run_ahead
from spacy_hone.models.onnx.session import Session
from spacy_hone.models.tokenization import Wordpieces
from spacy_hone.pipes import encoder as pipe
from spacy_hone.training.optimizer import AdamW

REST = "the rest"
ONE_THREAD = {"components.transformer.model.threads": 1}


def watched_in_update(nlp: Language) -> list[Watched]:
    """Of a pipeline with `hone.TransformerModel.v1` and heads of ours."""
    heads: list[Any] = [pipe for name, pipe in nlp.pipeline if name != "transformer"]
    return [
        (Wordpieces, "__call__", "wordpieces"),
        (transformer, "arrange", "windows and alignment"),
        (shim.EncoderShim, "__call__", "encoder, forward"),
        (shim.EncoderShim, "backprop", "encoder, backward"),
        (AdamW, "__call__", "optimiser"),
        *_layers(heads),
        *((pipe, "get_loss", "targets and loss") for pipe in heads if hasattr(pipe, "get_loss")),
    ]


def watched_in_prediction(nlp: Language) -> list[Watched]:
    """Of a pipeline with `hone_encoder`."""
    heads: list[Any] = [
        pipe for _, pipe in nlp.pipeline if not hasattr(pipe, "shim") and hasattr(pipe, "model")
    ]
    return [
        (nlp, "make_doc", "tokens"),
        (Wordpieces, "__call__", "wordpieces"),
        (encoder, "arrange", "windows and alignment"),
        (Session, "run", "ONNX Runtime"),
        (encoder.OnnxShim, "encode", "batches and pooling"),
        *_layers(heads),
        *((pipe, "set_annotations", "annotation") for pipe in heads if hasattr(pipe, "__dict__")),
    ]


def _layers(pipes: Sequence[Any]) -> list[Watched]:
    """Layers that make token vectors of wordpieces', and the rest of each head's model."""
    nodes = {node.id: node for pipe in pipes for node in pipe.model.walk()}
    tops = {pipe.model.id for pipe in pipes}
    names = {node.id: "head" for node in nodes.values() if node.id in tops}
    names |= {node.id: "vectors of tokens" for node in nodes.values() if node.name == "trfs2arrays"}
    return [(nodes[number], "_func", name) for number, name in names.items()]


def time_update(clock: Clock, step: Step, batch: Any) -> None:
    """One update; what no part takes is `REST`."""
    with clock.part(REST):
        step(batch)


def time_prediction(clock: Clock, nlp: Language, texts: Sequence[str], batch_size: int) -> None:
    """`nlp.pipe`; what no part takes is `REST`. Nothing is done ahead in another thread, where no clock would see it."""
    with replaced(pipe, "run_ahead", lambda work, items, _: run_ahead(work, items, 0)), clock.part(REST):
        for _ in nlp.pipe(texts, batch_size=batch_size):
            pass
