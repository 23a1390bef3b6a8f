"""What is a teacher worth to a small student, what does it cost, and how fast is the student?

    python benchmarks/students.py run --data tasteset --seeds 0,1,2
    python benchmarks/students.py run --data "tasteset, few" --students "cnn;cnn, taught" --seeds 0
    python benchmarks/students.py speed --data tasteset
    python benchmarks/students.py cost --data tasteset
    python benchmarks/students.py table

What is trained on what stands in harness/students.py. Every run, and every round of the two timings, is a line of
benchmarks/results/students.jsonl; a run that is there already is not made again. Teachers, and what they say, are kept in
training/students for the next command.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, product
from pathlib import Path
from typing import Annotated

import typer
from harness import turns
from harness.data_sets import DATA_SETS
from harness.readers import ROOT
from harness.results import FOLDER, append, environment, find, read
from harness.students import DATA, TEACHER, VARIANTS, Results, Study, parts_of
from harness.turns import in_turn
from spacy.util import minibatch

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false")

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

Data = Annotated[str, typer.Option("--data", help=" or ".join(f'"{name}"' for name in DATA))]
Updates = Annotated[int | None, typer.Option("--updates", min=1, help="of each training, if not the table's")]
Rounds = Annotated[int, typer.Option("--rounds", min=1, help="measured rounds")]
Out = Annotated[Path, typer.Option("--out", help="result file")]
OUT = FOLDER / "students.jsonl"


@app.command()
def run(
    *,
    data: Data = "tasteset",
    students: Annotated[
        str, typer.Option("--students", help="names in harness/students.py, with semicolons; all by default")
    ] = "",
    seeds: Annotated[str, typer.Option("--seeds", help="with commas")] = "0,1,2",
    folds: Annotated[int | None, typer.Option("--folds", min=1, help="the first so many only")] = None,
    updates: Updates = None,
    models: Annotated[Path, typer.Option("--models", help="folder for teachers")] = ROOT
    / "training/students",
    out: Out = OUT,
) -> None:
    """Train the teacher and its students, seed by seed and fold by fold, and test them."""
    from peers.students import Case, run_student

    study = get_study(data, updates)
    for seed, part in product(map(int, seeds.split(",")), islice(parts_of(study), folds)):
        name = "-".join([data, part.name, str(seed), *map(str, study.teacher)])
        case = Case(study, part, seed, models / name.replace("/", "of").replace(", ", "-").replace(" ", ""))
        for student in choose(study, students):
            key = {"kind": "quality", "study": data, "part": part.name, "student": student, "seed": seed}
            key |= study.course(student)._asdict() | {"teacher_updates": study.teacher.updates}
            if find(out, key):
                continue
            record = run_student(student, case)
            append(out, key | record | environment())
            f1, seconds = record["micro"][2], record["seconds"]
            print(f"{data}, {part.name}, seed {seed}, {student}: {f1:.4f}, {seconds:.0f} s", flush=True)


@app.command()
def speed(
    *,
    data: Data = "tasteset",
    rounds: Rounds = 9,
    updates: Annotated[int, typer.Option("--updates", min=1, help="of each training before")] = 60,
    out: Out = OUT,
) -> None:
    """Words/s of the teacher and of a student of each shape, which take turns in one process on the test texts."""
    from peers.students import Case, make_predictors

    study = get_study(data, updates)
    with tempfile.TemporaryDirectory() as folder:
        part = parts_of(study)[0]
        pipelines = make_predictors(Case(study, part, 0, Path(folder)))
        texts, words = [doc.text for doc in part.test], sum(map(len, part.test))
        for i, name in in_turn(list(pipelines), rounds, what="speed"):
            start = time.perf_counter()
            pipelines[name](texts)
            record = {"words": words, "seconds": time.perf_counter() - start}
            if i:
                append(out, {"kind": "speed", "study": data, "student": name} | record | environment())


@app.command()
def cost(
    *,
    data: Data = "tasteset",
    students: Annotated[
        str, typer.Option("--students", help="with semicolons, untaught ones of their shapes among them")
    ] = "layers;layers, taught;layers, taught, vectors;cnn;cnn, taught;cnn, taught, vectors",
    rounds: Rounds = 12,
    block: Annotated[int, typer.Option("--block", min=1, help="updates at a time")] = 4,
    updates: Annotated[int, typer.Option("--updates", min=1, help="of the teacher before")] = 30,
    out: Out = OUT,
) -> None:
    """Time of an update with a teacher whose cache is warm, and without one; the students take turns.

    A first turn, which does not count, goes through all batches: what a teacher said is in memory then, as in all epochs of
    a training but the first.
    """
    from peers.speed import time_block
    from peers.students import Case, make_steps

    study = replace(get_study(data, updates), texts="")
    names = turns.choose(students, list(VARIANTS), mark=";")
    with tempfile.TemporaryDirectory() as folder:
        case = Case(study, parts_of(study)[0], 0, Path(folder))
        steps = make_steps(case, names)
        batches = list(minibatch(case.lesson.annotated, DATA_SETS[study.data].batch_size))
        for i, name in in_turn(names, rounds, what="cost"):
            chosen = [batches[(i * block + j) % len(batches)] for j in range(block)] if i else batches
            words, seconds = time_block(steps[name], chosen)
            record = {"updates": block, "words": words, "seconds": seconds}
            if i:
                append(out, {"kind": "cost", "study": data, "student": name} | record | environment())


@app.command()
def table(out: Out = OUT) -> None:
    """Print the Markdown tables: quality, when a teacher helps, speed, cost."""
    results = Results(read(out))
    tables = (results.quality_table, results.benefit_table, results.speed_table, results.cost_table)
    print("\n\n".join(make() for make in tables))


def get_study(name: str, updates: int | None) -> Study:
    """A study by its name, with another number of updates if that is asked for."""
    return DATA[name].with_updates(updates) if updates else DATA[name]


def choose(study: Study, students: str) -> Sequence[str]:
    """Who is tested: the teacher too, where it knows the labels."""
    names = turns.choose(students, list(VARIANTS), mark=";") if students else study.variants
    return names if study.source else (TEACHER, *names)


if __name__ == "__main__":
    app()
