"""`hone optimize` from a loaded pipeline to a folder: each step is measured before the next one begins."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from ...errors import Errors
from ...models.onnx.graph import GraphPrecision
from ...teachers.texts import read_texts
from ..benchmark.machine import find_version
from .checks import refuse, require_gap, require_same
from .choices import PACKAGES, Choices
from .convert import convert
from .processor import read_processor
from .prune import prune
from .report import Report, pair
from .saving import check_saved, find_torch, save, size_of
from .scores import run, shown
from .sensitivity import Search, Trial, search
from .source import find_source
from .stand import Stand
from .swap import find_listening
from .token_vectors import compare, expect, find_too_long
from .tools import TOOLS
from .vectors import sample_inputs

ROWS = 32  # texts whose vectors are compared
SAMPLE = 64  # documents whose vectors are compared
SCALES = 300  # texts that scales of activations are found on
Log = Callable[[str], None]


def build(
    nlp: Language, model: str, golds: Sequence[Doc], choices: Choices, *, folder: Path, log: Log
) -> Report:
    """Optimise a pipeline in memory and write it to an empty folder.

    nlp: the pipeline; it is changed. model: its path or name. golds: documents of `choices.dev`. log: is told each
    step.

    Raises H710 to H714 and H718 for a pipeline that is not known, H715 to H717 for an encoder that cannot be exported,
    H719 and H720 if the pipeline decides or scores otherwise than before, H721 if it cannot be scored, H725 if the
    vocabulary cannot be pruned, H731 if what was written is something else.
    """
    source = find_source(nlp, model)
    poolings = {listening.pooling for listening in find_listening(nlp, source.name)}
    weights, size = nlp.config["training"]["score_weights"], size_of(Path(str(nlp.path)))
    log("Measuring the pipeline as it is")
    before = run(nlp, golds, choices.dev)
    expected = expect(nlp, source.name, poolings, golds[:SAMPLE])

    log("Exporting the encoder")
    new = source
    if corpus := choices.prune_vocab:
        new = prune(source, partial(_read, corpus, nlp))
    texts = [doc.text for doc in golds[:SCALES]]
    network, fused, probe, gap = convert(new, texts[:ROWS], choices.provider, choices.engine)

    log("Comparing vectors and decisions")
    stand = Stand(nlp, new, golds, choices)
    score = stand.score(network)
    too_long = find_too_long(nlp, source.name, golds)
    if new is source:  # with fewer wordpieces, documents with others than the corpus has will differ
        gap = compare(nlp, source.name, expected, golds[:SAMPLE])
        require_gap("optimised pipeline", gap)
        if choices.precision == "fp32":
            require_same(before, stand.outcome, too_long, choices.dev)

    processor, least = read_processor(), before.score - choices.max_drop
    trials = [Trial((), score, network.size)]
    if score < least:  # the vocabulary is too small
        raise refuse(before.score, trials, choices.max_drop)
    is_int8 = choices.precision == "int8"
    seven = is_int8 and (processor.saturates if choices.reduce_range is None else choices.reduce_range)
    result = Search(network, {}, trials)
    if is_int8:
        log("Quantising")
        rows = sample_inputs(new, texts)
        parts, quantize = TOOLS[choices.engine].quantizer(network, source.depth, seven, rows)
        result = search(parts, quantize, probe.error, stand.score, least)
    if result.network is None:
        raise refuse(before.score, result.trials, choices.max_drop)

    kept, after = result.trials[-1].kept, stand.outcome
    packages = [package.replace("_", "-") for package in (*PACKAGES[choices.engine], "onnxruntime_gpu")]
    precision: GraphPrecision = "mixed" if kept else choices.precision
    stand.put(result.network, precision)
    report = Report(
        model=model,
        precision=precision,
        encoder=source.kind,
        fused=fused,
        entries=(len(source.wordpieces.strings), len(new.wordpieces.strings)),
        gap=gap,
        kept=kept,
        errors=result.errors,
        trials=result.trials,
        score=(before.score, after.score),
        scores=pair(shown(before.scores, weights), shown(after.scores, weights)),
        max_drop=choices.max_drop,
        documents=len(golds),
        same=sum(a == b for a, b in zip(before.decisions, after.decisions)) / len(golds),
        speed=(before.speed, after.speed),
        sizes=(size, 0),
        processor=processor.name,
        features=processor.features,
        reduce_range=seven,
        threads=choices.threads,
        provider=choices.provider,
        engine=choices.engine,
        versions={name: found for name in packages if (found := find_version(name))},
        warnings=[
            *source.warnings,
            *_warn(nlp, source.name),
            *([Errors.H733.format(n=sum(too_long), total=len(golds))] if any(too_long) else []),
            *(processor.warn(seven) if is_int8 else []),
        ],
    )
    log("Writing")
    report = save(nlp, report, after.scores, folder)
    check_saved(nlp, folder, golds[:SAMPLE])
    return report


def _warn(nlp: Language, encoder: str) -> list[str]:
    names = ", ".join(find_torch(nlp))
    return [Errors.H732.format(names=names, encoder=encoder)] if names else []


def _read(path: Path, nlp: Language) -> Iterator[str]:
    return (text if isinstance(text, str) else text.text for text in read_texts(path, nlp.vocab))
