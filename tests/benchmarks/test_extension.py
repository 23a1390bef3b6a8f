"""The halves and the table of the extension figures."""

import extension
import spacy
from harness.extension import DATA, extension_table, micro, only
from harness.packing import pack
from spacy.tokens import Doc
from typer.testing import CliRunner

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


def test_old_labels_are_compared_with_before_and_new_ones_with_plain():
    """FOOD is old, PART new."""
    before, plain, ours = ([[4, 0, 0], [0, 0, 4]], [[0, 0, 4], [4, 0, 0]], [[2, 2, 2], [4, 0, 0]])
    runs = [("old", before), ("plain", plain), ("hard", ours)]
    records = [record(name, 0, [*counts, [0, 0, 0]]) for name, counts in runs]
    rows = extension_table([*records, record("hard", 1, [*before, [0, 0, 0]])]).splitlines()[2:]
    assert rows[0].endswith("| 1.0000 |  |  |  |  |")
    assert rows[1].endswith("| -1.0000, -1.0000 to -1.0000 |  |")
    assert rows[2].endswith("| -0.5000, -0.5000 to -0.5000 | +0.0000, +0.0000 to +0.0000 |")


def test_a_variant_that_is_unknown_is_named(tmp_path):
    options = ["--variants", "plain;hrad", "--out", str(tmp_path / "out.jsonl")]
    result = CliRunner().invoke(extension.app, ["run", *options])
    assert result.exit_code == 1 and "hrad" in result.output


def test_no_label_is_old_and_new():
    for setting in DATA.values():
        assert not set(setting.old) & set(setting.new)
