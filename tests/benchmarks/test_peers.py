"""The benchmarks' peers and what is made of their results, on toy documents and a toy BERT."""

import json
from dataclasses import replace

import pytest
from harness import data, machines, ner_tables, results, scoring, speed_tables
from harness.data import Part
from harness.tasks import READERS, TAGGINGS
from peers import huggingface, runs
from peers.grid import make_grid
from peers.hf_texts import TextPeer
from peers.hf_tokens import TokenPeer
from peers.outcome import Outcome, Settings
from spacy.tokens import Doc
from spacy.vocab import Vocab
from transformers import set_seed

SETTINGS = Settings("tasteset", 30, 1e-2, 0, {"precision": "fp32", "dropout": "0"})


@pytest.fixture
def docs() -> list[Doc]:
    return [
        make_doc(["two", "cups", "milk"], ["B-N", "B-UNIT", "B-FOOD"]),
        make_doc(["two", "\n", "red", "onions"], ["B-N", "O", "B-FOOD", "I-FOOD"]),
    ]


def make_doc(words: list[str], tags: list[str]) -> Doc:
    return Doc(Vocab(), words, ents=tags)


def texts(docs: list[Doc]) -> list[list[tuple[str, str]]]:
    return [[(ent.text, ent.label_) for ent in doc.ents] for doc in docs]


def test_labels_stand_on_first_subtokens(encoder, docs):
    peer = TokenPeer(encoder, docs, SETTINGS)
    features = peer.encode(docs[1])
    # [CLS] two red on ##ions [SEP]; the line break has no sub-token
    assert features["words"] == [-100, 0, 2, 3, -100, -100]
    tags = [label if label == -100 else peer.labels[label] for label in features["labels"]]
    assert tags == [-100, "B-N", "B-FOOD", "I-FOOD", -100, -100]


def train(peer: huggingface.Peer, docs: list[Doc], updates: int = SETTINGS.updates) -> list[Doc]:
    set_seed(0)
    for _ in range(updates):
        peer.update(docs)
    return peer.predict(docs)


def test_peer_learns_entities(encoder, docs):
    set_seed(0)
    assert texts(train(TokenPeer(encoder, docs, SETTINGS), docs)) == texts(docs)


def test_a_trainer_makes_the_updates_of_the_loop(encoder, docs):
    pytest.importorskip("accelerate", reason="the extra bench is not installed")
    from peers.trainer import TrainerPeer

    losses = []
    for kind in (TokenPeer, TrainerPeer):
        set_seed(0)
        peer = kind(encoder, docs, SETTINGS)
        losses.append([peer.update(docs) for _ in range(SETTINGS.updates)])
    assert texts(peer.predict(docs)) == texts(docs)
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    optimizer = TrainerPeer(
        encoder, docs, replace(SETTINGS, overrides={"optim": "adamw_torch_fused"})
    ).optimizer
    assert optimizer.param_groups[0]["fused"]


def test_peer_learns_chunks_and_parts_of_speech(encoder, docs):
    for doc in docs:
        doc.spans["chunks"] = [span for span in doc.ents if span.label_ != "UNIT"]
        for token in doc:
            token.pos_ = "SPACE" if token.text.isspace() else "NOUN" if token.ent_type_ == "FOOD" else "NUM"
    for name, read in (("conll2000", READERS["chunks"]), ("ud_en_ewt", READERS["pos"])):
        set_seed(0)
        found = train(TokenPeer(encoder, docs, replace(SETTINGS, data=name)), docs)
        wanted = [{item for item in read(doc) if item[2] != "SPACE"} for doc in docs]
        assert [set(read(doc)) for doc in found] == wanted


@pytest.mark.parametrize("data, cats", [("banking77", ("a", "b")), ("cooking", ("a", "ab"))])
def test_peer_learns_categories(encoder, docs, data, cats):
    for doc, labels in zip(docs, cats):
        doc.cats = {label: float(label in labels) for label in "ab"}
    set_seed(0)
    found = train(TextPeer(encoder, docs, replace(SETTINGS, data=data, updates=200)), docs, 200)
    assert [{label: round(p) for label, p in doc.cats.items()} for doc in found] == [doc.cats for doc in docs]
    sums = [sum(doc.cats.values()) for doc in found]
    assert sums == pytest.approx([1, 1]) if data == "banking77" else sums[1] > 1.5


def test_reading_is_strict(docs):
    def read(*tags: str) -> list[tuple[str, str]]:
        TAGGINGS["ents"].write(docs[0], [0, 1, 2], tags)
        return texts(docs)[0]

    assert read("I-N", "B-N", "I-N") == [("cups milk", "N")]
    assert read("B-N", "I-UNIT", "I-N") == [("two", "N")]
    assert read("B-N", "O", "I-N") == [("two", "N")]
    assert read("B-N", "B-N", "B-UNIT") == [("two", "N"), ("cups", "N"), ("milk", "UNIT")]


def test_no_decay_on_biases_and_norms(encoder, docs):
    peer = TokenPeer(encoder, docs, SETTINGS)
    decayed, rest = peer.optimizer.param_groups
    assert decayed["weight_decay"] == 0.01 and all(p.ndim == 2 for p in decayed["params"])
    assert rest["weight_decay"] == 0.0 and all(p.ndim == 1 for p in rest["params"])


