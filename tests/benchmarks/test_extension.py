"""The halves and the table of the extension figures."""

import spacy
from harness.extension import DATA, extension_table, micro, only
from harness.packing import pack
from spacy.tokens import Doc

LABELS = ["FOOD", "PART", "UNIT"]


def record(variant: str, seed: int, counts) -> dict:
    import numpy as np

    packed = pack(np.array([counts], dtype="uint8"))
    return {
        "data": "tasteset",
        "variant": variant,
        "seed": seed,
        "updates": 180,
        "learn_rate": 2e-4,
        "labels": LABELS,
        "counts": packed,
    }


def test_a_half_has_some_of_the_labels_and_all_else_is_outside():
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, ["two", "cups", "milk"], ents=["B-QUANTITY", "B-UNIT", "B-FOOD"])
    half = only(doc, ["FOOD"])
    assert [(ent.text, ent.label_) for ent in half.ents] == [("milk", "FOOD")]
    assert [token.ent_iob_ for token in half] == ["O", "O", "B"]
    assert len(doc.ents) == 3


def test_old_and_new_labels_are_counted_apart():
    one = record("hard", 0, [[1, 1, 0], [1, 0, 1], [2, 0, 0]])  # TP, FP, FN of FOOD, PART, UNIT
    assert micro(one, DATA["tasteset"].old) == 6 / 7
    assert micro(one, DATA["tasteset"].new) == 2 / 3
    table = extension_table([one, record("hard", 1, [[1, 1, 0], [1, 0, 1], [2, 0, 0]])])
    assert table.splitlines()[-1].startswith(
        "| tasteset | hard | 180 | 0.0002 | 2 | 0.8571 (0.0000) | 0.6667 (0.0000) |"
    )


def test_no_label_is_old_and_new():
    for setting in DATA.values():
        assert not set(setting.old) & set(setting.new)
