"""Loggers: the numbers are those of the training, and read well in a terminal, a file and a program."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy
from rich.cells import cell_len
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example
from spacy.training.loop import train, train_while_improving
from spacy.util import registry

from spacy_hone.errors import HoneError
from spacy_hone.models import devices
from spacy_hone.training.loggers.console import make_console_logger
from spacy_hone.training.loggers.evaluation import Logger, Recorder, per_label
from spacy_hone.training.loggers.jsonlines import make_jsonlines_logger
from spacy_hone.training.loggers.several import make_loggers
from spacy_hone.training.loggers.tensorboard import make_tensorboard_logger

WARMUP = {"@schedules": "warmup_linear.v1", "initial_rate": 0.1, "warmup_steps": 3, "total_steps": 9}
OPTIMIZER = {"@optimizers": "Adam.v1", "learn_rate": WARMUP}
TRAINING = {
    "optimizer": OPTIMIZER,
    "score_weights": {"ents_f": 1.0, "ents_p": None, "ents_r": None},
    "max_steps": 8,
    "patience": 0,
    "eval_frequency": 2,
    "accumulate_gradient": 1,
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def make_nlp(names: tuple[str, ...] = ("ner",), **training: Any) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    for name in names:
        nlp.add_pipe("ner", name=name)
    nlp.config["training"].update({**TRAINING, **training})
    return nlp


def make_info(step: int, score: float = 0.5, **changes: Any) -> dict[str, Any]:
    return {
        "step": step,
        "epoch": 0,
        "score": score,
        "other_scores": {"ents_f": score, "ents_per_type": {"食材": {"p": 1.0, "r": 0.25, "f": 0.4}}},
        "losses": {"tok2vec": 99.0, "ner": 6.0},
        "checkpoints": [(score, step)],
        "words": 100 * (step + 1),
        "seconds": 1,
        **changes,
    }


def follow(
    logger: Logger, nlp: Language, scores: list[float], *, more: int = 0, stderr: io.StringIO | None = None
) -> str:
    """What is printed when every second update is evaluated, and `more` updates follow."""
    stdout = io.StringIO()
    log_step, finalize = logger(nlp, stdout, stderr or io.StringIO())
    checkpoints: list[tuple[float, int]] = []
    for i, score in enumerate(scores):
        checkpoints.append((score, 2 * i))
        log_step(make_info(2 * i, score, checkpoints=checkpoints))
        log_step(None) if i < len(scores) - 1 else None
    for _ in range(more):
        log_step(None)
    finalize()
    return stdout.getvalue()


def examples(nlp: Language) -> list[Example]:
    doc = nlp.make_doc("two cups flour")
    doc.ents = [Span(doc, 2, 3, label="FOOD")]
    return [Example(nlp.make_doc(doc.text), doc) for _ in range(4)]


def test_losses_are_means_over_updates_and_sub_batches_and_gradients_are_none():
    recorder = Recorder(make_nlp(accumulate_gradient=2))
    first = recorder(make_info(0))
    assert first.loss == {"ner": 3.0} and first.updates == 1 and first.words_per_second is None
    assert recorder(None) is None and recorder(None) is None
    later = recorder(make_info(3))
    assert later.loss == {"ner": 1.0} and later.updates == 3 and later.words_per_second > 0


@pytest.mark.parametrize("name", ["Adam.v1", "hone.AdamW.v1"])
def test_rate_and_best_model_are_those_of_spacys_loop(name: str):
    """Oracle: spaCy's own loop, its optimiser, and what it says about the best model."""
    nlp = make_nlp(optimizer={**OPTIMIZER, "@optimizers": name})
    data = examples(nlp)
    nlp.initialize(lambda: data)
    optimizer = registry.resolve({"o": nlp.config["training"]["optimizer"]})["o"]
    if name == "hone.AdamW.v1":
        from spacy_hone.training.gradients import bind_optimizer

        bind_optimizer(nlp)
    scores, rates = iter([0.2, 0.5, 0.5, 0.1, 0.6]), []
    loop = train_while_improving(
        nlp,
        optimizer,
        ((0, data) for _ in range(20)),
        lambda: (next(scores), {}),
        dropout=0.0,
        eval_frequency=2,
        accumulate_gradient=1,
        patience=0,
        max_steps=8,
        exclude=[],
        annotating_components=[],
        before_update=lambda nlp, args: rates.append(optimizer.learn_rate),
    )
    recorder = Recorder(nlp)
    evaluations = []
    for _, info, is_best in loop:
        evaluation = recorder(info if is_best is not None else None)
        if evaluation:
            assert evaluation.best == is_best
            assert evaluation.step == recorder.step == info["step"]
            evaluations.append(evaluation)
    assert [e.learn_rate for e in evaluations] == rates[::2]
    assert len(set(rates)) > 4 and len(evaluations) == 5


