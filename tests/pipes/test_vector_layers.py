"""Vectors of hidden layers: student's to teacher's, in transformer pipelines."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam

from spacy_hone.errors import HoneError
from spacy_hone.pipes.vectors import make_teacher_vectors
from spacy_hone.teachers.cache import make_cached_teacher
from spacy_hone.teachers.pipeline import PipelineTeacher, make_pipeline_teacher

pytest.importorskip("spacy_transformers")

TEXTS = ["Ann saw Rome.", "", "Rome \n fell", "Bob left"]
POOL = {"@layers": "reduce_first.v1"}
LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 0.5,
    "pooling": POOL,
}
CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 12,
    "depth": 1,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
}
HEADS = {
    "hone_ner": {"@architectures": "hone.TokenClassifier.v1"},
    "hone_textcat": {"@architectures": "hone.TextClassifier.v1"},
}


def pipeline(heads=("hone_ner",), depth: int = 2, width: int = 16, tok2vec: dict | None = None) -> Language:
    from spacy_hone.models.scratch import train_tokenizer

    spacy.util.fix_random_seed(depth)
    nlp = spacy.blank("en")
    if tok2vec is None:
        sizes = {
            "vocab_size": 60,
            "depth": depth,
            "width": width,
            "n_heads": 2,
            "ff_width": 16,
            "precision": "fp32",
        }
        model = {"@architectures": "hone.TransformerEncoder.v1", **sizes}
        train_tokenizer(nlp.add_pipe("transformer", config={"model": model}).model, TEXTS)
    for factory in heads:
        nlp.add_pipe(factory, config={"model": {**HEADS[factory], "tok2vec": tok2vec or LISTENER}})
    nlp.initialize(lambda: examples(nlp))
    return nlp


def examples(nlp: Language) -> list[Example]:
    docs = [nlp.make_doc(text) for text in TEXTS]
    entities = [["U-PER" if token.is_title else "O" for token in doc] for doc in docs]
    cats = {"a": 1.0, "b": 0.0}
    return [Example.from_dict(doc, {"entities": each, "cats": cats}) for doc, each in zip(docs, entities)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A teacher of three layers and both heads."""
    path = tmp_path_factory.mktemp("teacher")
    pipeline(tuple(HEADS), depth=3).to_disk(path)
    return path


def teach(nlp: Language, folder: Path, factory: str = "hone_ner", **options: Any) -> Any:
    vectors = make_teacher_vectors(**options)
    teacher = make_pipeline_teacher(folder)
    golds = examples(nlp)
    nlp.get_pipe(factory).teach(teacher, lambda: golds, vectors=vectors, nlp=nlp)
    return vectors


def hidden(folder: Path, layer: int, text: str) -> np.ndarray:
    """What transformers gives for the first wordpiece of each token."""
    import torch

    nlp = spacy.load(folder)
    shim = nlp.get_pipe("transformer").model.shims[0]
    doc = nlp.make_doc(text)
    [data] = nlp.get_pipe("transformer").predict([doc]).doc_data
    ids = torch.from_numpy(data.wordpieces.input_ids)
    with torch.inference_mode():
        states = shim.transformer(input_ids=ids, output_hidden_states=True).hidden_states[layer]
    starts = np.cumsum([0, *data.align.lengths[:-1]])
    return states[0].numpy()[data.align.dataXd[starts].ravel()]


@pytest.mark.parametrize("layer", [0, 1, -2, 3])
def test_a_teacher_gives_the_layer_that_is_asked_for(folder, layer):
    teacher = make_pipeline_teacher(folder, "hone_ner")
    teacher.read_layers([layer, 3])
    docs = [spacy.blank("en").make_doc(text) for text in ("Ann saw Rome.", "", "Bob left")]
    outputs = teacher.outputs(docs, vectors=True)
    assert outputs[1].vectors is None
    for doc, output in zip(docs[::2], outputs[::2]):
        expected = np.hstack([hidden(folder, i, doc.text) for i in (layer, 3)])
        assert_allclose(output.vectors, expected, atol=1e-5)


