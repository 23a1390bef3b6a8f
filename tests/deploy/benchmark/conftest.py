"""Pipelines that were measured already, with figures made by hand."""

from collections.abc import Callable

import pytest
import spacy

from spacy_hone.deploy.benchmark.contender import Contender
from spacy_hone.deploy.benchmark.report import Benchmark
from spacy_hone.deploy.benchmark.start import Start

MIB = 2**20


@pytest.fixture
def benchmark_of() -> Callable[..., Benchmark]:
    """`benchmark_of("a", "b")`: 100 words in 10 documents; the second pipeline is twice as fast as the first, the third
    three times."""

    def make(*models: str) -> Benchmark:
        contenders = []
        for i, model in enumerate(models, 1):
            one = Contender(model, spacy.blank("en"))
            one.seconds = {size: [k * 1.0 / i for k in (1, 2, 4)] for size in (1, 32)}
            one.latencies = [k / 1000 / i for k in range(1, 101)]
            one.starts = [Start(1.0, 2.0, 0.5 * k, 100 * MIB, 300 * MIB // i) for k in (1, 2)]
            one.scores = {"ents_f": 0.5, "ents_p": 0.25}
            one.nlp.config["training"]["score_weights"] = {"ents_f": 1.0, "ents_p": 0.0, "tag_acc": 0.5}
            contenders.append(one)
        facts = {"corpus": "测试.spacy", "documents": 10, "words": 100, "device": "CPU", "repeats": 3}
        return Benchmark(facts | {"processor": "P", "features": ["vnni"], "cores": 2}, contenders)

    return make
