"""hone_encoder in pipelines: saved, loaded, piped, trained over."""

import gc
import json
import os
import pickle
import site
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.training import Example
from spacy.ty import ListenedToComponent

from spacy_hone.errors import HoneError
from spacy_hone.models.onnx import engines
from spacy_hone.models.onnx.graph import Graph
from spacy_hone.pipes.encoder import Encoder

from ..models.conftest import toy_bert  # noqa: F401
from ..models.onnx.conftest import listen, listening, toy_files, toy_graph, vectors  # noqa: F401

pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")

TEXTS = ["two cups of sugar", "", " \n ", "chocolates " * 30, "1 kg flour"]
POOLINGS = ("mean", "first", "max")
ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "spacy_transformers", "sentence_transformers")
PREDICT = """
import json, sys
import spacy
docs = list(spacy.load(sys.argv[1]).pipe(sys.argv[2:]))
print(json.dumps([[token.tag_ for token in doc] for doc in docs]), *sorted(sys.modules), sep="\\n")
"""


@pytest.fixture
def nlp(toy_graph):  # noqa: F811
    return listening(toy_graph(window=20, stride=6), *POOLINGS, threads=1)


def tags(docs) -> list[list[str]]:
    return [[token.tag_ for token in doc] for doc in docs]


def encoded(nlp, text: str):
    return nlp.get_pipe("transformer")(nlp.make_doc(text))


def test_each_listener_has_its_pooling(nlp):
    encoder = nlp.get_pipe("transformer")
    assert isinstance(encoder, Encoder) and isinstance(encoder, ListenedToComponent)
    assert encoder.listening_components == [f"tagger_{pooling}" for pooling in POOLINGS]
    doc = encoded(nlp, "chocolates two")
    (expected,) = encoder.shim.encode([doc], POOLINGS)
    for pooling in POOLINGS:
        np.testing.assert_array_equal(vectors(nlp, doc, pooling), expected[pooling])


def test_batches_and_single_texts_agree(nlp):
    batch = [encoded(nlp, text) for text in TEXTS]
    docs = list(nlp.get_pipe("transformer").pipe(map(nlp.make_doc, TEXTS), batch_size=3))
    for doc, other in zip(docs, batch):
        np.testing.assert_allclose(vectors(nlp, doc), vectors(nlp, other), atol=1e-5)
    assert tags(nlp.pipe(TEXTS)) == tags(map(nlp, TEXTS))


def test_a_batch_is_encoded_while_the_one_before_is_read(nlp):
    encoder, given = nlp.get_pipe("transformer"), []
    stream = encoder.pipe((given.append(doc) or doc for doc in map(nlp.make_doc, TEXTS)), batch_size=2)
    read = [(next(stream), len(given)) for _ in TEXTS]
    assert [doc.text for doc, _ in read] == TEXTS
    assert [number for _, number in read] == [4, 4, 5, 5, 5]
    given.clear()
    next(encoder.pipe((given.append(doc) or doc for doc in map(nlp.make_doc, TEXTS)), batch_size=1))
    assert len(given) == 1


def test_a_component_that_is_enabled_while_a_pipe_runs(nlp):
    nlp.disable_pipe("tagger_max")
    stream = nlp.pipe(TEXTS * 2, batch_size=3)
    first = next(stream)
    nlp.enable_pipe("tagger_max")
    nlp(TEXTS[0])
    assert [doc.text for doc in (first, *stream)] == TEXTS * 2


def test_disabled_components_keep_no_vectors(nlp):
    encoder = nlp.get_pipe("transformer")
    with nlp.select_pipes(enable=["transformer", "tagger_mean"]):
        docs = list(nlp.pipe(TEXTS, batch_size=2))
    kept = {listener.pooling: len(listener.inbox.unread) for listener in encoder.listeners}
    assert docs and kept == dict.fromkeys(POOLINGS, 0)


@pytest.mark.parametrize("way", ["disk", "bytes", "pickle"])
def test_saved_pipelines(nlp, tmp_path, way):
    if way == "disk":
        nlp.to_disk(tmp_path)
        names = sorted(path.name for path in (tmp_path / "transformer").iterdir())
        assert names == ["cfg", "encoder.onnx", "encoder.safetensors", "tokenizer.json"]
        other = spacy.load(tmp_path)
    elif way == "bytes":
        other = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    else:
        other = pickle.loads(pickle.dumps(nlp))
    for pooling in POOLINGS:
        expected = vectors(nlp, encoded(nlp, TEXTS[3]), pooling)
        np.testing.assert_array_equal(vectors(other, encoded(other, TEXTS[3]), pooling), expected)
    assert tags(other.pipe(TEXTS)) == tags(nlp.pipe(TEXTS))


