"""Teachers and students of the figures: what each is trained on and how, and the tables, on toy documents."""

from dataclasses import replace

import numpy as np
import pytest
import students
from harness.data import Part
from harness.packing import pack
from harness.results import Record, read
from harness.students import DATA, TEACHER, VARIANTS, Course, Results, Study, make_lesson, median_ratio
from peers import pipelines
from peers.speed import time_block
from peers.students import Case, make_steps, run_student, student_config
from spacy.tokens import Doc
from spacy.vocab import Vocab
from typer.testing import CliRunner

VOCAB = Vocab()
COURSE = Course(2, 1e-3)


def make_study(data: str = "tasteset", **options) -> Study:
    return replace(
        DATA[data], teacher=COURSE, layers=COURSE, cnn=COURSE, every=2, texts="rest", keep=(0,), **options
    )


def make_docs(count: int) -> list[Doc]:
    docs = []
    for i in range(count):
        words = ["two", "cups", "milk"] if i % 4 < 2 else ["red", "onions"]
        docs.append(
            Doc(VOCAB, [*words, *["of"] * i], ents=["B-QUANTITY", "B-FOOD", *["O"] * (len(words) - 2 + i)])
        )
        docs[-1].cats = {label: float(label == words[0]) for label in ("two", "red")}
    return docs


@pytest.fixture
def part(encoder, monkeypatch) -> Part:
    monkeypatch.setattr(pipelines, "encoder_path", lambda name: encoder)
    return Part("fold 1/1", make_docs(8), make_docs(4))


@pytest.fixture
def case(part, tmp_path) -> Case:
    return Case(make_study(), part, 0, tmp_path / "models")


def test_the_rest_is_text(part, monkeypatch):
    lesson = make_lesson(make_study(), part)
    assert lesson.annotated == lesson.teacher == part.train[::2] and lesson.texts == part.train[1::2]
    other = make_docs(3)
    monkeypatch.setattr("harness.students.load", lambda name: [other])
    lesson = make_lesson(replace(make_study(), texts="cooking", source="wnut17", every=1), part)
    assert (lesson.annotated, lesson.teacher, lesson.texts) == (part.train, other, other)


@pytest.mark.parametrize("data", ["tasteset", "banking77"])
def test_every_student_has_a_config(case, data):
    case.study = make_study(data)
    for variant, student in VARIANTS.items():
        config = student_config(variant, case)
        name = config["nlp"]["pipeline"][-1]
        settings = config["initialize"]["components"][name]
        loss = config["components"][name]["loss"]
        assert (loss["@losses"] == "hone.Distillation.v1") == student.taught == ("teacher" in settings)
        assert (
            ("init_from" in settings)
            == student.begun
            == ("encoder" in config["initialize"]["before_init"]["*"])
        )
        assert ("vectors" in settings) == student.vectors
        assert ("texts" in config["corpora"]["train"].get("*", {})) == student.texts
        encoder = config["components"].get("transformer", {"model": {}})["model"]
        assert encoder.get("keep_layers") == ([0] if student.shape == "layers" else None)
        if not (student.begun or student.taught):
            assert str(case.folder / TEACHER) not in config.to_str(interpolate=False).split("[components]")[1]


def test_teacher_and_students_are_tested(case):
    for variant in (TEACHER, "layers, taught, vectors", "cnn, taught, texts"):
        record = run_student(variant, case)
        assert record["labels"] and len(record["micro"]) == 3
    trained = (case.folder / TEACHER / "meta.json").stat().st_mtime_ns
    again = Case(case.study, case.part, 0, case.folder)
    run_student(TEACHER, again)
    assert (again.teacher / "meta.json").stat().st_mtime_ns == trained


def test_a_student_of_a_teacher_with_other_labels_has_both(case, monkeypatch):
    other = [Doc(VOCAB, ["milk", *["two"] * i], ents=["B-person", *["O"] * i]) for i in range(4)]
    monkeypatch.setattr("harness.students.load", lambda name: [other])
    strangers = Case(make_study(source="wnut17"), case.part, 0, case.folder)
    assert run_student("cnn, taught, all columns", strangers)["micro"]
    assert strangers.labels == ["person", "FOOD", "QUANTITY"]


def test_updates_can_be_timed(case):
    steps = make_steps(case, ["cnn", "cnn, taught"])
    for step in steps.values():
        words, seconds = time_block(step, [case.lesson.annotated])
        assert words == sum(map(len, case.lesson.annotated)) and seconds > 0