def test_batches_take_every_document_once_an_epoch():
    set_seed(0)
    batches = huggingface.shuffled_batches(list(range(5)), 2)  # type: ignore[arg-type]
    epoch = [next(batches) for _ in range(3)]
    assert [len(batch) for batch in epoch] == [2, 2, 1]
    assert sorted(i for batch in epoch for i in batch) == list(range(5))


def test_score_counts_by_document(docs):
    found = [make_doc(["two", "cups", "milk"], ["B-N", "O", "B-UNIT"]), docs[1].copy()]
    scores = scoring.score(docs, found)
    assert scores["documents"] == [[1, 1, 2], [2, 0, 0]]
    assert scores["per_type"] == {"FOOD": [1, 0, 1], "N": [2, 0, 0], "UNIT": [0, 1, 1]}
    assert scores["micro"][2] == pytest.approx(6 / 9)


def test_parts_do_not_overlap(monkeypatch):
    monkeypatch.setattr(data, "load", lambda name: [list(range(50))])
    split = data.split_part("any", "45/5")
    dev = data.dev_part("any", "45/5")
    assert sorted(split.train + split.test) == list(range(50))
    assert sorted(dev.train + dev.test) == sorted(split.train)
    tested = [i for part in data.fold_parts("any", 5) for i in part.test]
    assert sorted(tested) == list(range(50))


def test_grid_is_all_combinations():
    grid = make_grid("tasteset", "10,20", None, "0,1", overrides=["a=1"], trials=["b=2", "b=3 c=4"])
    assert [len(settings) for settings in grid] == [2] * 4
    assert [(s[0].updates, s[0].overrides) for s in grid[:2]] == [
        (10, {"a": "1", "b": "2"}),
        (10, {"a": "1", "b": "3", "c": "4"}),
    ]


def test_runs_are_not_repeated(tmp_path, docs, monkeypatch):
    seen = []

    def train(part: Part, settings: Settings) -> Outcome:
        seen.append(settings.seed)
        return Outcome(docs, 1.0, 7, "fp32")

    monkeypatch.setitem(runs.SYSTEMS, "toy", train)
    out = tmp_path / "runs.jsonl"
    settings = make_grid("tasteset", "10", None, "0,1", overrides=[])[0]
    for _ in range(2):
        records = runs.run_all([Part("70/2", [], docs)], "toy", settings, out)
    assert seen == [0, 1] and len(results.read(out)) == 2
    assert runs.mean_f1(records) == 1.0
    assert "| toy | 10 |" in ner_tables.quality_table(results.read(out))


def test_choice_is_made_on_dev(tmp_path, docs, monkeypatch):
    worse = [make_doc(["two", "cups", "milk"], ["O"] * 3), docs[1].copy()]

    def train(part: Part, settings: Settings) -> Outcome:
        return Outcome(docs if settings.updates == 20 else worse, 1.0, 7, "fp32")

    monkeypatch.setitem(runs.SYSTEMS, "toy", train)
    grid = make_grid("tasteset", "10,20,30", None, "0", overrides=[])
    chosen = runs.choose(Part("dev", [], docs), "toy", grid, tmp_path / "runs.jsonl")
    assert [settings.updates for settings in chosen] == [20]


def make_record(part: str, seed: int, documents: list[list[int]]) -> results.Record:
    return {"part": part, "seed": seed, "documents": documents}


def test_compare_pools_seeds():
    ours = [make_record("a", 0, [[8, 1, 1], [9, 0, 1]]), make_record("a", 1, [[9, 1, 0], [8, 1, 1]])]
    theirs = [make_record("a", seed, [[8, 1, 1], [8, 1, 1]]) for seed in (0, 1)]
    assert ner_tables.compare(ours, theirs).difference == pytest.approx(68 / 74 - 64 / 72)
    assert ner_tables.compare(theirs, theirs).difference == 0
    with pytest.raises(ValueError, match="only one has"):
        ner_tables.compare(ours, theirs[:1])


def test_speeds_are_compared_within_a_block():
    def record(system: str, block: int, words: int) -> results.Record:
        return {"system": system, "joined": 1, "block": block, "words": words, "seconds": 1.0}

    blocks = [record(speed_tables.BASE, i, 100 * i) for i in (1, 2)]
    table = speed_tables.speed_table([*blocks, *(record("hone", i, 300 * i) for i in (1, 2))])
    assert "| 1 | hone | 2 | 450 | 225–675 | 3.00 | 3.00–3.00 |" in table


def test_result_file_is_json_lines(tmp_path):
    out = tmp_path / "new" / "file.jsonl"
    results.append(out, {"a": 1, "b": {"c": [1]}})
    assert json.loads(out.read_text()) == {"a": 1, "b": {"c": [1]}}
    assert results.find(out, {"b": {"c": [1]}}) and not results.find(out, {"b": {}})


def test_figures_of_different_machines_are_kept_apart():
    records = [{"machine": "AMD EPYC, 2 cores"}, {"processor": "Intel(R) Xeon(R) Processor"}] * 2
    assert machines.by_machine(records, lambda group: str(len(group))) == "AMD EPYC:\n\n2\n\nIntel Xeon:\n\n2"
