"""Text categories as a kind of annotation: one section for each component."""

from collections.abc import Iterator

from spacy.language import Language
from spacy.tokens import Doc

from ...errors import Errors
from ..kind import Compared, Kind
from ..peers import TOLERANCE, difference
from .groups import components, extra_labels, find_groups, labels_of
from .peers import score_peer
from .samples import make_samples
from .scores import score_categories
from .section import Categories


def report(compared: Compared) -> list[Categories]:
    """Score the categories of each component that the corpus has annotation for."""
    nlp, golds, preds, bootstrap, seed = compared
    groups = find_groups(nlp, golds, preds)
    extra, left_out = extra_labels(groups, golds)
    sections: list[Categories] = []
    for group in groups:
        samples = make_samples(group, extra, golds, preds)
        if not samples.golds:
            continue
        scores = score_categories(samples, bootstrap, seed)
        peer = score_peer(samples, scores.scores)
        gap = difference(peer, scores.scores)
        wrong = peer.expected and gap > TOLERANCE
        warnings = [Errors.H609.format(name=peer.name, difference=gap)] if wrong else []
        if left_out and not sections:
            names = ", ".join(each.name for each in groups)
            warnings.append(Errors.H614.format(components=names, labels=", ".join(left_out)))
        skipped = sum(bool(doc.cats) for doc in golds) - len(samples.golds)
        sections.append(Categories(samples, scores, peer, warnings, skipped))
    return sections


def copy(source: Doc, target: Doc) -> None:
    """Copy categories, and the labels decided for."""
    target.cats = dict(source.cats)
    if labels_of(source):
        target._.labels = list(labels_of(source))


def labels(doc: Doc) -> Iterator[str]:
    """The categories that hold."""
    return (label for label, value in doc.cats.items() if value)


def predictable(nlp: Language) -> set[str]:
    """The labels of all components with categories."""
    return {label for name in components(nlp) for label in nlp.pipe_labels.get(name, ())}


CATEGORIES = Kind(
    where="doc.cats",
    unit="documents",
    assigns="doc.cats",
    is_gold=lambda doc: bool(doc.cats),
    is_found=lambda doc: bool(doc.cats),
    labels=labels,
    predictable=predictable,
    copy=copy,
    report=report,
)
