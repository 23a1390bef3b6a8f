"""Every config by spaCy's own training loop on real text: trained, saved, loaded, predicting the same, in two
processes too."""

from collections.abc import Callable, Iterable
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config
from spacy.vocab import Vocab

from spacy_hone.corpora.convert import convert

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "configs").glob("*.cfg"))
# a pipeline after its training, where it was saved, and texts that it has not seen
Trained = tuple[Language, Path, list[str]]
DOCUMENTS = 40
# enough for each to find something
QUICK = {
    "training.max_steps": 12,
    "training.eval_frequency": 12,
    "training.optimizer.learn_rate.warmup_steps": 2,
    "vars.learn_rate": 0.003,
}
SLOWER = {name: {"vars.learn_rate": 0.001} for name in ("tagger_trf", "ner_student_layers")}
SLOWER["ner_trf_stock"] = {"vars.learn_rate": 0.0005, "training.max_steps": 24, "training.eval_frequency": 24}

pytestmark = pytest.mark.slow


def annotate(path: Path) -> None:
    """Beside its entities, give each document what the other heads learn: tags, categories, a span group."""
    docs = list(DocBin().from_disk(path).get_docs(Vocab()))
    for doc in docs:
        for token in doc:
            token.pos_ = "NUM" if token.text[0].isdigit() else "X" if token.text.isalpha() else "PUNCT"
        doc.cats = {"numbers": float(doc[0].pos_ == "NUM"), "words": float(doc[0].pos_ != "NUM")}
        doc.spans["chunks"] = list(doc.ents)
    DocBin(docs=docs).to_disk(path)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Callable[[str], Path]:
    """The first documents of an embedded corpus as `train.spacy` and `dev.spacy` in a folder, by our converter."""
    made: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name)
            text = (ROOT / "assets" / "samples" / f"{name}.conll").read_text(encoding="utf8")
            head = "-DOCSTART-".join(text.split("-DOCSTART-")[: DOCUMENTS + 1])
            (made[name] / "head.conll").write_text(head, encoding="utf8")
            language: Any = {"lang": "zh", "tokenizer": "mixed"} if name == "parcels" else {}
            convert([made[name] / "head.conll"], made[name], split="0.8,0.2", **language)
            for part in ("train", "dev"):
                annotate(made[name] / f"{part}.spacy")
        return made[name]

    return folder


@pytest.fixture(scope="module")
def train_config(corpus, tmp_path_factory) -> Callable[..., Trained]:
    def train_one(path: Path, **paths: Path) -> Trained:
        folder = corpus("parcels" if path.stem.endswith("_zh") else "recipes")
        output = tmp_path_factory.mktemp(path.stem)
        paths |= {name: folder / f"{name}.spacy" for name in ("train", "dev")}
        overrides = {f"paths.{name}": str(value) for name, value in paths.items()}
        settings = QUICK | overrides | SLOWER.get(path.stem, {})
        nlp = init_nlp(load_config(path, settings, interpolate=False))
        train(nlp, output, stdout=StringIO(), stderr=StringIO())
        dev = DocBin().from_disk(folder / "dev.spacy").get_docs(Vocab())
        return nlp, output / "model-last", [doc.text for doc in dev]

    return train_one


@pytest.fixture(scope="module")
def teacher(train_config) -> Callable[[str], Path]:
    """Gives the saved pipeline that teaches a task, "ner" or "textcat"."""
    return cache(lambda task: train_config(ROOT / "configs" / f"{task}_trf.cfg")[1])


@pytest.fixture(scope="module", params=CONFIGS, ids=lambda path: path.stem)
def trained(request, train_config, teacher) -> Trained:
    task, *encoder = request.param.stem.split("_")
    paths = {"teacher": teacher(task)} if "student" in encoder else {}
    return train_config(request.param, **paths)


def decisions(doc: Doc) -> list[tuple]:
    labels = doc._.labels if Doc.has_extension("labels") else []
    found = [(span.start_char, span.end_char, span.label_) for span in spans(doc)]
    return [*found, *(token.pos_ for token in doc), *labels]


def spans(doc: Doc) -> list[Span]:
    return [*doc.ents, *doc.spans.get("chunks", [])]


def scores(doc: Doc) -> list[float | None]:
    """How sure the pipeline is of spans (None from a stock component) and categories."""
    return [*(span._.confidence for span in spans(doc)), *doc.cats.values()]


def same(ours: Iterable[Doc], theirs: Iterable[Doc]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        assert decisions(one) == decisions(other)
        assert scores(one) == pytest.approx(scores(other), abs=1e-3)


def test_there_are_configs():
    assert len(CONFIGS) >= 5


def test_finds_something_and_says_how_sure_it_is(trained):
    nlp, _, texts = trained
    docs = list(nlp.pipe(texts))
    if "tagger" in nlp.pipe_names:
        assert {token.pos_ for doc in docs for token in doc} == {"NUM", "X", "PUNCT"}
    if "textcat" in nlp.pipe_names:
        assert all(doc.cats.keys() == {"numbers", "words"} for doc in docs)
    if "ner" in nlp.pipe_names:
        assert sum(len(spans(doc)) for doc in docs) > len(texts)
    found = [score for doc in docs for score in scores(doc)]
    if found and found[0] is not None:
        assert all(0 < score <= 1 for score in found)
        assert len(set(found)) > 1


def test_predicts_the_same_when_loaded(trained):
    nlp, path, texts = trained
    loaded = spacy.load(path)
    assert loaded.pipe_names == nlp.pipe_names
    same(nlp.pipe(texts), loaded.pipe(texts))


def test_predicts_the_same_in_two_processes(trained):
    """After the parent has predicted, and so used torch's threads: the stock transformer hangs here."""
    _, path, texts = trained
    loaded = spacy.load(path)
    alone = list(loaded.pipe(texts, batch_size=2))
    same(alone, loaded.pipe(texts, n_process=2, batch_size=2))
