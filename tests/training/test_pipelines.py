"""`hone.AdamW.v1` in whole pipelines: the loop of `spacy train`, `nlp.update(sgd=...)`, without torch."""

import subprocess
import sys
from io import StringIO
from itertools import islice

import numpy
import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train_while_improving
from thinc.api import Config

from spacy_hone.training.gradients import bind_optimizer
from spacy_hone.training.optimizer import make_adamw

TEXTS = ["the cat sat", "a dog ran home", "the old dog sat", "cats ran"]
TAGS = [["D", "N", "V"], ["D", "N", "V", "A"], ["D", "A", "N", "V"], ["N", "V"]]

ENCODERS = {
    "hone": "hone.TransformerModel.v1",
    "stock": "spacy-transformers.TransformerModel.v3",
}


def examples(nlp) -> list[Example]:
    return [Example.from_dict(nlp.make_doc(text), {"tags": tags}) for text, tags in zip(TEXTS, TAGS)]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> str:
    """A BERT of 2 layers, 16 wide, without dropout, as files."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted({w for t in TEXTS for w in t.split()})]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf8")
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    torch.manual_seed(0)
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    transformers.BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    return str(folder)


def transformer_pipeline(encoder: str, architecture: str, n_heads: int = 1):
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    model = {"@architectures": architecture, "name": encoder}
    if architecture == ENCODERS["hone"]:
        model["precision"] = "fp32"
    else:
        model["get_spans"] = {"@span_getters": "spacy-transformers.doc_spans.v1"}
    nlp.add_pipe("transformer", config={"model": model})
    tok2vec = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": "reduce_first.v1"},
    }
    for i in range(n_heads):
        head = {"@architectures": "spacy.Tagger.v2", "tok2vec": tok2vec}
        nlp.add_pipe("tagger", name=f"tagger{i}", config={"model": head})
    nlp.initialize(lambda: examples(nlp))
    for name in nlp.pipe_names[1:]:  # zeros would keep the first gradient from the transformer
        for node in nlp.get_pipe(name).model.walk():
            if node.has_param("W"):
                node.set_param("W", numpy.random.default_rng(0).normal(size=(4, 16)).astype("f"))
    return bind_optimizer(nlp)


def encoder_weights(nlp) -> list[numpy.ndarray]:
    module = next(shim for node in nlp.get_pipe("transformer").model.walk() for shim in node.shims)._model
    return [p.detach().numpy().copy() for p in module.parameters()]


def update_as_spacy_train(nlp, batch, optimizer) -> None:
    nlp.update(batch, sgd=False)
    for _, component in nlp.pipeline:
        component.finish_update(optimizer)
    optimizer.step_schedules()


@pytest.mark.parametrize("architecture", ENCODERS.values(), ids=ENCODERS)
def test_update_applies_this_batch_to_the_transformer(encoder, architecture):
    one, other = (transformer_pipeline(encoder, architecture) for _ in range(2))
    before = encoder_weights(one)
    optimizers = [make_adamw(iter([0.01, 0.005, 0.001])) for _ in range(2)]
    for i in range(3):
        one.update(examples(one)[i : i + 2], sgd=optimizers[0])
        update_as_spacy_train(other, examples(other)[i : i + 2], optimizers[1])
        moved = [not numpy.array_equal(a, b) for a, b in zip(encoder_weights(one), before)]
        assert sum(moved) > 30  # all but what a pooler has
        for a, b in zip(encoder_weights(one), encoder_weights(other)):
            numpy.testing.assert_allclose(a, b, atol=1e-6)


def test_heads_are_updated_once_a_batch(encoder):
    nlp = transformer_pipeline(encoder, ENCODERS["hone"], n_heads=2)
    optimizer = make_adamw(0.01)
    for _ in range(3):
        nlp.update(examples(nlp), sgd=optimizer)
    assert set(optimizer.nr_update.values()) == {3}
    (encoder_update,) = optimizer.torch_updates.values()
    assert {int(state["step"]) for state in encoder_update.optimizer.state.values()} == {3}


@pytest.mark.parametrize("n_heads", [1, 2])
def test_tables_are_updated_by_row(encoder, monkeypatch, n_heads):
    from spacy_hone.models import embedding

    whole = transformer_pipeline(encoder, ENCODERS["hone"], n_heads)
    by_row = transformer_pipeline(encoder, ENCODERS["hone"], n_heads)
    for nlp, large, n_tables in ((whole, embedding.LARGE, 0), (by_row, 1, 3)):
        monkeypatch.setattr(embedding, "LARGE", large)
        # biases of keys have gradients of rounding errors alone, which a small eps makes large
        optimizer = make_adamw(0.01, weight_decay=0.1, eps=1e-3)
        for i in range(3):
            nlp.update(examples(nlp)[i : i + 2], sgd=optimizer)
        (encoder_update,) = optimizer.torch_updates.values()
        assert len(encoder_update.tables) == n_tables
    for a, b in zip(encoder_weights(whole), encoder_weights(by_row)):
        numpy.testing.assert_allclose(a, b, atol=1e-6)


def test_frozen_layers_stay_bit_by_bit(encoder):
    nlp = transformer_pipeline(encoder, ENCODERS["hone"])
    module = nlp.get_pipe("transformer").model.shims[0]._model
    module.encoder.layer[0].requires_grad_(False)
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    optimizer = make_adamw(0.1, weight_decay=0.5)
    for _ in range(2):
        update_as_spacy_train(nlp, examples(nlp), optimizer)
    stayed = {name for name, p in module.named_parameters() if p.equal(before[name])}
    assert stayed == {name for name in before if ".layer.0." in name}


def cnn_pipeline():
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96}
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}})
    nlp.initialize(lambda: examples(nlp))
    return bind_optimizer(nlp)


def train(nlp, optimizer, steps: int, accumulate_gradient: int = 1) -> list[float]:
    """Run the loop of `spacy train`; the losses of the tagger after each update."""
    batches = ((epoch, examples(nlp)) for epoch in range(1000))
    updates = train_while_improving(
        nlp,
        optimizer,
        batches,
        lambda: (0.0, {}),
        dropout=0.0,
        eval_frequency=1000,
        accumulate_gradient=accumulate_gradient,
        patience=0,
        max_steps=0,
        exclude=[],
        annotating_components=[],
        before_update=None,
    )
    return [dict(info["losses"])["tagger"] for _, info, _ in islice(updates, steps)]


def test_the_loop_of_spacy_train_learns_a_cnn():
    nlp = cnn_pipeline()
    optimizer = make_adamw(iter([0.01] * 15 + [0.005]), accumulate_gradient=2)
    train(nlp, optimizer, steps=20, accumulate_gradient=2)
    assert optimizer.learn_rate == 0.005
    assert set(optimizer.nr_update.values()) == {20}
    assert [[token.tag_ for token in nlp(text)] for text in TEXTS] == TAGS


CONFIG = """
[paths]
corpus = null