def test_tables_of_scores_by_kind_and_label():
    scores = {
        "ents_f": 0.5,
        "ents_per_type": {"b": {"p": 1.0, "r": 0.5, "f": 0.6}, "a:b": {"p": 0.0, "r": 0.0, "f": 0.0}},
        "cats_f_per_type": {"yes": {"p": 1.0, "r": 1.0, "f": 1.0}},
        "cats_auc_per_type": {"yes": 0.75, "no": None},
        "spans_sc_per_type": {},
        "dep_las_per_type": {"nsubj": {"p": 0.5, "r": 0.5, "f": 0.5}},
    }
    found = per_label(scores)
    assert list(found["ents"]) == ["a:b", "b"]
    assert found["cats"] == {"yes": {"p": 1.0, "r": 1.0, "f": 1.0, "auc": 0.75}, "no": {}}
    assert set(found) == {"ents", "cats", "dep_las"}


def test_console_in_a_file():
    stderr = io.StringIO()
    text = follow(make_console_logger(), make_nlp(), [0.25, 0.75, 0.5], more=4, stderr=stderr)
    assert stderr.getvalue() == "" and "\r" not in text and "\x1b" not in text
    lines = text.splitlines()
    assert lines[0] == "Device: CPU"
    assert "as spaCy reports it for ner" in lines[1]
    table = lines[lines.index("") + 1 :]
    assert " ".join(table[0].split()) == "epoch step loss ner learn rate ents_f score words/s"
    assert table[2].split() == ["0", "0", "6.000", "0.00e+00", "0.2500", "0.2500", "*"]
    assert table[3].split()[:3] == ["0", "2", "3.000"] and table[3].endswith("*")
    assert not table[4].endswith("*")
    assert lines[-1].startswith("Best score 0.7500 at step 2; stopped by max_steps after step 8, ")


def test_console_aligns_wide_characters():
    text = follow(make_console_logger(), make_nlp(("实体识别", "ner")), [0.25])
    lines = text.splitlines()
    start = lines.index("") + 1
    head, dashes, row = lines[start : start + 3]
    ends = [
        i for i in range(len(dashes)) if dashes[: i + 1].endswith("-") and dashes[i + 1 : i + 2] in (" ", "")
    ]
    for line in (head, row):
        for end in ends[:-1]:  # the speed of one update is not known
            cells = 0
            for char in line:
                cells += cell_len(char)
                if cells > end:
                    break
            assert cells == end + 1 and char != " "
    food = next(line for line in lines if line.startswith("食材"))
    kind = next(line for line in lines if line.startswith("ents "))
    assert cell_len(food) == cell_len(kind) and food.split() == ["食材", "1.0000", "0.2500", "0.4000"]


def test_console_without_labels():
    assert "食材" not in follow(make_console_logger(per_label=False), make_nlp(), [0.25])


def test_console_where_the_stream_knows_no_chinese():
    raw = io.BytesIO()
    stdout = io.TextIOWrapper(raw, encoding="cp1252")
    log_step, finalize = make_console_logger()(make_nlp(), stdout, io.StringIO())
    log_step(make_info(0))
    finalize()
    assert b"??  " in raw.getvalue()


@pytest.mark.parametrize("toward, word", [("evaluation", "to evaluation"), ("end", "training")])
def test_progress_bar_on_a_terminal(toward: Any, word: str):
    stderr = Terminal()
    text = follow(make_console_logger(progress_toward=toward), make_nlp(), [0.25, 0.5], more=2, stderr=stderr)
    assert word in stderr.getvalue() and "updates/s" in stderr.getvalue()
    assert stderr.getvalue().endswith("\r") and "\r" not in text
    silent = Terminal()
    follow(make_console_logger(progress_bar=False), make_nlp(), [0.25, 0.5], more=2, stderr=silent)
    assert silent.getvalue() == ""


@pytest.mark.parametrize(
    "training, more, reason",
    [
        ({}, 4, "max_steps after step 8"),
        ({"patience": 3, "max_steps": 0}, 1, "patience (3 updates without a better score) after step 5"),
        ({"max_steps": 0, "max_epochs": 1}, 2, "max_epochs after step 6"),
    ],
)
def test_console_says_why_it_stopped(training: dict[str, Any], more: int, reason: str):
    text = follow(make_console_logger(), make_nlp(**training), [0.1, 0.5, 0.5], more=more)
    assert (
        f"at step 4; stopped by {reason}" in text
    )  # of equal scores spaCy keeps the last, and counts from the first


def test_console_says_what_error_stopped_it():
    stdout = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        _, finalize = make_console_logger()(make_nlp(), stdout, io.StringIO())
        try:
            raise KeyboardInterrupt
        finally:
            finalize()
    assert "No score; stopped by KeyboardInterrupt in the first update" in stdout.getvalue()


