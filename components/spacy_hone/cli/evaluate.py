"""`hone evaluate`: how good is a pipeline at everything that it predicts and a corpus annotates?"""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from spacy.tokens import Doc
from spacy.util import is_package
from tqdm import tqdm

from ..errors import Errors, HoneError
from ..evaluation.before import load_before
from ..evaluation.categories import fit as fitting
from ..evaluation.categories.fit_report import print_fits
from ..evaluation.categories.kind import CATEGORIES
from ..evaluation.files import check_writable, conll_lines, document_lines, write_files
from ..evaluation.golds import read_golds, require_annotation
from ..evaluation.kind import Compared
from ..evaluation.kinds import check_kinds, choose_kinds, make_kinds
from ..evaluation.predict import describe, load_pipeline, predict_corpus
from ..evaluation.report import print_report, to_json
from ..evaluation.section import Section
from ..evaluation.tables import make_console
from ..models.devices import use_device

FOREIGN = "The categories that it has are of no component, or none holds. Is it the right corpus?"
Progress = Callable[[Sequence[Doc]], Iterable[Doc]]


class Evaluation(NamedTuple):
    """sections: what was compared. facts: model, corpus, settings and speed. warnings: coded lines."""

    sections: list[Section]
    facts: dict[str, Any]
    warnings: list[str]


