"""Run a pipeline over gold texts, and time it."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import is_package, load_model, minibatch

from ..errors import Errors, HoneError
from .kind import Kind

WARM_UP = 16  # documents


class Predictions(NamedTuple):
    """docs: with what is compared only, in the order of the gold documents; kinds: what was found; words: the
    pipeline's tokens; differing: documents of which these are not the gold ones; seconds: time spent in `nlp.pipe`."""

    docs: list[Doc]
    kinds: list[Kind]
    words: int
    differing: int
    seconds: float


def load_pipeline(model: str) -> Language:
    """Load a pipeline from a path or by the name of its installed package.

    Raises HoneError: neither of the two; or found, but not loadable.
    """
    if not (Path(model).exists() or is_package(model)):
        raise HoneError(Errors.H601.format(model=model, cwd=Path.cwd()))
    try:
        return load_model(model)
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise HoneError(Errors.H602.format(model=model, error=error)) from error


def describe(nlp: Language) -> str:
    """Language, name and version of a pipeline."""
    return f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}"


def predict(
    nlp: Language,
    golds: Sequence[Doc],
    kinds: Sequence[Kind],
    *,
    raw_text: bool = False,
    batch_size: int = 128,
    progress: Callable[[Sequence[Doc]], Iterable[Doc]] = iter,
) -> Predictions:
    """Predict `golds` in one pass, after `WARM_UP` documents that are not timed.

    kinds: what is compared.
    raw_text: let the pipeline tokenise the text (and time that too) instead of taking the gold tokens;
        documents of which the spaces are unknown keep the gold tokens, as in `spacy evaluate`.
    batch_size: documents at a time.
    progress: wraps the documents, as `tqdm` does.

    Raises HoneError: the pipeline predicts none of it, or not what was asked for by name.
    """
    _run(nlp, golds[:WARM_UP], raw_text, batch_size)
    docs, seconds, found = [], 0.0, [kind.may_be_empty and kind.is_assigned(nlp) for kind in kinds]
    for batch in minibatch(progress(golds), batch_size):
        start = perf_counter()
        done = _run(nlp, batch, raw_text, batch_size)
        seconds += perf_counter() - start
        found = [was or any(map(kind.is_found, done)) for was, kind in zip(found, kinds)]
        docs += [_keep(doc, kinds) for doc in done]
    differing = sum(map(_have_other_tokens, golds, docs))
    kept = [kind for kind, is_found in zip(kinds, found) if is_found]
    required = [kind for kind in kinds if kind.is_required] or kinds
    require_prediction(nlp, [kind for kind in kept if kind in required], required)
    return Predictions(docs, kept, sum(map(len, docs)), differing, seconds)


def predict_corpus(
    nlp: Language, golds: Sequence[Doc], kinds: Sequence[Kind], **options: Any
) -> tuple[list[Doc], list[int], Predictions]:
    """`predict` the documents that have annotation of one of the kinds. options: see there.

    Returns all documents, these as the pipeline sees them, the others as they are; the numbers of these; and what
    `predict` says.
    """
    numbers = [i for i, doc in enumerate(golds) if any(kind.is_gold(doc) for kind in kinds)]
    found = predict(nlp, [golds[i] for i in numbers], kinds, **options)
    docs = list(golds)
    for i, doc in zip(numbers, found.docs):
        docs[i] = doc
    return docs, numbers, found


def bare(gold: Doc, nlp: Language) -> Doc:
    """A document with the same tokens, and nothing else."""
    return Doc(nlp.vocab, words=[t.text for t in gold], spaces=[bool(t.whitespace_) for t in gold])


def require_prediction(nlp: Language, found: Sequence[Kind], sought: Sequence[Kind]) -> None:
    """Raise H605 where nothing of what was sought was found."""
    if not found:
        where = " or ".join(kind.where for kind in sought)
        raise HoneError(Errors.H605.format(where=where, components=", ".join(nlp.pipe_names) or "none"))


def _run(nlp: Language, golds: Sequence[Doc], raw_text: bool, batch_size: int) -> list[Doc]:
    inputs = [gold.text if raw_text and not gold.has_unknown_spaces else bare(gold, nlp) for gold in golds]
    return list(nlp.pipe(inputs, batch_size=batch_size))


def _keep(doc: Doc, kinds: Sequence[Kind]) -> Doc:
    """A copy without vectors and tensors, which would fill the memory on a large corpus."""
    copy = Doc(doc.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc])
    for kind in kinds:
        kind.copy(doc, copy)
    return copy


def _have_other_tokens(gold: Doc, pred: Doc) -> bool:
    return [(t.idx, t.text) for t in gold] != [(t.idx, t.text) for t in pred]
