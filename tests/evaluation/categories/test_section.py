import io
import json
from itertools import groupby

import pytest
from rich.cells import cell_len

from spacy_hone.evaluation.categories.peers import score_peer
from spacy_hone.evaluation.categories.scores import score_categories
from spacy_hone.evaluation.categories.section import Categories
from spacy_hone.evaluation.confusions import confusion_json, confusion_lines
from spacy_hone.evaluation.tables import make_console


def section_of(samples, bootstrap: int = 20) -> Categories:
    scores = score_categories(samples, bootstrap)
    return Categories(samples, scores, score_peer(samples, scores.scores), [], 0)


def render(section: Categories) -> str:
    file = io.StringIO()
    make_console(file=file).print(*section.show(), sep="\n")
    return file.getvalue()


@pytest.mark.parametrize("multi_label", [False, True])
def test_columns_are_aligned_whatever_the_script(random_samples, multi_label):
    text = render(section_of(random_samples(0, multi_label=multi_label)))
    groups = groupby(text.splitlines(), key=lambda line: line.startswith("|"))
    tables = [list(lines) for is_table, lines in groups if is_table]
    assert len(tables) >= 4
    for table in tables:
        assert len({cell_len(line) for line in table}) == 1
    assert "| Sports ⚽ |" in text and "| difference " in text


def test_json_has_everything(random_samples):
    section = section_of(random_samples(1, multi_label=True))
    data = json.loads(json.dumps(section.to_json()))
    assert list(data["per_label"]) == ["law", "其他", "Sports ⚽"]
    row = data["per_label"]["其他"]
    assert row["tp"] + row["fn"] == row["support"] and len(row["interval"]) == 2
    assert 0 < row["recall_at_precision_95"] <= 1 and 0 < row["pr_auc"] <= 1
    assert data["micro"]["f1"] == section.scores.scores.micro.f1
    assert data["scorers"]["spaCy Scorer"]["difference"] < 1e-9
    assert all(gold != pred for gold, pred, _ in data["confusions"])
    assert section_of(random_samples(1, multi_label=True), bootstrap=0).to_json()["interval"] is None


def test_worst_documents_first(samples_of):
    golds = [[1, 0], [1, 0], [0, 1], [1, 0]]
    preds = [[0.9, 0.1], [0.2, 0.8], [0.45, 0.55], [0.05, 0.95]]
    rows = list(section_of(samples_of(golds, preds, multi_label=False)).rows())
    assert [row["document"] for row in rows] == [3, 1, 2, 0]
    assert rows[0] == {
        "kind": "categories",
        "component": "textcat",
        "document": 3,
        "right": False,
        "loss": pytest.approx(2.9957, abs=1e-4),
        "gold": ["law"],
        "decided": ["其他"],
        "probabilities": {"law": 0.05, "其他": 0.95},
        "text": "a b ",
    }


def test_the_largest_confusions_are_shown():
    confusions = [((f"A{n}", ""), 20 - n) for n in range(12)]
    table, more = confusion_lines(confusions)
    assert table.row_count == 10 and more == "and 2 smaller confusions"
    assert list(confusion_lines([])) == []
    assert confusion_json(confusions)[0] == ["A0", None, 20]
