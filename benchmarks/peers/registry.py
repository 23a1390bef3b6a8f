"""The systems by the names that the result files and tables use."""

import time
from functools import partial

from harness.data import Part
from harness.data_sets import DATA_SETS
from transformers import set_seed

from peers import pipelines
from peers.hf_texts import TextPeer
from peers.hf_tokens import TokenPeer
from peers.huggingface import Peer, encoder_path, train_peer
from peers.outcome import Outcome, Settings, System

PEERS: dict[str, type[Peer]] = {
    "ents": TokenPeer,
    "chunks": TokenPeer,
    "pos": TokenPeer,
    "cats": TextPeer,
    "multi_cats": TextPeer,
}
LOSSES: dict[str, dict[str, str]] = {
    "cross-entropy": {},
    "focal-1": {"@losses": "hone.Focal.v1", "gamma": "1.0"},
    "focal-2": {"@losses": "hone.Focal.v1", "gamma": "2.0"},
    "dice": {"@losses": "hone.Dice.v1"},
    "dice-ce": {"@losses": "hone.Dice.v1", "cross_entropy": "1.0"},
    "balanced": {"weights": "balanced"},
    "effective": {"weights": "effective"},
}


def train_hf(part: Part, settings: Settings) -> Outcome:
    """A Hugging Face head for the data set's task."""
    data_set = DATA_SETS[settings.data]
    set_seed(settings.seed)
    start = time.perf_counter()
    peer = PEERS[data_set.task](encoder_path(data_set.encoder), part.train, settings)
    loading = time.perf_counter() - start
    seconds, words = train_peer(peer, part.train, data_set.batch_size, settings.updates)
    return Outcome(peer.predict(part.test), loading + seconds, words, peer.precision)


SYSTEMS: dict[str, System] = {
    "hone": pipelines.train_hone,
    "hf": train_hf,
    "spacy": pipelines.train_stock,
    **{name: partial(pipelines.train_hone, loss=loss) for name, loss in LOSSES.items()},
}
