"""Ways to teach a trained pipeline new labels."""

import time
from pathlib import Path
from typing import Any, NamedTuple

import spacy
from harness.data import Part
from harness.data_sets import DATA_SETS
from harness.extension import Halves, Setting
from harness.judging import judge
from harness.readers import ROOT
from harness.results import Record
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import load_config

from peers.outcome import Settings
from peers.pipelines import make_config, predict, train_to_end, write_docs
from spacy_hone.training.extend import Choices, extend

# How: what `hone extend` is told. alpha = 1 is without distillation, "none" leaves what is open to the model.
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {"plain": True},
    "marginal": {"relabel": "none", "alpha": 1.0},
    "hard": {"relabel": "hard", "alpha": 1.0},
    "soft": {"relabel": "soft", "alpha": 1.0},
    "distilled": {"relabel": "none", "alpha": 0.5},
    "hard, distilled": {"relabel": "hard", "alpha": 0.5},
    "soft, distilled": {"relabel": "soft", "alpha": 0.5},
    "both halves, all labels": {},
}
JOINT = "both halves, all labels"


class Case(NamedTuple):
    """data: name of the data set. folder: for files, and the old pipeline (`old`)."""

    data: str
    setting: Setting
    parts: Halves
    seed: int
    folder: Path

    @property
    def old(self) -> Path:
        return self.folder / "old"


def train_old(case: Case) -> None:
    """Train the pipeline of the old labels."""
    _train(case, case.parts.old, case.setting.updates).to_disk(case.old)


def extend_by(variant: str, case: Case) -> Record:
    """Teach it the new labels in one of the ways, and test; "old" tests it as it is."""
    start = time.perf_counter()
    if variant == "old":
        nlp = spacy.load(case.old)
    elif variant == JOINT:
        nlp = _train(case, case.parts.both, 2 * case.setting.updates)
    else:
        nlp = _extend(variant, case)
    seconds = time.perf_counter() - start
    test = case.parts.test
    record = judge(test, list(predict(nlp, test)), part=Part("test", [], test), data=case.data)
    return record | {"seconds": round(seconds, 1)}


def _train(case: Case, docs: list[Doc], updates: int) -> Language:
    data_set = DATA_SETS[case.data]
    settings = Settings(case.data, updates, case.setting.learn_rate, case.seed, dict(data_set.changes))
    return train_to_end(make_config(ROOT / "configs" / data_set.config, docs, settings, case.folder))


def _extend(variant: str, case: Case) -> Language:
    corpus = write_docs(case.parts.new, case.folder / "new.spacy")
    dev = write_docs(case.parts.new[:16], case.folder / "dev.spacy")
    updates, rate = case.setting.updates, case.setting.learn_rate
    choices = Choices(dev=dev, steps=updates, learn_rate=rate, **VARIANTS[variant])
    config = case.folder / "extend.cfg"
    extend(str(case.old), corpus, config, choices, overwrite=True)
    overrides = {"system.seed": case.seed, "training.eval_frequency": updates, "training.patience": 0}
    return train_to_end(load_config(config, overrides, interpolate=False))
