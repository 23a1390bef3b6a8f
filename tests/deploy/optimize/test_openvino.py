"""`hone optimize --engine openvino`: the same decisions in float32, measured ones in int8, parts left in float32."""

import json
from functools import partial
from itertools import chain

import numpy as np
import pytest
import spacy
import transformers

from spacy_hone.cli.optimize import optimize
from spacy_hone.deploy.optimize.choices import Choices
from spacy_hone.deploy.optimize.convert import convert
from spacy_hone.deploy.optimize.openvino import find_parts, quantize
from spacy_hone.deploy.optimize.quantize import EMBEDDINGS
from spacy_hone.deploy.optimize.scores import decide
from spacy_hone.deploy.optimize.source import Source
from spacy_hone.deploy.optimize.vectors import sample_inputs
from spacy_hone.errors import HoneError
from spacy_hone.models.onnx.graph import BLOB
from spacy_hone.models.onnx.session import Session
from spacy_hone.models.tokenization import from_hugging_face

pytest.importorskip("openvino", reason="the extra openvino is not installed")
TEXTS = ["two cups of strong sugar and salt", "", "salt, flour", "a pinch of bread flour, chopped. " * 20]


def decisions(nlp, **how) -> list:
    return json.loads(json.dumps([decide(doc) for doc in nlp.pipe(TEXTS, **how)]))


def test_float32_decides_the_same(pipeline, dev, tmp_path):
    model, out = pipeline(), tmp_path / "out"
    report = optimize(str(model), out, Choices(dev=dev, precision="fp32", engine="openvino"))
    assert report.gap < 1e-4 and report.same == 1 and report.engine == "openvino"
    assert (out / "transformer" / "encoder.xml").exists()
    nlp = spacy.load(out)
    assert decisions(nlp) == decisions(spacy.load(model))
    assert decisions(nlp, n_process=2, batch_size=1) == decisions(nlp)  # after the parent has predicted
    [requirement] = [each for each in nlp.meta["requirements"] if each.startswith("spacy-hone")]
    assert requirement.startswith("spacy-hone[openvino]>=")


@pytest.fixture(scope="module")
def source(checkpoint) -> Source:
    folder = checkpoint("Bert")
    wordpieces = from_hugging_face(transformers.AutoTokenizer.from_pretrained(folder), "Bert")
    transformer = transformers.AutoModel.from_pretrained(folder).eval()
    return Source("transformer", transformer, wordpieces, {"kind": "doc", "window": 0, "stride": 0}, 64)


def test_parts_are_left_in_float32_as_far_as_they_are_asked_for(source):
    network, _, probe, _ = convert(source, TEXTS, engine="openvino")
    parts = find_parts(network, source.depth)
    assert [*parts] == [EMBEDDINGS, "layer 0", "layer 1"] and [*map(len, parts.values())][1:] == [6, 6]
    build = partial(quantize, network, sample_inputs(source, TEXTS), False)
    everything, layer, nothing = (build(keep) for keep in ([*chain(*parts.values())], parts["layer 0"], []))
    assert probe.error(everything) < probe.error(layer) < probe.error(nothing) < 0.05
    sizes = [network.weights[BLOB].nbytes for network in (nothing, layer, everything)]
    assert sizes == sorted(set(sizes))


def test_a_text_is_the_same_in_any_batch(source):
    network, *_ = convert(source, TEXTS, engine="openvino")
    inputs = sample_inputs(source, TEXTS)
    found = quantize(network, inputs, False)
    session = Session(found.code, threads=1, weights=found.weights, engine="openvino")
    row = inputs[0]["input_ids"]
    both = np.zeros((2, row.shape[1] + 3), dtype=np.int64)
    both[0, : row.shape[1]], both[1] = row[0], np.arange(5, 5 + both.shape[1])
    mask = both > 0
    together = session.run({"input_ids": both, "attention_mask": mask.astype(np.int64)})
    np.testing.assert_allclose(together[0, mask[0]], session.run(inputs[0])[0], atol=1e-4)


def test_it_draws_no_bars_of_its_own(source, capfd):
    network, *_ = convert(source, TEXTS, engine="openvino")
    quantize(network, sample_inputs(source, TEXTS), False)
    assert not capfd.readouterr().out


def test_int8_says_what_it_did(pipeline, dev, tmp_path):
    out = tmp_path / "out"
    report = optimize(str(pipeline()), out, Choices(dev=dev, max_drop=1.0, engine="openvino"))
    data = json.loads((out / "optimized.json").read_text(encoding="utf8"))
    assert report.precision == data["precision"] == "int8" and data["engine"] == "openvino"
    assert data["versions"]["openvino"] and data["versions"]["nncf"]
    assert spacy.load(out).meta["optimized"]["engine"] == "openvino"


def test_a_gpu_is_refused(dev, tmp_path):
    with pytest.raises(HoneError, match=r"H724.*--provider = cuda.*OpenVINO"):
        optimize(
            "model", tmp_path / "out", Choices(dev=dev, precision="fp32", engine="openvino", provider="cuda")
        )
    with pytest.raises(HoneError, match=r"H724.*--engine = tflite.*onnxruntime, openvino"):
        optimize("model", tmp_path / "out", Choices(dev=dev, engine="tflite"))
