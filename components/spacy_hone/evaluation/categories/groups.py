"""Which categories belong together: those of one component, exclusive or independent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from ...pipes.thresholds import Pairs

STOCK = {"textcat": False, "textcat_multilabel": True}  # factory -> whether its labels are independent


class Group(NamedTuple):
    """The categories of a component.

    name: of the component. labels: in its order. multi_label: whether they are independent.
    positive_label: the one that is looked for, of exclusive ones. thresholds: [label, probability] pairs.
    decides: whether the component writes `doc._.labels`.
    """

    name: str
    labels: tuple[str, ...]
    multi_label: bool
    positive_label: str | None
    thresholds: Pairs
    decides: bool


def find_groups(nlp: Language, golds: Sequence[Doc], preds: Sequence[Doc]) -> list[Group]:
    """The groups of a pipeline. Components that do not say what they assign are judged by what they do: their
    labels are those of `doc.cats`, exclusive if just one holds in each annotated document.

    golds, preds: the same documents; not empty.
    """
    groups = [_read_group(nlp, name, golds) for name in components(nlp)]
    groups = [group for group in groups if group.labels]
    known = {label for group in groups for label in group.labels}
    others = tuple(sorted({label for doc in preds for label in doc.cats} - known))
    if others:
        decides = any(set(labels_of(doc)) & set(others) for doc in preds)
        groups.append(Group("doc.cats", others, not _is_exclusive(golds, others), None, (), decides))
    return groups


def extra_labels(groups: Sequence[Group], golds: Iterable[Doc]) -> tuple[list[str], list[str]]:
    """Labels that hold in gold documents and no group has: those that are the only group's all the same, so that each
    counts as missed, and those that are not its business. A label that holds where another one does cannot be one of
    the exclusive labels of a group.

    Returns both, sorted.
    """
    known = {label for group in groups for label in group.labels}
    held = [{label for label, value in doc.cats.items() if value} for doc in golds]
    unknown = set().union(*held) - known
    foreign = unknown if len(groups) != 1 else set()
    if len(groups) == 1 and not groups[0].multi_label:
        foreign = {label for each in held if len(each) > 1 for label in each & unknown}
    return sorted(unknown - foreign), sorted(foreign)


def components(nlp: Language) -> list[str]:
    """The components that say that they assign categories."""
    return [name for name in nlp.pipe_names if "doc.cats" in nlp.get_pipe_meta(name).assigns]


def labels_of(doc: Doc) -> list[str]:
    """The labels decided for: `doc._.labels`, which is there once a component has been made that writes it."""
    return doc._.labels if Doc.has_extension("labels") else []


def _read_group(nlp: Language, name: str, golds: Iterable[Doc]) -> Group:
    pipe, meta = nlp.get_pipe(name), nlp.get_pipe_meta(name)
    cfg = getattr(pipe, "cfg", {})
    labels = tuple(getattr(pipe, "labels", ()))
    multi_label = cfg.get("multi_label", STOCK.get(meta.factory))
    if multi_label is None:
        multi_label = not _is_exclusive(golds, labels)
    return Group(
        name,
        labels,
        multi_label,
        cfg.get("positive_label"),
        _read_thresholds(cfg, labels, multi_label),
        "doc._.labels" in meta.assigns,
    )


def _read_thresholds(cfg: Mapping[str, Any], labels: Iterable[str], multi_label: bool) -> Pairs:
    """Ours are by label; stock components have one for all, which exclusive labels do not heed."""
    if multi_label and "threshold" in cfg:
        return [(label, cfg["threshold"]) for label in labels]
    return cfg.get("thresholds", ())


def _is_exclusive(golds: Iterable[Doc], labels: Iterable[str]) -> bool:
    held = [sum(doc.cats.get(label, 0) for label in labels) for doc in golds if doc.cats]
    return all(n == 1 for n in held)