def evaluate_cli(
    model: Annotated[str, typer.Argument(help="Path of a pipeline, or name of an installed one")],
    corpus: Annotated[Path, typer.Argument(help="A .spacy file, or a directory of them")],
    *,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="All numbers, as JSON")] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Token, gold tag, predicted tag, in CoNLL columns")
    ] = None,
    documents: Annotated[
        Path | None, typer.Option(help="Score and errors of each document, worst first, as JSON lines")
    ] = None,
    spans_key: Annotated[str | None, typer.Option(help="Evaluate doc.spans[KEY] instead of doc.ents")] = None,
    fit_thresholds: Annotated[
        bool,
        typer.Option(
            "--fit-thresholds",
            help="Fit temperature and thresholds of hone_textcat components to CORPUS, a development set, and "
            "store them in MODEL",
        ),
    ] = False,
    raw_text: Annotated[
        bool,
        typer.Option(
            "--raw-text/--gold-tokens",
            help="Let the pipeline tokenise the text (as `spacy evaluate` does), or give it the gold tokens",
        ),
    ] = False,
    bootstrap: Annotated[
        int, typer.Option(min=0, help="Resamples of the documents for the 95 % intervals; 0 for none")
    ] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resampling")] = 0,
    before: Annotated[
        str | None,
        typer.Option(
            help="An older pipeline, path or name: what it knew of each label, and what is known now"
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Documents at a time")] = 128,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="Number of the GPU; -1 for the CPU")] = -1,
) -> None:
    """Score all that a pipeline predicts and a corpus annotates: entities, categories, tags.

    Prints a section for each, with 95 % bootstrap intervals over documents, a table of the labels, the same
    predictions scored by spaCy's Scorer (and seqeval), and words per second. Entities are scored strictly: both
    boundaries and the label must be right. Any pipeline will do that sets doc.ents (or doc.spans[KEY]), doc.cats,
    token.tag_ or token.pos_. Documents and tokens without annotation are left out, as spaCy's Scorer does.
    """
    bar = partial(tqdm, desc="predict", unit=" docs", delay=2, leave=False, disable=None)
    shared: dict[str, Any] = {"output": output, "batch_size": batch_size, "gpu_id": gpu_id, "progress": bar}
    others = {
        "--predictions": predictions,
        "--documents": documents,
        "--spans-key": spans_key,
        "--raw-text": raw_text or None,
        "--before": before,
    }
    console = make_console()
    try:
        if fit_thresholds:
            for option in (option for option, value in others.items() if value is not None):
                raise HoneError(Errors.H617.format(option=option))
            print_fits(fit(model, corpus, **shared), model, str(corpus), console)
        else:
            shared |= {"predictions": predictions, "documents": documents, "spans_key": spans_key}
            shared |= {"raw_text": raw_text, "bootstrap": bootstrap, "seed": seed, "before": before}
            print_report(*evaluate(model, corpus, **shared), console)
    except HoneError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def evaluate(
    model: str,
    corpus: Path,
    *,
    output: Path | None = None,
    predictions: Path | None = None,
    documents: Path | None = None,
    spans_key: str | None = None,
    raw_text: bool = False,
    bootstrap: int = 1000,
    seed: int = 0,
    before: str | None = None,
    batch_size: int = 128,
    gpu_id: int = -1,
    progress: Progress = iter,
) -> Evaluation:
    """Evaluate a pipeline on a corpus and write what was asked for, all of it or nothing.

    progress: wraps the documents while they are predicted, as `tqdm` does. The others: see `evaluate_cli`.

    Raises HoneError: see the codes H601 to H614, and H620 for `before`.
    """
    check_writable([path for path in (output, predictions, documents) if path])
    device = use_device(gpu_id)
    nlp = load_pipeline(model)
    golds = read_golds(corpus, nlp.vocab)
    kinds = choose_kinds(nlp, make_kinds(spans_key), corpus, golds)
    warnings = check_kinds(nlp, kinds, golds)
    old = load_before(before, kinds, golds) if before else None
    options = {"raw_text": raw_text, "batch_size": batch_size, "progress": progress}
    preds, numbers, found = predict_corpus(nlp, golds, kinds, **options)
    compared = Compared(nlp, golds, preds, bootstrap, seed)
    reports = {kind.where: kind.report(compared) for kind in found.kinds}
    sections = [section for report in reports.values() for section in report]
    if not sections:
        where = " or ".join(kind.where for kind in found.kinds)
        raise HoneError(Errors.H604.format(path=corpus, where=where, hint=FOREIGN))
    warnings += [warning for section in sections for warning in section.warnings]
    if old:
        sections += old.report(read_golds(corpus, old.nlp.vocab), reports, compared, **options)
    facts: dict[str, Any] = {
        "model": str(model),
        "pipeline": describe(nlp),
        "corpus": str(corpus),
        "spans_key": spans_key,
        "tokens": "raw" if raw_text else "gold",
        "device": device,
        "compared_documents": len(numbers),
        "skipped_documents": len(golds) - len(numbers),
        "differing_documents": found.differing,
        "words": found.words,
        "words_per_second": found.words / found.seconds,
        "bootstrap": bootstrap,
        "seed": seed,
    }
    if old:
        facts["before"] = {"model": before, "pipeline": describe(old.nlp)}
    files = {
        output: [json.dumps(to_json(sections, facts, warnings), indent=2, ensure_ascii=False)],
        predictions: conll_lines(golds, sections),
        documents: document_lines(sections),
    }
    if predictions and not any(section.tokens for section in sections):
        raise HoneError(Errors.H613)
    write_files({path: lines for path, lines in files.items() if path})
    return Evaluation(sections, facts, warnings)


def fit(
    model: str,
    corpus: Path,
    *,
    output: Path | None = None,
    batch_size: int = 128,
    gpu_id: int = -1,
    progress: Progress = iter,
) -> list[fitting.Fit]:
    """Fit temperature and thresholds of a pipeline's text classifiers to a corpus and store them, all or nothing.

    model: the pipeline's folder. The others: see `evaluate_cli`.

    Raises HoneError: see the codes H601 to H619.
    """
    folder = Path(model)
    if not folder.exists() and is_package(model):
        raise HoneError(Errors.H615.format(model=model))
    device = use_device(gpu_id)
    nlp = load_pipeline(model)
    pipes = fitting.find_classifiers(nlp)
    outputs = [output] if output else []
    check_writable([*outputs, *(fitting.settings_path(folder, pipe.name) for pipe in pipes)])
    golds = read_golds(corpus, nlp.vocab)
    require_annotation(corpus, golds, [CATEGORIES])
    check_kinds(nlp, [CATEGORIES], golds)
    fits = [each for pipe in pipes if (each := fitting.fit(nlp, pipe, golds, batch_size, progress))]
    if not fits:
        raise HoneError(Errors.H604.format(path=corpus, where="doc.cats", hint=FOREIGN))
    facts = {"model": str(model), "corpus": str(corpus), "device": device}
    files = dict(fitting.settings(folder, fits))
    files |= {
        path: [json.dumps(fitting.to_json(fits, facts), indent=2, ensure_ascii=False)] for path in outputs
    }
    write_files(files)
    return fits