def test_json_lines_are_added_at_once(tmp_path: Path):
    path = tmp_path / "new" / "log.jsonl"
    logger = make_jsonlines_logger(path)
    assert not path.parent.exists()
    log_step, finalize = logger(make_nlp(), io.StringIO(), io.StringIO())
    log_step(make_info(0, losses={"ner": float("nan")}))
    (row,) = map(json.loads, path.read_text(encoding="utf8").splitlines())
    finalize()
    assert row["loss"] == {"ner": None} and row["device"] == "CPU" and row["precision"] is None
    assert row["per_label"]["ents"]["食材"]["f"] == 0.4 and "食材" in path.read_text(encoding="utf8")
    assert {"run", "step", "epoch", "learn_rate", "score", "best", "scores", "words", "seconds"} <= set(row)
    with path.open("a") as stream:
        stream.write('{"torn": ')
    follow(make_jsonlines_logger(path), make_nlp(), [0.1, 0.2])
    lines = path.read_text(encoding="utf8").splitlines()
    assert len(lines) == 4 and lines[1] == '{"torn": '
    assert len({json.loads(line)["run"] for line in (lines[0], *lines[2:])}) == 2


def test_places_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(HoneError, match=r"\[H518\] hone.JSONLinesLogger.v1 .* is not a folder"):
        make_jsonlines_logger(tmp_path / "file" / "log.jsonl")
    with pytest.raises(HoneError, match=r"\[H518\] hone.TensorBoardLogger.v1 .* is not a folder"):
        make_tensorboard_logger(tmp_path / "file")
    with pytest.raises(HoneError, match="H518"):
        make_jsonlines_logger(tmp_path)(make_nlp(), io.StringIO(), io.StringIO())


def test_tensorboard(tmp_path: Path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    follow(make_tensorboard_logger(tmp_path / "runs"), make_nlp(), [0.25, 0.5])
    (run,) = (tmp_path / "runs").iterdir()
    events = accumulator.EventAccumulator(str(run)).Reload()
    values = {
        tag: [(e.step, round(e.value, 4)) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]
    }
    assert values["loss/ner"] == [(0, 6.0), (2, 3.0)]
    assert values["dev/ents_f"] == [(0, 0.25), (2, 0.5)]
    assert values["dev_per_label/ents/食材/f"] == [(0, 0.4), (2, 0.4)]
    assert values["learn_rate"] == [(0, 0.0), (2, 0.0667)]
    assert "loss/tok2vec" not in values


def test_tensorboard_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(HoneError, match=r"\[H519\] .*spacy-hone\[tensorboard\]"):
        make_tensorboard_logger(tmp_path)


def test_several_are_all_called_and_all_finished():
    calls: list[str] = []

    def logger(name: str) -> Logger:
        def finalize() -> None:
            calls.append(f"{name} ends")
            raise OSError(name)

        return lambda nlp, stdout, stderr: (lambda info: calls.append(f"{name} {info}"), finalize)

    log_step, finalize = make_loggers(logger("a"), logger("b"))(make_nlp(), io.StringIO(), io.StringIO())
    log_step(None)
    with pytest.raises(OSError, match="a"):
        finalize()
    assert calls == ["a None", "b None", "b ends", "a ends"]


def test_device_names(monkeypatch: pytest.MonkeyPatch):
    class Cuda:
        name = "cupy"

        class xp:
            class cuda:
                class Device:
                    id = 3

    assert devices.name_device() == "CPU"
    monkeypatch.setattr(devices, "get_current_ops", Cuda)
    assert devices.name_device() == "CUDA device 3"


def test_spacy_train_with_all_of_them(tmp_path: Path):
    """spaCy's own train; the saved pipeline loads whether or not the loggers' places are still there."""
    nlp = make_nlp(max_steps=4)
    data = examples(nlp)

    @registry.readers("test.logged_examples")
    def make_reader():
        return lambda nlp: data

    path = tmp_path / "log.jsonl"
    nlp.config["corpora"] = {name: {"@readers": "test.logged_examples"} for name in ("train", "dev")}
    nlp.config["training"]["logger"] = {
        "@loggers": "hone.Loggers.v1",
        "*": {
            "console": {"@loggers": "hone.ConsoleLogger.v1"},
            "file": {"@loggers": "hone.JSONLinesLogger.v1", "path": str(path)},
        },
    }
    nlp.initialize(lambda: data)
    stdout, output = io.StringIO(), tmp_path / "out"
    output.mkdir()
    train(nlp, output, stdout=stdout, stderr=io.StringIO())
    rows = [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]
    assert [row["step"] for row in rows] == [0, 2, 4]
    assert "stopped by max_steps after step 4" in stdout.getvalue()
    config = output / "model-best" / "config.cfg"
    config.write_text(config.read_text().replace("hone.JSONLinesLogger.v1", "nobody.Knows.v1"))
    assert spacy.load(config.parent).pipe_names == ["tok2vec", "ner"]