def test_the_file_of_another_pipeline(nlp, tmp_path):
    nlp.to_disk(tmp_path)
    (tmp_path / "transformer" / "encoder.onnx").write_bytes(b"other")
    with pytest.raises(HoneError, match="H220"):
        spacy.load(tmp_path)


def test_the_folder_of_another_pipeline(nlp, tmp_path):
    nlp.to_disk(tmp_path)
    other = nlp.get_pipe("transformer").graph
    settings = {key: value for key, value in other.settings.items() if key != "sha256"}
    changed = Graph(other.code + b"\0", other.weights, other.tokenizer, settings)
    changed.to_disk(tmp_path / "transformer")
    with pytest.raises(HoneError, match="H220"):
        spacy.load(tmp_path)
    nlp.get_pipe("transformer").set_graph(changed)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.get_pipe("transformer").graph == changed
    other.to_disk(tmp_path / "transformer")
    loaded.from_disk(tmp_path)  # into the same components, as of any pipeline
    assert loaded.get_pipe("transformer").graph == other


def test_where_the_engine_is_not_installed(nlp, monkeypatch, tmp_path):
    nlp.to_disk(tmp_path)
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(HoneError, match=r"H217.*onnxruntime.*not installed"):
        spacy.load(tmp_path)


def test_where_neither_torch_nor_transformers_is_installed(nlp, tmp_path):
    """An environment of links to all that is installed here, less those."""
    nlp.to_disk(tmp_path / "nlp")
    packages = tmp_path / "packages"
    packages.mkdir()
    for path in chain.from_iterable(Path(folder).iterdir() for folder in site.getsitepackages()):
        if not path.name.startswith(HEAVY) and path.suffix != ".pth":
            (packages / path.name).symlink_to(path)
    (packages / "spacy_hone").symlink_to(ROOT / "components" / "spacy_hone")
    done = subprocess.run(
        [sys.executable, "-S", "-c", PREDICT, tmp_path / "nlp", *TEXTS],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(packages)},
    )
    assert done.returncode == 0, done.stderr
    found, *modules = done.stdout.splitlines()
    assert json.loads(found) == tags(nlp.pipe(TEXTS))
    assert not set(HEAVY) & set(modules)


@pytest.mark.filterwarnings("ignore:.*fork", "error:.*user hooks")
def test_processes_after_the_parent_predicted(nlp):
    expected = tags(nlp.pipe(TEXTS))
    assert tags(nlp.pipe(TEXTS * 2, n_process=2, batch_size=2)) == expected * 2


def test_threads(nlp):
    expected = tags(map(nlp, TEXTS))
    with ThreadPoolExecutor(4) as pool:
        assert tags(pool.map(nlp, TEXTS * 5)) == expected * 5


def test_documents_keep_nothing(nlp):
    docs = [*nlp.pipe(TEXTS), nlp("another")]
    listeners = nlp.get_pipe("transformer").listeners
    assert all(not listener.inbox.unread for listener in listeners)
    assert all(list(listener.inbox.read) == docs[-1:] for listener in listeners)
    assert not any(doc.user_hooks or doc.user_data or doc.tensor.size for doc in docs)
    del docs
    gc.collect()
    assert not any(len(listener.inbox.read) for listener in listeners)


def test_mean_vectors_can_be_kept(nlp, toy_graph):  # noqa: F811
    keeping = spacy.blank("en")
    keeping.add_pipe("hone_encoder", config={"keep": True}).set_graph(toy_graph(window=20, stride=6))
    for text in TEXTS:
        doc = keeping(text)
        assert doc.tensor.shape == (len(doc), 16)
        np.testing.assert_allclose(doc.tensor, vectors(nlp, encoded(nlp, text)), atol=1e-6)


def test_a_disabled_encoder_is_an_error(nlp):
    with nlp.select_pipes(disable="transformer"), pytest.raises(HoneError, match="H223"):
        nlp("two cups")


