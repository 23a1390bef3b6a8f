"""Fit the temperature and the thresholds of a component to a corpus, and store them in its pipeline's folder."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from ...errors import Errors, HoneError
from ...pipes.cats import encode_cats, read_cats
from ...pipes.text_classifier import LINKS, TextClassifier
from ...pipes.thresholds import decide
from ..calibration import expected_calibration_error
from ..predict import bare
from .fitting import fit_temperature, fit_threshold, log_likelihood
from .groups import Group
from .samples import Samples
from .scores import calibration_pairs, count


class State(NamedTuple):
    """What a component decides by, and how that does on the corpus.

    loss: mean negative log-likelihood, in nats. calibration_error, macro_f1: from 0 to 1.
    """

    temperature: float
    thresholds: list[list]
    loss: float
    calibration_error: float | None
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Fit:
    """component: its name. documents: of the corpus, with annotation for it. positives: gold documents by label.
    fitted: the labels that can have a threshold. before, after: the component's state; warnings: coded lines."""

    component: str
    documents: int
    positives: dict[str, int]
    fitted: list[str]
    before: State
    after: State
    warnings: list[str]


def find_classifiers(nlp: Language) -> list[TextClassifier]:
    """The components that can be fitted. Raises H616 if there is none."""
    found = [pipe for _, pipe in nlp.pipeline if isinstance(pipe, TextClassifier)]
    if not found:
        raise HoneError(Errors.H616.format(components=", ".join(nlp.pipe_names) or "none"))
    return found


def fit(
    nlp: Language,
    pipe: TextClassifier,
    docs: Sequence[Doc],
    batch_size: int = 128,
    progress: Callable[[Sequence[Doc]], Iterable[Doc]] = iter,
) -> Fit | None:
    """Fit a component and set what was found; None if no document has annotation for it.

    docs: gold documents, those without annotation included. batch_size: documents at a time.
    progress: wraps the documents, as `tqdm` does.
    """
    labels, multi_label = pipe.labels, pipe.cfg["multi_label"]
    targets, known = encode_cats(read_cats(docs, labels, multi_label, "the corpus"), labels, multi_label)
    known = known if multi_label else np.repeat(known[:, None], len(labels), axis=1)
    kept = np.flatnonzero(known.any(axis=1)).tolist()
    if not kept:
        return None
    gold, known = targets[kept] > 0, known[kept]
    logits = compute_logits(nlp, pipe, [docs[i] for i in kept], batch_size, progress)
    link = pipe.loss.link
    before = _assess(pipe, logits, gold, known)
    temperature = fit_temperature(logits.astype("float64"), gold, known, link)
    if temperature is not None:
        pipe.calibrate(temperature)
    probabilities = _probabilities(pipe, logits)
    fitted = (
        list(labels) if multi_label else [label for label in labels if label == pipe.cfg["positive_label"]]
    )
    columns = {label: labels.index(label) for label in fitted}
    thresholds = {
        label: fit_threshold(probabilities[known[:, i], i], gold[known[:, i], i])
        for label, i in columns.items()
    }
    found = {label: value for label, value in thresholds.items() if value is not None}
    kept_pairs = {label: value for label, value in pipe.cfg["thresholds"] if label not in found}
    pipe.set_thresholds([*kept_pairs.items(), *found.items()])
    warnings = []
    if missing := [label for label, value in thresholds.items() if value is None]:
        warnings.append(Errors.H618.format(name=pipe.name, labels=", ".join(missing)))
    if temperature is None:
        warnings.append(Errors.H619.format(name=pipe.name, temperature=before.temperature))
    positives = dict(zip(labels, map(int, (gold & known).sum(axis=0))))
    after = _assess(pipe, logits, gold, known)
    return Fit(pipe.name, len(kept), positives, fitted, before, after, warnings)


def compute_logits(
    nlp: Language,
    pipe: TextClassifier,
    docs: Sequence[Doc],
    batch_size: int,
    progress: Callable[[Sequence[Doc]], Iterable[Doc]],
) -> NDArray[np.float32]:
    """The logits of a component, shape (documents, labels), after the components before it have run."""
    batches = []
    with nlp.select_pipes(enable=nlp.pipe_names[: nlp.pipe_names.index(pipe.name)]):
        for batch in minibatch(progress(docs), batch_size):
            done = list(nlp.pipe([bare(doc, nlp) for doc in batch], batch_size=batch_size))
            batches.append(pipe.model.ops.to_numpy(pipe.logits(done)))
    return np.concatenate(batches)


def settings(folder: Path, fits: Iterable[Fit]) -> Iterator[tuple[Path, list[str]]]:
    """The component's settings as they will stand in the pipeline's folder: files and their lines."""
    for each in fits:
        path = settings_path(folder, each.component)
        cfg: dict[str, Any] = json.loads(path.read_text(encoding="utf8"))
        cfg |= {"temperature": each.after.temperature, "thresholds": each.after.thresholds}
        yield path, [json.dumps(cfg, indent=2)]


def settings_path(folder: Path, component: str) -> Path:
    """Where a component's settings are in the folder of its pipeline."""
    return folder / component / "cfg"


def to_json(fits: Iterable[Fit], facts: Mapping[str, Any]) -> dict[str, Any]:
    """All numbers. facts: what is not in the fits; it comes first."""
    found = {
        each.component: {
            "documents": each.documents,
            "positives": each.positives,
            "before": each.before._asdict(),
            "after": each.after._asdict(),
        }
        for each in fits
    }
    return {**facts, "fit": found, "warnings": [warning for each in fits for warning in each.warnings]}


def _probabilities(pipe: TextClassifier, logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """As `pipe.predict` computes them."""
    scaled: Any = logits / pipe.cfg["temperature"]
    log_probabilities: Any = LINKS[pipe.loss.link](scaled)
    return np.exp(log_probabilities).astype("float64")


def _assess(pipe: TextClassifier, logits: NDArray[np.float32], gold: NDArray, known: NDArray) -> State:
    cfg, labels = pipe.cfg, pipe.labels
    group = Group(
        pipe.name, labels, cfg["multi_label"], cfg["positive_label"], cfg["thresholds"], decides=True
    )
    probabilities = _probabilities(pipe, logits)
    decided = decide(
        probabilities,
        labels,
        multi_label=group.multi_label,
        positive_label=group.positive_label,
        thresholds=group.thresholds,
    )
    samples = Samples(group, labels, [], [], [], gold, known, decided, probabilities)
    scaled = logits.astype("float64") / cfg["temperature"]
    return State(
        temperature=cfg["temperature"],
        thresholds=[list(pair) for pair in cfg["thresholds"]],
        loss=-log_likelihood(scaled, gold, known, pipe.loss.link),
        calibration_error=expected_calibration_error(*calibration_pairs(samples)),
        macro_f1=count(samples).macro.f1,
    )
