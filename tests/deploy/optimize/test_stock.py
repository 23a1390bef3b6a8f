"""All components that can listen, over the stock architectures and ours, with tokenizers of each kind."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_hone.cli.optimize import optimize
from spacy_hone.deploy.optimize import build
from spacy_hone.deploy.optimize.checks import require_same
from spacy_hone.deploy.optimize.choices import Choices
from spacy_hone.deploy.optimize.scores import Outcome
from spacy_hone.deploy.optimize.token_vectors import compare, expect
from spacy_hone.errors import HoneError

from .conftest import OURS, TRAIN, listen

TEXTS = [" \n ", "Salt, flour. Stir!", "a pinch of bread flour, chopped", *(text for text, _ in TRAIN)]
LONG = [*TEXTS, "", "stir it well, two cups of white flour. " * 12]
STOCK = {  # factory: pooling
    "ner": "mean",
    "parser": "mean",
    "tagger": "first",
    "morphologizer": "last",
    "senter": "max",
    "trainable_lemmatizer": "mean",
    "textcat_multilabel": "sum",
    "spancat": "mean",
    "span_finder": "max",
    "textcat": "mean",  # an ensemble, which spacy-transformers can train as the last listener only
}
OPTIONS = {"parser": {"min_action_freq": 1}, "spancat": {"threshold": 0.1}}
REDUCE = {"@architectures": "spacy.TextCatReduce.v1", "exclusive_classes": False}
REDUCE |= {f"use_reduce_{pooling}": pooling == "mean" for pooling in ("first", "last", "max", "mean")}
MODELS = {"textcat_multilabel": REDUCE}


def stock(version: int, getter: str, **options: int) -> dict[str, Any]:
    spans = {"@span_getters": f"spacy-transformers.{getter}.v1", **options}
    return {"@architectures": f"spacy-transformers.TransformerModel.v{version}", "get_spans": spans}


# encoder, architecture, components with their poolings, texts: `doc_spans` takes neither empty nor long ones
CASES = {
    "all": ("Bert", stock(3, "strided_spans", window=6, stride=4), STOCK, LONG),
    "byte pairs": ("Roberta", stock(1, "doc_spans"), {"ner": "mean", "tagger": "first"}, TEXTS),
    "unigrams": ("XLMRoberta", stock(2, "sent_spans"), {"tagger": "last", "textcat": "max"}, LONG),
    "joint": ("XLMRoberta", OURS, {"hone_ner": "mean", "hone_textcat": "mean"}, LONG),
    "ours, byte pairs": ("Roberta", OURS, {"hone_tagger": "first", "spancat": "max"}, LONG),
}


def examples(nlp: Language) -> list[Example]:
    found = []
    for text, entities in TRAIN:
        doc, n = nlp.make_doc(text), len(nlp.make_doc(text))
        annotation = {
            "entities": entities,
            "spans": {"sc": entities},
            "heads": [max(0, i - 1) for i in range(n)],
            "deps": ["ROOT", *["link"] * (n - 1)],
            "tags": ["LONG" if len(token) > 4 else "SHORT" for token in doc],
            "pos": ["NOUN" if len(token) > 4 else "X" for token in doc],
            "morphs": ["Number=Sing" if len(token) > 4 else "" for token in doc],
            "lemmas": [token.text.removesuffix("s") for token in doc],
            "cats": {"FOOD": float(bool(entities)), "WORK": float(not entities)},
        }
        found.append(Example.from_dict(doc, annotation))
    return found


def train(model: dict[str, Any], components: dict[str, str]) -> Language:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    if model.get("get_spans", {}).get("@span_getters", "").endswith("sent_spans.v1"):
        nlp.add_pipe("sentencizer")
    nlp.add_pipe("transformer", config={"model": model})
    for factory, pooling in components.items():
        architecture: dict[str, Any] = {
            **MODELS.get(factory, {}),
            "tok2vec": listen(pooling),
        }
        nlp.add_pipe(factory, config={"model": architecture, **OPTIONS.get(factory, {})})
    nlp.initialize(partial(examples, nlp))
    sgd = Adam(0.01)
    for _ in range(30):
        nlp.update(examples(nlp), sgd=sgd, annotates=["sentencizer"])
    return nlp


@pytest.fixture(scope="module")
def optimized(checkpoint, tmp_path_factory) -> Callable[[str], tuple[Path, Path, list[str]]]:
    """optimized("all"): a pipeline, the same in float32, and texts."""

    @cache
    def make(case: str) -> tuple[Path, Path, list[str]]:
        kind, model, components, texts = CASES[case]
        folder = tmp_path_factory.mktemp("case")
        nlp = train({**model, "name": str(checkpoint(kind))}, components)
        nlp.to_disk(folder / "model")
        DocBin(docs=[eg.reference for eg in examples(nlp)]).to_disk(folder / "dev.spacy")
        choices = Choices(dev=folder / "dev.spacy", precision="fp32", threads=1)
        optimize(str(folder / "model"), folder / "out", choices)
        return folder / "model", folder / "out", texts

    return make


def annotation(doc: Doc) -> dict[str, Any]:
    """All of it but categories, with numbers rounded."""
    if not len(doc):
        return {}
    data = {key: value for key, value in doc.to_json().items() if key != "cats"}
    return data | {"scores": [_round(group.attrs.get("scores", [])) for group in doc.spans.values()]}


def _round(scores: Any) -> list[float]:
    return [round(float(score), 3) for score in scores]


def annotations(nlp: Language, texts: list[str], **options: Any) -> list[dict[str, Any]]:
    return [annotation(doc) for doc in nlp.pipe(texts, **options)]


def hidden(nlp: Language, texts: list[str], names: Iterable[str]) -> list[np.ndarray]:
    """What each component makes of the encoder's vectors before it decides."""
    docs = [doc for doc in nlp.pipe(texts) if len(doc)]
    found = [nlp.get_pipe(name).model.get_ref("tok2vec").predict(docs) for name in names]
    return [np.concatenate(each) if isinstance(each, list) else np.asarray(each) for each in found]