def test_a_stock_transformer_gives_its_layers():
    """By the component's own settings: it gives all of them."""
    from spacy_hone.teachers.hidden import HiddenLayers

    nlp = pipeline()
    shim = nlp.get_pipe("transformer").model.shims[0]
    found = HiddenLayers(nlp, nlp.get_pipe("hone_ner"), [1, -1])
    docs = list(nlp.pipe(TEXTS, disable=["hone_ner"]))
    ours = found.predict(docs)
    found.is_ours = False  # as if all layers were there
    shim.hidden_layers = (0, 1, 2)
    docs = list(nlp.pipe(TEXTS, disable=["hone_ner"]))
    for mine, theirs in zip(ours, found.predict(docs)):
        for a, b in zip(mine, theirs):
            assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize(
    "layers, factory, width",
    [
        ([[1, 2]], "hone_ner", 16),
        ([[None, 1]], "hone_ner", 16),
        ([[None, 3], [1, 1]], "hone_ner", 8),
        ([[0, 0], [1, 2], [2, -1]], "hone_textcat", 16),
    ],
)
def test_the_gradient_is_that_of_the_reported_value(folder, layers, factory, width):
    """Central differences along the gradient of the encoder's parameters."""
    nlp = pipeline(tuple(HEADS), width=width)
    vectors = teach(nlp, folder, factory, layers=layers, kind="mse", weight=50.0)
    golds, encoder = examples(nlp), nlp.get_pipe("transformer").model.shims[0].transformer

    def value() -> float:
        encoder.zero_grad()
        spacy.util.fix_random_seed(0)  # of the encoder's dropout
        return nlp.update(golds, sgd=False, drop=0.0, losses={})[factory]

    other = next(name for name in HEADS if name != factory)
    alone = nlp.get_pipe(other)
    alone.loss.__class__ = type(
        "Silent", (type(alone.loss),), {"__call__": lambda self, z, *a, **k: (z * 0, 0.0)}
    )
    value()
    assert len(vectors.projections) == (len(layers) if width == 8 else 0)
    params = [p for p in encoder.parameters() if p.grad is not None]
    directions = [p.grad.clone() for p in params]
    length = sum(float((d.double() ** 2).sum()) for d in directions)
    assert length > 0
    step, values = 1e-3 / length**0.5, []
    for sign in (1, -2):
        for p, direction in zip(params, directions):
            p.data += sign * step * direction
        values.append(value())
    grad_factor = 0.5  # of the listener
    assert (values[0] - values[1]) / (2 * step) * grad_factor == pytest.approx(length, rel=0.03)


def test_training_brings_the_layers_together(folder):
    nlp = pipeline()
    vectors = teach(nlp, folder, layers=[[1, 1], [2, 3]], kind="mse")
    optimizer, found = Adam(0.01), []
    for _ in range(30):
        found.append(nlp.update(examples(nlp), sgd=optimizer, losses={})["hone_ner"])
    assert found[-1] < 0.5 * found[0] and not vectors.projections


def test_a_student_without_layers_learns_a_middle_one(folder):
    nlp = pipeline(tok2vec=CNN)
    vectors = teach(nlp, folder, layers=[[None, 2]])
    found = [nlp.update(examples(nlp), sgd=Adam(0.01), losses={})["hone_ner"] for _ in range(30)]
    assert found[-1] < found[0] and vectors.projections[0].get_param("W").shape == (12, 16)


def test_two_heads_ask_for_layers_of_one_encoder(folder):
    nlp = pipeline(tuple(HEADS))
    teach(nlp, folder, "hone_ner", layers=[[1, 2]])
    teach(nlp, folder, "hone_textcat", layers=[[2, 3], [0, 0]])
    assert nlp.get_pipe("transformer").model.shims[0].hidden_layers == (1, 0, 2)
    losses = [nlp.update(examples(nlp), sgd=Adam(0.01), losses={}) for _ in range(20)]
    assert all(losses[-1][name] < losses[0][name] for name in HEADS)


def test_what_is_saved_gives_no_layers(folder, tmp_path):
    nlp = pipeline()
    teach(nlp, folder, layers=[[1, 2]])
    nlp.update(examples(nlp), sgd=Adam(0.01))
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert again.get_pipe("transformer").model.shims[0].hidden_layers == ()
    assert "hidden_states" not in again("Ann left")._.trf_data.model_output


class TestBadInput:
    @pytest.mark.parametrize("layers", [[], [[1]], [[1, None]], [["a", 1]], [[1, 2, 3]]])
    def test_settings(self, layers):
        with pytest.raises(HoneError, match=r"H405.*layers"):
            make_teacher_vectors(layers=layers)

    @pytest.mark.parametrize(
        "layers, code",
        [
            ([[1, 4]], "H919.*0 to 3.*not 4"),
            ([[3, 1]], "H335.*'hone_ner'.*0 to 2.*not 3"),
            ([[1, -5]], "H919"),
        ],
    )
    def test_layers_that_are_not_there(self, folder, layers, code):
        with pytest.raises(HoneError, match=code):
            teach(pipeline(), folder, layers=layers)

    def test_a_student_without_layers(self, folder):
        with pytest.raises(HoneError, match=r"H335.*null"):
            teach(pipeline(tok2vec=CNN), folder, layers=[[1, 1]])

    def test_teachers_without_layers(self, folder, tmp_path):
        pipeline(tok2vec=CNN).to_disk(tmp_path)
        with pytest.raises(HoneError, match=r"H919\] PipelineTeacher"):
            teach(pipeline(), tmp_path, layers=[[None, 1]])
        with pytest.raises(HoneError, match=r"H919\] CachedTeacher"):
            make_cached_teacher(tmp_path / "cache", PipelineTeacher(str(folder))).read_layers([1])
