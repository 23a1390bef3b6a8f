"""An optimised pipeline learns a new label, over an encoder that stays as it is."""

from io import StringIO

import spacy
from spacy.tokens import DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config
from typer.testing import CliRunner

from spacy_hone.cli import hone_cli
from spacy_hone.training.extend import Choices, extend

TEXT = "salt and 250 grams of strong white bread flour"


def test_it_is_extended_as_any_other(pipeline, dev, tmp_path):
    fast, new = tmp_path / "fast", tmp_path / "new.spacy"
    options = [str(pipeline()), str(fast), "--dev", str(dev), "--precision", "fp32"]
    done = CliRunner().invoke(hone_cli, ["optimize", *options])
    assert done.exit_code == 0, done.output
    old = spacy.load(fast)
    doc = old.make_doc(TEXT)
    doc.spans["food"] = [Span(doc, 2, 4, label="AMOUNT")]
    DocBin(docs=[doc]).to_disk(new)
    choices = Choices(dev=new, steps=150, learn_rate=0.03, component="hone_ner")
    extend(str(fast), new, tmp_path / "extend.cfg", choices)
    changes = {"training.eval_frequency": 150}
    nlp = init_nlp(load_config(tmp_path / "extend.cfg", changes, interpolate=False))
    train(nlp, None, stdout=StringIO(), stderr=StringIO())
    nlp.to_disk(tmp_path / "extended")
    found, before = (each(TEXT) for each in (spacy.load(tmp_path / "extended"), old))
    known, now = (
        {(span.start, span.end, span.label_) for span in each.spans["food"]} for each in (before, found)
    )
    assert {(0, 1, "FOOD"), (8, 9, "FOOD")} <= known  # it was trained with these
    assert now == known | {(2, 4, "AMOUNT")}
    assert [ent.text for ent in found.ents] == [ent.text for ent in before.ents]
    assert "not trained" not in (tmp_path / "extend.cfg").read_text(encoding="utf8")