def test_components_that_are_enabled_later(nlp, tmp_path):
    nlp.to_disk(tmp_path)
    expected = tags(nlp.pipe(TEXTS))
    late = spacy.load(tmp_path, disable=["tagger_mean", "tagger_max"])
    assert late.get_pipe("transformer").listening_components == ["tagger_first"]
    late(TEXTS[0])
    for name in ("tagger_mean", "tagger_max"):
        late.enable_pipe(name)
    assert tags(late.pipe(TEXTS)) == tags(pickle.loads(pickle.dumps(late)).pipe(TEXTS)) == expected
    with late.select_pipes(disable=["tagger_max"]):
        late(TEXTS[0])
    assert tags(late.pipe(TEXTS)) == expected


def test_an_encoder_of_another_pipeline(nlp):
    other = spacy.blank("en", vocab=nlp.vocab)
    for name in ("transformer", "tagger_max"):
        other.add_pipe(name, source=nlp)
    assert tags(other.pipe(TEXTS)) == tags(nlp.pipe(TEXTS))


def test_errors_go_to_the_handler(nlp):
    failed = []
    encoder = nlp.get_pipe("transformer")
    encoder.set_error_handler(lambda name, proc, docs, err: failed.append((name, len(docs), type(err))))
    encoder.shim.graph = None
    assert list(encoder.pipe(map(nlp.make_doc, TEXTS), batch_size=3)) == []
    assert failed == [("transformer", 3, HoneError), ("transformer", 2, HoneError)]


def test_without_a_graph():
    nlp = spacy.blank("en")
    nlp.add_pipe("hone_encoder")
    with pytest.raises(HoneError, match=r"H222.*hone optimize"):
        nlp.initialize()
    with pytest.raises(HoneError, match="H222"):
        nlp("text")


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("factory", ["hone_ner", "ner", "textcat"])
def test_heads_learn_over_it(toy_graph, factory, frozen):  # noqa: F811
    nlp = spacy.blank("en")
    encoder = nlp.add_pipe("hone_encoder", config={"model": {"threads": 1}})
    encoder.set_graph(toy_graph())
    arch = {"hone_ner": "hone.TokenClassifier.v1", "textcat": "spacy.TextCatReduce.v1"}
    config = {"model": {"tok2vec": listen(width=None)}}
    if factory in arch:
        config["model"]["@architectures"] = arch[factory]
    if factory == "textcat":
        config["model"] |= {
            "exclusive_classes": True,
            "use_reduce_first": False,
            "use_reduce_last": False,
            "use_reduce_max": False,
            "use_reduce_mean": True,
        }
    nlp.add_pipe(factory, config=config)
    annotation = {"entities": [(4, 8, "UNIT")], "cats": {"A": 1.0, "B": 0.0}}
    examples = [
        Example.from_dict(nlp.make_doc("two cups"), annotation),
        Example.from_dict(
            nlp.make_doc("cups two"), {"entities": [(0, 4, "UNIT")], "cats": {"A": 0.0, "B": 1.0}}
        ),
    ]
    optimizer = nlp.initialize(lambda: examples)
    options = {"exclude": ["hone_encoder"], "annotates": ["hone_encoder"]} if frozen else {}
    losses = [nlp.update(examples, sgd=optimizer, **options)[factory] for _ in range(15)]
    assert losses[-1] < losses[0]
    nlp.evaluate(examples)


def test_a_component_can_have_an_encoder_of_its_own(nlp, tmp_path):
    expected = vectors(nlp, encoded(nlp, TEXTS[3]), "first")
    nlp.replace_listeners("transformer", "tagger_first", ["model.tok2vec"])
    assert nlp.get_pipe("transformer").listening_components == ["tagger_mean", "tagger_max"]
    nlp.to_disk(tmp_path)
    for pipeline in (nlp, spacy.load(tmp_path)):
        found = vectors(pipeline, pipeline.make_doc(TEXTS[3]), "first")
        np.testing.assert_array_equal(found, expected)


def test_vectors_of_another_width(nlp, toy_graph):  # noqa: F811
    with pytest.raises(HoneError, match=r"H225.*'transformer'.*width 8.*expects 16"):
        nlp.get_pipe("transformer").set_graph(toy_graph(width=8))


def test_listeners_are_removed(nlp):
    encoder = nlp.get_pipe("transformer")
    listener = encoder.listeners[0]
    assert encoder.remove_listener(listener, "tagger_mean")
    assert not encoder.remove_listener(listener, "tagger_mean")
    nlp.remove_pipe("tagger_first")
    assert encoder.listening_components == ["tagger_mean", "tagger_max"]
