"""A pipeline with its new encoder, on which one network after another is tried."""

from collections.abc import Sequence

from spacy.language import Language
from spacy.tokens import Doc

from ...models.onnx.graph import GraphPrecision, Network
from .choices import Choices
from .convert import pack
from .scores import Outcome, run
from .source import Source
from .swap import swap


class Stand:
    """nlp: the pipeline, whose transformer is replaced. source: the new encoder's tokenizer and settings. golds:
    documents of `choices.dev`.

    Attribute: `outcome`, of the network that was tried last.
    """

    outcome: Outcome

    def __init__(self, nlp: Language, source: Source, golds: Sequence[Doc], choices: Choices):
        self.nlp, self.source, self.golds, self.path = nlp, source, golds, choices.dev
        options = {"threads": choices.threads, "provider": choices.provider}
        model = {"@architectures": "hone.OnnxEncoder.v1", **options}
        self.encoder = swap(nlp, source.name, source.width, {"model": model})

    def put(self, network: Network, precision: GraphPrecision) -> None:
        """Let the pipeline compute this."""
        self.encoder.set_graph(pack(self.source, network, precision))

    def score(self, network: Network) -> float:
        """The weighted score with a network. Raises H721."""
        self.put(network, "mixed")
        self.outcome = run(self.nlp, self.golds, self.path)
        return self.outcome.score