[nlp]
lang = "en"
pipeline = ["tagger"]

[components]

[components.tagger]
factory = "tagger"

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = ${paths.corpus}

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${paths.corpus}

[training]
seed = 0
gpu_allocator = null
max_steps = 15
accumulate_gradient = 1
eval_frequency = 5

[training.optimizer]
@optimizers = "hone.AdamW.v1"
accumulate_gradient = ${training.accumulate_gradient}

[training.optimizer.learn_rate]
@schedules = "warmup_linear.v1"
initial_rate = 0.01
warmup_steps = 3
total_steps = 15

[initialize]

[initialize.after_init]
@callbacks = "hone.BindOptimizer.v1"
"""


def test_spacy_train_from_a_config(tmp_path):
    gold = examples(spacy.blank("en"))
    DocBin(docs=[example.reference for example in gold]).to_disk(tmp_path / "corpus.spacy")
    config = Config().from_str(CONFIG, overrides={"paths.corpus": str(tmp_path / "corpus.spacy")})
    nlp = init_nlp(config)
    spacy.training.loop.train(nlp, tmp_path, stdout=StringIO(), stderr=StringIO())
    trained = spacy.load(tmp_path / "model-last")
    assert [[token.tag_ for token in trained(text)] for text in TEXTS] == TAGS


WITHOUT_TORCH = """
import importlib.metadata, sys
sys.modules["torch"] = None
every = importlib.metadata.distributions  # spacy-transformers needs torch: as if it were not installed
importlib.metadata.distributions = lambda **kw: (d for d in every(**kw) if "transformers" not in d.name)
import spacy
from spacy.training import Example
from spacy_hone.training.gradients import bind_optimizer
from spacy_hone.training.optimizer import make_adamw

nlp = spacy.blank("en")
nlp.add_pipe("tagger")
gold = [Example.from_dict(nlp.make_doc("the cat sat"), {"tags": ["D", "N", "V"]})]
nlp.initialize(lambda: gold)
optimizer = make_adamw(0.01)
bind_optimizer(nlp)
for _ in range(10):
    nlp.update(gold, sgd=optimizer)
assert [token.tag_ for token in nlp("the cat sat")] == ["D", "N", "V"]
assert not any(name.partition(".")[0] == "torch" and module for name, module in sys.modules.items())
"""


def test_works_without_torch():
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH], capture_output=True, text=True, check=False, timeout=120
    )
    assert run.returncode == 0, run.stderr
