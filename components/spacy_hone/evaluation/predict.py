"""Run a pipeline over gold texts, and time it."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import is_package, load_model, minibatch

from ..errors import Errors, HoneError
from .samples import get_spans

WARM_UP = 16  # documents


class Predictions(NamedTuple):
    """docs: entities or spans only, in the order of the gold documents; words: the pipeline's tokens;
    seconds: time spent in `nlp.pipe`."""

    docs: list[Doc]
    words: int
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


def predict(
    nlp: Language,
    golds: Sequence[Doc],
    *,
    spans_key: str | None = None,
    raw_text: bool = False,
    batch_size: int = 128,
    progress: Callable[[Sequence[Doc]], Iterable[Doc]] = iter,
) -> Predictions:
    """Predict the entities of `golds` in one pass, after `WARM_UP` documents that are not timed.

    raw_text: let the pipeline tokenise the text (and time that too) instead of taking the gold tokens;
        documents of which the spaces are unknown keep the gold tokens, as in `spacy evaluate`.
    batch_size: documents at a time.
    progress: wraps the documents, as `tqdm` does.

    Raises HoneError: no component has written an entity (the span group), nor says that it could.
    """
    _run(nlp, golds[:WARM_UP], raw_text, batch_size)
    docs, seconds, found = [], 0.0, False
    for batch in minibatch(progress(golds), batch_size):
        start = perf_counter()
        done = _run(nlp, batch, raw_text, batch_size)
        seconds += perf_counter() - start
        found = found or any(doc.ents if spans_key is None else spans_key in doc.spans for doc in done)
        docs += [_keep_spans(doc, spans_key) for doc in done]
    _check_component(nlp, found, spans_key)
    return Predictions(docs, sum(map(len, docs)), seconds)


def predictable_labels(nlp: Language, spans_key: str | None = None) -> set[str]:
    """Labels that the components say they assign; empty where none says so."""
    names = _entity_components(nlp, spans_key)
    return {label for name, labels in nlp.pipe_labels.items() if name in names for label in labels}


def _entity_components(nlp: Language, spans_key: str | None) -> list[str]:
    target = "doc.ents" if spans_key is None else "doc.spans"
    return [name for name in nlp.pipe_names if target in nlp.get_pipe_meta(name).assigns]


def _run(nlp: Language, golds: Sequence[Doc], raw_text: bool, batch_size: int) -> list[Doc]:
    inputs = [gold.text if raw_text and not gold.has_unknown_spaces else _bare(gold, nlp) for gold in golds]
    return list(nlp.pipe(inputs, batch_size=batch_size))


def _bare(gold: Doc, nlp: Language) -> Doc:
    return Doc(nlp.vocab, words=[t.text for t in gold], spaces=[bool(t.whitespace_) for t in gold])


def _keep_spans(doc: Doc, spans_key: str | None) -> Doc:
    """A copy without vectors and tensors, which would fill the memory on a large corpus."""
    copy = Doc(doc.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc])
    spans = [Span(copy, span.start, span.end, span.label) for span in get_spans(doc, spans_key)]
    if spans_key is None:
        copy.set_ents(spans)
    else:
        copy.spans[spans_key] = spans
    return copy


def _check_component(nlp: Language, found: bool, spans_key: str | None) -> None:
    if found or (spans_key is None and _entity_components(nlp, spans_key)):
        return
    where = "doc.ents" if spans_key is None else f"doc.spans[{spans_key!r}]"
    raise HoneError(Errors.H605.format(where=where, components=", ".join(nlp.pipe_names) or "none"))
