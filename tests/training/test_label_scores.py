"""Every head's dev scores by label reach the training log."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train

# factory, its settings -> kind of the scores in the log, the labels
HEADS: dict[str, tuple[str, dict[str, Any], str, list[str]]] = {
    "tags": ("hone_tagger", {}, "tag", ["CD", "NN"]),
    "parts of speech": ("hone_tagger", {"attr": "pos"}, "pos", ["NOUN", "NUM"]),
    "entities": ("hone_ner", {}, "ents", ["FOOD", "UNIT"]),
    "chunks": ("hone_ner", {"spans_key": "chunks"}, "spans_chunks", ["NP"]),
    "entities by transitions": ("hone_transition_ner", {}, "ents", ["FOOD", "UNIT"]),
    "category": ("hone_textcat", {}, "cats", ["no", "yes"]),
    "categories": ("hone_textcat_multilabel", {}, "cats", ["no", "yes"]),
}


@pytest.mark.parametrize("head", HEADS)
def test_scores_of_each_label_are_in_the_log(head: str, tmp_path: Path):
    factory, settings, kind, labels = HEADS[head]
    nlp = spacy.blank("en")
    doc = nlp.make_doc("two cups flour")
    for token, tag, pos in zip(doc, ("CD", "NN", "NN"), ("NUM", "NOUN", "NOUN")):
        token.tag_, token.pos_ = tag, pos
    doc.ents = [Span(doc, 1, 2, label="UNIT"), Span(doc, 2, 3, label="FOOD")]
    doc.spans["chunks"] = [Span(doc, 0, 3, label="NP")]
    doc.cats = {"yes": 1, "no": 0}
    other = doc.copy()
    other.cats = {"yes": 0, "no": 1}
    corpus, log = tmp_path / "corpus.spacy", tmp_path / "log.jsonl"
    DocBin(docs=[doc, other]).to_disk(corpus)

    nlp.add_pipe(factory, name="head", config=settings)
    config = nlp.config.copy()
    config["paths"] |= {"train": str(corpus), "dev": str(corpus)}
    config["training"] |= {"max_steps": 1, "eval_frequency": 1}
    config["training"]["logger"] = {"@loggers": "hone.JSONLinesLogger.v1", "path": str(log)}
    train(init_nlp(config), None, stdout=io.StringIO(), stderr=io.StringIO())

    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert rows
    for row in rows:
        assert list(row["per_label"]) == [kind]
        assert list(row["per_label"][kind]) == labels
        assert all({"p", "r", "f"} <= scores.keys() for scores in row["per_label"][kind].values())