def cats(nlp: Language, texts: list[str]) -> list[float]:
    """Of each classifier by itself: they all write the same labels."""
    names = [name for name in nlp.pipe_names if "textcat" in name]
    others = [[other for other in names if other != name] for name in names]
    docs = [doc for disable in others for doc in nlp.pipe(texts, disable=disable)]
    return [score for doc in docs for _, score in sorted(doc.cats.items())]


@pytest.mark.parametrize("case", CASES)
def test_annotations_stay(optimized, case):
    model, out, texts = optimized(case)
    before, after = spacy.load(model), spacy.load(out)
    assert after.pipe_names == before.pipe_names
    listening = after.get_pipe("transformer").listening_components
    assert listening == list(CASES[case][2])
    expected = annotations(before, texts)
    assert annotations(after, texts) == expected
    assert cats(after, texts) == pytest.approx(cats(before, texts), abs=1e-4)
    for wanted, got in zip(hidden(before, texts, CASES[case][2]), hidden(after, texts, CASES[case][2])):
        assert wanted.std() > 0
        np.testing.assert_allclose(got, wanted, atol=1e-4 * max(1.0, float(np.abs(wanted).max())))


@pytest.mark.filterwarnings("ignore:.*fork")
def test_processes_and_threads_say_the_same(optimized):
    _, out, texts = optimized("all")
    nlp = spacy.load(out)
    expected = annotations(nlp, texts)  # the parent has a session now
    assert annotations(nlp, texts * 2, n_process=2, batch_size=3) == expected * 2
    with ThreadPoolExecutor(4) as pool:
        assert [annotation(doc) for doc in pool.map(nlp, texts * 4)] == expected * 4


@pytest.mark.parametrize("case", ["all", "unigrams"])
def test_vectors_where_a_span_is_too_long_are_those_of_the_stock_pipeline(optimized, case):
    """It reads the beginning, without the last special wordpiece; only tokens that it leaves out have rows of ours."""
    old, new, _ = optimized(case)
    texts = [", ".join(["0" * n] * 5) + " and two cups of flour" for n in (20, 60, 100)] + [
        "two cups of flour"
    ]
    before, after = spacy.load(old), spacy.load(new)
    docs = [before.make_doc(text) for text in texts]
    expected = expect(before, "transformer", ["mean"], docs)
    assert not all(map(all, expected.has)) and any(map(all, expected.has))
    assert compare(after, "transformer", expected, docs) < 1e-5
    docs = [after(text) for text in texts]  # with sentences
    assert all(
        np.abs(each["mean"]).sum(axis=1).all()
        for each in after.get_pipe("transformer").shim.encode(docs, {"mean"})
    )


def test_decisions_about_a_span_that_is_too_long_may_be_others(checkpoint, tmp_path, monkeypatch):
    """Its end had no vectors; a difference anywhere else is refused."""
    kind, model, components, _ = CASES["all"]
    nlp = train({**model, "name": str(checkpoint(kind))}, {"ner": components["ner"]})
    nlp.to_disk(tmp_path / "model")
    long = nlp.make_doc("0" * 100 + ", two cups of sugar")
    long.set_ents([], default="outside")
    DocBin(docs=[*(eg.reference for eg in examples(nlp)), long]).to_disk(tmp_path / "dev.spacy")
    seen = []
    monkeypatch.setattr(build, "require_same", lambda before, after, free, path: seen.extend(free))
    choices = Choices(dev=tmp_path / "dev.spacy", precision="fp32", max_drop=1.0, threads=1)
    report = optimize(str(tmp_path / "model"), tmp_path / "out", choices)
    assert seen == [False] * (len(seen) - 1) + [True]
    assert [line for line in report.warnings if line.startswith(f"[H733] 1 of {len(seen)} ")]


def test_which_decisions_must_stay():
    spans = [{"spans": {"ents": [(0, 3, "A"), (5, 6, "A")]}}, {"spans": {"ents": [(0, 3, "A"), (7, 9, "B")]}}]
    before, after = (Outcome({}, 0.0, [each], 0.0) for each in spans)
    require_same(before, after, [True], "dev")
    require_same(before, before, [False], "dev")
    with pytest.raises(
        HoneError, match=r"(?s)H719.*document 0 of dev.*before: .*\(5, 6, 'A'\)\]\}\n.*after.*\[\(7, 9"
    ):
        require_same(before, after, [False], "dev")
