"""The kinds of annotation that are compared, in one table: each has a reader, a copier and a reporter."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from .categories.kind import CATEGORIES
from .entities import make_entities
from .golds import require_annotation
from .kind import Kind
from .predict import require_prediction
from .summary import check_labels
from .tags.kind import make_tags


def make_kinds(spans_key: str | None = None) -> list[Kind]:
    """All kinds, in the order of the report. spans_key: take `doc.spans[spans_key]` for the entities."""
    return [make_entities(spans_key), CATEGORIES, make_tags("tag"), make_tags("pos")]


def choose_kinds(nlp: Language, kinds: Sequence[Kind], path: Path, golds: Sequence[Doc]) -> list[Kind]:
    """Those that the corpus has and the pipeline may predict: it says so, or has a component that says nothing of
    what it does. path: of the corpus.

    Raises HoneError: there is none (H604 if the corpus is to blame, H605 if the pipeline is).
    """
    silent = any(not nlp.get_pipe_meta(name).assigns for name in nlp.pipe_names)
    possible = [kind for kind in kinds if silent or kind.is_assigned(nlp)]
    require_annotation(path, golds, [kind for kind in kinds if kind.is_required] or possible or kinds)
    annotated = [kind for kind in kinds if any(map(kind.is_gold, golds))]
    chosen = [kind for kind in annotated if kind in possible]
    require_prediction(nlp, chosen, annotated)
    return chosen


def check_kinds(nlp: Language, kinds: Iterable[Kind], golds: Sequence[Doc]) -> list[str]:
    """Compare the corpus' labels with the pipeline's. Returns warnings; raises H606 if they have none in common."""
    warnings = []
    for kind in kinds:
        counts = Counter(label for doc in golds if kind.is_gold(doc) for label in kind.labels(doc))
        warnings += check_labels(dict(sorted(counts.items())), kind.predictable(nlp), kind.unit)
    return warnings