def test_the_command_goes_on_where_it_stopped(case, monkeypatch):
    monkeypatch.setattr(students, "parts_of", lambda study: [case.part])
    monkeypatch.setitem(students.DATA, "tasteset", replace(make_study(), variants=("cnn", "cnn, taught")))
    out = case.folder / "students.jsonl"
    files = ["--models", str(case.folder), "--out", str(out)]
    for _ in range(2):
        result = CliRunner().invoke(students.app, ["run", "--seeds", "0", *files], catch_exceptions=False)
        assert result.exit_code == 0
    assert [record["student"] for record in read(out)] == [TEACHER, "cnn", "cnn, taught"]
    for command, *options in (("speed",), ("cost", "--students", "cnn;cnn, taught")):
        arguments = [command, *options, "--updates", "2", "--rounds", "1", "--out", str(out)]
        CliRunner().invoke(students.app, arguments, catch_exceptions=False)
    shown = CliRunner().invoke(students.app, ["table", "--out", str(out)]).output
    assert shown.count("\n\n") == 3 and f"| tasteset | {TEACHER} | 1 |" in shown


def make_record(student: str, counts: list[list[int]], seed: int = 0, wrong: int = 9, **options) -> Record:
    """counts: TP, FP, FN of one label in each document. wrong: FP of a label of the teacher."""
    packed = pack(np.array([[row, [0, wrong, 0]] for row in counts], "uint8"))
    name = {"kind": "quality", "study": "tasteset, new", "student": student, "part": "fold 1/5", "seed": seed}
    scores = {"labels": ["FOOD", "person"], "counts": packed, "updates": 9, "learn_rate": 0.1, "seconds": 1.0}
    return name | scores | options


def test_students_are_compared_where_both_have_run():
    good, bad = [[4, 0, 0]] * 20, [[2, 2, 2]] * 20
    untaught = [make_record("cnn", bad, seed, 0, study="tasteset") for seed in (0, 1)]
    results = Results([*untaught, make_record("cnn, taught", good), make_record("layers, taught", bad)])
    rows = results.quality_table().splitlines()[2:]
    assert "| 1 | 1.0000 |  | +0.5000, +0.5000 to +0.5000 |" in rows[1]
    assert "| 1 | 0.5000 |  |  |" in rows[2]
    [row] = results.benefit_table().splitlines()[2:]
    assert row.endswith("| 0.5000 | 1.0000 | +0.5000, +0.5000 to +0.5000 | helps |")


def test_runs_of_other_courses_are_apart_and_weights_are_told_from_teaching():
    good, bad = [[4, 0, 0]] * 20, [[2, 2, 2]] * 20
    options = {"study": "tasteset", "wrong": 0}
    records = [
        make_record(TEACHER, good, **options, teacher_updates=9),
        make_record("layers", bad, **options, teacher_updates=9),
        make_record("layers, begun", good, **options, teacher_updates=9),
        make_record("layers, taught", good, **options, teacher_updates=9),
        make_record("layers, taught", bad, **options | {"updates": 3}, teacher_updates=3),
    ]
    results = Results(records)
    rows = [row.removesuffix(" |").split(" | ") for row in results.quality_table().splitlines()[2:]]
    assert [row[2] for row in rows] == ["9", "9", "9", "9", "3"]
    same, better = "+0.0000, +0.0000 to +0.0000", "+0.5000, +0.5000 to +0.5000"
    assert rows[3][6:9] == [same, better, same] and rows[4][6:9] == ["", "", ""]
    assert [row.split(" | ")[2] for row in results.benefit_table().splitlines()[2:]] == [
        "layers, begun",
        "layers, taught",
    ]


def test_times_are_compared_with_the_teacher_and_with_the_untaught():
    base = {"study": "tasteset", "words": 10}
    speed = [
        base | {"kind": "speed", "student": name, "seconds": s} for name, s in ((TEACHER, 4), ("cnn", 1))
    ]
    cost = [
        base | {"kind": "cost", "student": name, "seconds": s, "updates": 4}
        for name, s in (("cnn", 1.0), ("cnn, taught", 1.1))
    ]
    results = Results([*speed, *cost])
    assert "| tasteset | cnn | 1 | 10 | 4.00 |" in results.speed_table()
    assert "| tasteset | cnn, taught | 1 | 275.0 | 1.10 |" in results.cost_table()


def test_ratios_are_taken_within_a_round():
    assert median_ratio([1.1, 22.0, 3.3], [1.0, 20.0, 3.0]) == pytest.approx(1.1)
    assert median_ratio([2.0, 4.0, 6.0], [1.0, 2.0]) == pytest.approx(4 / 1.5)


def test_every_study_has_students_to_compare_with():
    for study in DATA.values():
        there = {*study.variants, *(DATA[study.beside].variants if study.beside else ())}
        for name in study.variants:
            assert VARIANTS[name].shape in there
            assert study.texts or not VARIANTS[name].texts
