"""The quality figures: what is read, what a system is judged by, the tables and comparisons made of it."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from harness import data, quality_tables, readers
from harness.data import Part
from harness.data_sets import DATA_SETS
from harness.judging import calibration_error, count, judge, read_contrasts, unpack_scores, with_questions
from harness.packing import pack, unpack
from harness.tasks import READERS, TAGGINGS
from peers.grid import make_grid
from peers.pipelines import loss_changes, make_config
from peers.registry import LOSSES, PEERS, SYSTEMS
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import registry

ROOT = Path(__file__).parents[2]
VOCAB = Vocab()


def make_text(label: str, p: float = 1.0, text: str = "two cups") -> Doc:
    doc = Doc(VOCAB, text.split())
    other = {"legal": "other", "other": "legal"}[label]
    doc.cats = {label: p, other: 1 - p}
    return doc


def test_conllu_words_without_ranges(tmp_path):
    rows = ["1-2\tdon't\t_\t_", "1\tdo\tdo\tAUX", "2\tn't\tnot\tPART", "2.1\tx\tx\tX", "3\tgo\tgo\tVERB"]
    path = tmp_path / "a.conllu.gz"
    path.write_bytes(
        gzip.compress("\n".join(["# text = don't go", *rows, "", "1\tyes\tyes\tINTJ", ""]).encode())
    )
    [docs] = readers.read_conllu([path], "en")
    assert [[(t.text, t.pos_) for t in doc] for doc in docs] == [
        [("do", "AUX"), ("n't", "PART"), ("go", "VERB")],
        [("yes", "INTJ")],
    ]
    assert docs[0].has_unknown_spaces


def test_official_part_is_first_file_and_last(monkeypatch):
    monkeypatch.setattr(data, "load", lambda name: [["a"] * 20, ["b"], ["c"]])
    part = data.split_part("any", "official")
    assert (part.test, part.dev, data.dev_part("any", "official").test) == (["c"], ["b"], ["b"])
    monkeypatch.setattr(data, "load", lambda name: [["a"] * 20, ["c"]])
    assert len(data.dev_part("any", "official").test) == 2


@pytest.mark.parametrize("name", [name for name in DATA_SETS if name != "tasteset"])
def test_every_data_set_has_a_config_for_every_loss(name, tmp_path):
    data_set = DATA_SETS[name]
    assert data_set.task in READERS and data_set.task in PEERS
    path = ROOT / "configs" / data_set.config
    for loss in LOSSES.values():
        changes = loss_changes(path, loss) | dict(data_set.changes)
        [[settings]] = make_grid(
            name, "10", None, "0", overrides=[f"{key}={changes[key]}" for key in changes]
        )
        components = make_config(path, [], settings, tmp_path).interpolate()["components"]
        [block] = [component["loss"] for component in components.values() if "loss" in component]
        assert loss.items() <= {key: str(value) for key, value in block.items()}.items()
        assert registry.resolve({"loss": block})["loss"].link in ("softmax", "sigmoid")
    assert LOSSES.keys() < SYSTEMS.keys()


def test_clipped_documents_keep_their_categories(monkeypatch):
    docs = [make_text("legal", text="two cups " * 50), make_text("other")]
    clip = DATA_SETS["cooking"].clip
    changed = DATA_SETS["cooking"].__class__(**{**vars(DATA_SETS["cooking"]), "read": lambda *_: [docs]})
    monkeypatch.setitem(data.DATA_SETS, "cooking", changed)
    [[long, short]] = data.load("cooking")
    assert (len(long), len(short), long.cats) == (clip, 2, docs[0].cats)


def test_chunk_tags_round_trip():
    doc = Doc(VOCAB, ["the", "red", "onions", "of", "two", "cups"])
    tags = ["B-NP", "I-NP", "I-NP", "B-PP", "B-NP", "B-NP"]
    TAGGINGS["chunks"].write(doc, range(6), tags)
    assert TAGGINGS["chunks"].read(doc) == tags
    assert TAGGINGS["chunks"].tags([doc]) == ["O", "B-NP", "I-NP", "B-PP", "I-PP"]


def test_counts_by_document_and_label():
    gold = [{(0, 1, "A"): 1.0, (1, 2, "B"): 1.0}, {}]
    found = [{(0, 1, "A"): 0.9, (1, 2, "A"): 0.6}, {(0, 1, "B"): 0.5}]
    scores = count(gold, found)
    assert scores.counts.tolist() == [[[1, 1, 0], [0, 0, 1]], [[0, 0, 0], [0, 1, 0]]]
    assert calibration_error(gold, found) == pytest.approx((0.1 + 0.6 + 0.5) / 3)
    assert calibration_error(gold, [{(0, 1, "A"): None}, {}]) is None


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16", "float32"])
def test_packing_is_lossless(dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    again = unpack(json.loads(json.dumps(pack(array))))
    assert again.dtype == array.dtype and np.array_equal(again, array)


def legal_part() -> Part:
    return Part(
        "official", [], [make_text(label) for label in ("legal", "other", "other")], [make_text("legal")]
    )


def judge_legal(*probabilities: float) -> dict:
    """Of being legal: three test documents, then one of dev; the contrasts all have 0.6."""
    part = legal_part()
    asked = with_questions(part, "legal")
    p = [*probabilities, *[0.6] * len(read_contrasts())]
    preds = [make_text("legal", value) for value in p]
    return json.loads(json.dumps(judge(asked.test, preds, part=part, data="legal") | KEY))


KEY = {
    "data": "legal", "part": "official", "system": "focal-2", "updates": 1, "learn_rate": 1e-4, "seed": 0,
    "overrides": {}, "seconds": 1.0, "words_per_second": 1, "precision": "fp32",
}  # fmt: skip


def test_positive_label_is_ranked_and_cut_on_dev():
    record = judge_legal(0.7, 0.8, 0.1, 0.75)
    assert unpack_scores(record).counts.sum(0).tolist() == [[1, 1, 0], [1, 0, 1]]
    assert record["cut"] == pytest.approx(np.log(3))
    # the test ranking begins with a mistake; above the cut there is only that one
    assert "| legal | focal-2 | 1 | 0.6667 | 0.0000 | 0.0000 | 0.0000 |" in quality_tables.positive_table(
        [record]
    )
    better = judge_legal(0.9, 0.8, 0.1, 0.85)
    assert "| 1.0000 | 1.0000 | 1.0000 |" in quality_tables.positive_table([better])


def test_near_ranks_stay_apart():
    odds = unpack(judge_legal(0.99900, 0.99901, 0.1, 0.75)["scores"])
    assert odds[0] < odds[1]


def test_positive_label_without_dev_documents():
    part = Part("official dev", [], [make_text("legal"), make_text("other")])
    asked = with_questions(part, "legal")
    preds = [make_text("legal", 0.5 + i / 100) for i in range(len(asked.test))]
    record = judge(asked.test, preds, part=part, data="legal")
    assert record["cut"] is None and len(record["contrasts"]) == len(read_contrasts())


def test_contrasts_say_what_is_wrong():
    lines = quality_tables.contrast_table([judge_legal(0.7, 0.8, 0.1, 0.75)]).splitlines()
    assert "| trap | 借钱 | other | 0.60 * |" in lines
    assert lines[-3:] == [
        "| **right** | the traps, 4 |  | 0.00 |",
        "| **right** | legal questions, 20 |  | 1.00 |",
        "| **right** | their twins, 20 |  | 0.00 |",
    ]


def test_contrasts_come_in_pairs():
    rows = read_contrasts()
    assert len({row["text"] for row in rows}) == len(rows) >= 34
    groups: dict[str, list[str]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(row["label"])
    assert groups.pop("trap") == ["other"] * 4
    assert all(sorted(labels) == ["legal", "other"] for labels in groups.values())


def make_record(counts: list, seed: int = 0, labels: tuple[str, ...] = ("A", "B"), **values: object) -> dict:
    packed = pack(np.array(counts, dtype="int32"))
    return KEY | {"labels": labels, "counts": packed, "seed": seed, "macro_f1": 0.5, "ece": None} | values


def test_rarest_label_has_enough_cases():
    scores = unpack_scores(make_record([[[20, 3, 10], [28, 0, 1], [50, 0, 0]]], labels=("A", "B", "C")))
    assert quality_tables.rarest(scores) == 0
    assert quality_tables.rarest(unpack_scores(make_record([[[1, 0, 0], [2, 0, 0]]]))) is None


def test_table_has_mean_and_sample_deviation_of_seeds():
    runs = [
        make_record([[[30, 0, 0], [0, 0, 0]]], seed, micro=[0, 0, f1])
        for seed, f1 in enumerate((0.8, 0.9, 1.0))
    ]
    table = quality_tables.quality_table(runs)
    assert "| 3 | 0.9000 (0.1000) | 0.5000 (0.0000) | A (30) | 1.0000 (0.0000) |  |" in table


def test_comparison_pools_seeds_and_labels():
    ours = [make_record([[[2, 0, 0], [1, 1, 1]]] * 5, seed) for seed in (0, 1)]
    theirs = [make_record([[[2, 0, 0]]] * 5, seed, labels=("A",)) for seed in (0, 1)]
    worse = [make_record([[[1, 1, 1], [1, 1, 1]]] * 5, seed) for seed in (0, 1)]
    assert quality_tables.compare(ours, worse, "micro").difference == pytest.approx(3 / 4 - 1 / 2)
    assert quality_tables.compare(ours, worse, "macro").difference == pytest.approx(1 / 4)
    assert quality_tables.compare(ours, worse, "B").difference == 0
    assert quality_tables.compare(ours, theirs, "A").difference == 0
    with pytest.raises(ValueError, match="same seeds"):
        quality_tables.compare(ours, worse[:1], "micro")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    rows = {
        "legal_advice.json": [[{"instruction": "能起诉吗？"}], [{"instruction": "能 起诉\n吗？"}]],
        "zixun_gpt4.json": [{"query": "合法吗？"}, {"query": "合法吗？"}],
    }
    for name, value in rows.items():
        (tmp_path / name).write_text(json.dumps(value), encoding="utf8")
    titles = [{"sentence": f"第{i}条新闻"} for i in range(5)]
    pairs = [{"sentence1": "合法吗？", "sentence2": "你好"}, {"sentence1": "你好", "sentence2": "再见"}]
    for name, lines in (("tnews", titles), ("bustm", pairs)):
        text = "\r\n".join(map(json.dumps, lines))
        (tmp_path / f"{name}.json").write_text(text, encoding="utf8")
    return tmp_path


def test_legal_posts_are_distinct_and_in_proportion(sources):
    def make(*options: str) -> list[dict]:
        script = ROOT / "scripts" / "make_legal.py"
        out = sources / "new" / "posts.jsonl"
        subprocess.run([sys.executable, script, sources, out, *options], check=True)
        return [json.loads(line) for line in out.read_text(encoding="utf8").splitlines()]

    posts = make("--ratio", "2")
    assert sorted(post["label"] for post in posts) == ["legal"] * 3 + ["other"] * 6
    assert len({post["text"] for post in posts}) == 9
    assert {"text": "合法吗？", "label": "legal"} in posts
    assert make("--ratio", "2") == posts != make("--ratio", "2", "--seed", "1")
    assert len(make("--ratio", "3", "--legal", "1")) == 4
