"""The systems by the names that the result files and tables use."""

from peers import huggingface, pipelines
from peers.outcome import System

SYSTEMS: dict[str, System] = {
    "hone": pipelines.train_hone,
    "hf": huggingface.train,
    "spacy": pipelines.train_stock,
}
