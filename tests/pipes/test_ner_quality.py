"""hone_ner learns a real task with the stock CNN, in a minute, about as well as the stock component."""

import csv
import json

import pytest
import spacy
from spacy.training import Example
from spacy.util import filter_spans, minibatch
from thinc.api import fix_random_seed


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize("scheme", ["BIO", "BILUO"])
def test_recipes(shared_data, scheme):
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("hone_ner", config={"scheme": scheme})
    docs = []
    with (shared_data / "tasteset" / "TASTEset.csv").open(encoding="utf8", newline="") as file:
        for row in csv.DictReader(file):
            doc = nlp.make_doc(row["ingredients"])
            ents = json.loads(row["ingredients_entities"])
            spans = [doc.char_span(ent["start"], ent["end"], label=ent["type"]) for ent in ents]
            doc.ents = filter_spans([span for span in spans if span])
            docs.append(doc)
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
    sgd = nlp.initialize(lambda: examples[70:])
    for _ in range(3):
        for batch in minibatch(examples[70:], 16):
            nlp.update(batch, sgd=sgd, drop=0.1)
    assert nlp.evaluate(examples[:70])["ents_f"] > 0.85
