"""`hone evaluate`: how good is a pipeline, by strict entity scores with their uncertainty."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from spacy.tokens import Doc
from thinc.api import get_current_ops, require_gpu
from tqdm import tqdm

from ..errors import Errors, HoneError
from ..evaluation.files import check_writable, conll_lines, document_lines, write_files
from ..evaluation.golds import read_golds
from ..evaluation.predict import load_pipeline, predict, predictable_labels
from ..evaluation.report import make_console, print_report, to_json
from ..evaluation.summary import Summary, check_labels, summarise


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
    batch_size: Annotated[int, typer.Option(min=1, help="Documents at a time")] = 128,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="Number of the GPU; -1 for the CPU")] = -1,
) -> None:
    """Score a pipeline's entities strictly: both boundaries and the label must be right.

    Prints micro and macro precision, recall and F1 with 95 % bootstrap intervals over documents, a table of
    the types, seqeval and spaCy's Scorer beside it, token accuracy and words per second. Any pipeline will do
    that sets doc.ents (or doc.spans[KEY]). Documents and tokens without annotation are left out, as spaCy's
    Scorer does.
    """
    bar = partial(tqdm, desc="predict", unit=" docs", delay=2, leave=False, disable=None)
    try:
        summary, facts = evaluate(
            model,
            corpus,
            output=output,
            predictions=predictions,
            documents=documents,
            spans_key=spans_key,
            raw_text=raw_text,
            bootstrap=bootstrap,
            seed=seed,
            batch_size=batch_size,
            gpu_id=gpu_id,
            progress=bar,
        )
    except HoneError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    print_report(summary, facts, make_console())


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
    batch_size: int = 128,
    gpu_id: int = -1,
    progress: Callable[[Sequence[Doc]], Iterable[Doc]] = iter,
) -> tuple[Summary, dict[str, Any]]:
    """Evaluate a pipeline on a corpus and write what was asked for, all of it or nothing.

    progress: wraps the documents while they are predicted, as `tqdm` does. The others: see `evaluate_cli`.

    Returns the summary, and what is not in it: model, corpus, settings and speed, as they stand in the JSON.
    Raises HoneError: see the codes H601 to H610.
    """
    check_writable([path for path in (output, predictions, documents) if path])
    device = _use_device(gpu_id)
    nlp = load_pipeline(model)
    golds = read_golds(corpus, nlp.vocab, spans_key)
    warnings = check_labels(golds.label_counts(spans_key), predictable_labels(nlp, spans_key))
    found = predict(
        nlp, golds.docs, spans_key=spans_key, raw_text=raw_text, batch_size=batch_size, progress=progress
    )
    summary = summarise(golds.docs, found.docs, spans_key=spans_key, bootstrap=bootstrap, seed=seed)
    summary = replace(summary, warnings=[*warnings, *summary.warnings])
    facts = {
        "model": str(model),
        "pipeline": f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}",
        "corpus": str(corpus),
        "spans_key": spans_key,
        "tokens": "raw" if raw_text else "gold",
        "device": device,
        "skipped_documents": golds.skipped,
        "words": found.words,
        "words_per_second": found.words / found.seconds,
        "bootstrap": bootstrap,
        "seed": seed,
    }
    files = {
        output: [json.dumps(to_json(summary, facts), indent=2, ensure_ascii=False)],
        predictions: conll_lines(summary.samples),
        documents: document_lines(summary, golds.numbers),
    }
    write_files({path: lines for path, lines in files.items() if path})
    return summary, facts


def _use_device(gpu_id: int) -> str:
    """Turn to the GPU that is asked for, and say what is computed on."""
    if gpu_id >= 0:
        try:
            require_gpu(gpu_id)
        except Exception as error:  # thinc's ValueError, CuPy's CUDARuntimeError, torch's RuntimeError
            raise HoneError(Errors.H610.format(gpu_id=gpu_id, error=error)) from error
    return {"cupy": f"CUDA device {gpu_id}", "mps": "Apple MPS"}.get(get_current_ops().name, "CPU")
