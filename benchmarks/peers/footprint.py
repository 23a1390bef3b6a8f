"""What pipelines weigh and score: fresh processes, folders, wheels, the test part."""

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import spacy
from harness.results import Record
from harness.texts import BATCH

from peers.inference import PIPELINES
from spacy_hone.deploy.benchmark.contender import measure_size
from spacy_hone.deploy.benchmark.scores import score
from spacy_hone.deploy.benchmark.start import measure_start
from spacy_hone.deploy.wheels import build_wheel
from spacy_hone.evaluation.golds import read_golds


def start(folder: Path, system: str, texts: Sequence[str], python: str = sys.executable) -> Record:
    """Seconds and bytes of a fresh process that loads a pipeline and reads the texts."""
    found = measure_start(str(folder / PIPELINES[system]), texts, batch_size=BATCH, python=python)
    return {"seconds": found.seconds, **found._asdict()}


def weigh(folder: Path, system: str) -> Record:
    """Bytes of the folder and of the wheel."""
    path = folder / PIPELINES[system]
    with TemporaryDirectory() as tmp:
        wheel = build_wheel(path, Path(tmp)).stat().st_size
    return {"disk_bytes": measure_size(path), "wheel_bytes": wheel}


def test(folder: Path, system: str) -> Record:
    """Strict micro scores on the test part, from raw text."""
    nlp = spacy.load(folder / PIPELINES[system])
    scores = score(nlp, read_golds(folder / "test.spacy", nlp.vocab), BATCH)
    return {name: scores[f"ents_{name}"] for name in "prf"}
