"""Look at the corpora and the encoder before the long work starts."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.vocab import Vocab
from thinc.api import Model

from ..corpora.docs import docbin_paths, read_docs
from ..corpora.schemes import tags_among
from ..errors import Errors, HoneError
from ..errors.near import near_names
from .annotations import Annotation, needed_annotations
from .readers import BINARY

READER = "hone.Corpus.v1"
ENCODERS = ("hone.TransformerModel.v1", "hone.TransformerEncoder.v1")


@dataclass(slots=True)
class Split:
    """What one corpus holds: `annotated` and `labels` count by the annotation's name (and label), `first` is
    the number (from 1) of the first document with a label, `texts` counts hashes."""

    documents: int = 0
    tokens: int = 0
    annotated: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=dict)
    first: dict[tuple[str, str], int] = field(default_factory=dict)
    whitespace: list[str] = field(default_factory=list)
    texts: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class Summary:
    """What `check_corpora` saw. duplicates: documents of dev whose text is in train too."""

    train: Split
    dev: Split
    duplicates: int


def make_check_corpora() -> Callable[[Language], Language]:
    """Build the `[initialize.before_init]` callback that runs `check_corpora` on the pipeline's config.

    Raises H532 for a frozen encoder that nothing gives its weights, H534 for settings of a component that there is not,
    and the errors of `check_corpora`.
    """

    def check(nlp: Language) -> Language:
        config = nlp.config.interpolate()
        frozen = config["training"].get("frozen_components", [])
        _raise([*_frozen_faults(nlp, frozen), *_name_faults(nlp, config["initialize"].get("components", {}))])
        check_corpora(config)
        return nlp

    return check


def check_corpora(config: Mapping[str, Any]) -> Summary:
    """Compare the corpora with what the components of `config` train on, and find the encoders.

    config: an interpolated spaCy config (`nlp.config.interpolate()`); the corpora that `[training]` names
        must have a `path` to .spacy files. Warns (H517) about dev documents that are in train too.

    Raises one error with all faults: H201 (an encoder that is nowhere), H124 (no .spacy file, or a
    file that is none), H303 (no entities to learn from), H512 (nothing in it), H513 (a label that dev has and train
    lacks), H514 (an annotation that a component needs is nowhere), H515 (tags of a scheme where labels belong), H516
    (entities that begin or end in whitespace), H533 (texts without annotation, and a component without teacher or labels).
    """
    sources = {name: _find_corpora(config, f"{name}_corpus") for name in ("train", "dev")}
    paths = {
        name: [each.get("path") for each in found if not _is_text(each)] for name, found in sources.items()
    }
    _raise([*_encoder_faults(config["components"]), *_path_faults(chain(*paths.values()))])
    needed = needed_annotations(config)
    train, dev = (_read(found, needed.values()) for found in paths.values())
    named = {name: ", ".join(str(each.get("path")) for each in found) for name, found in sources.items()}
    lacking = {name: _lacks_to_be_taught(config, name) for name in needed}
    untaught = [name for name, what in lacking.items() if what]
    if paths["train"]:
        faults = _split_faults("train", train, named["train"], needed, untaught)
    else:
        faults = (Errors.H533.format(paths=named["train"], name=n, lacking=lacking[n]) for n in untaught)
    _raise(
        [
            *faults,
            *_split_faults("dev", dev, named["dev"], needed, needed),
            *_lacking_labels(config, train, named["train"], needed),
            *_label_faults(train, dev, _listed_labels(config, needed)),
        ]
    )
    duplicates = sum(n for text, n in dev.texts.items() if text in train.texts)
    if duplicates:
        warnings.warn(Errors.H517.format(n=duplicates, total=dev.documents), stacklevel=2)
    return Summary(train, dev, duplicates)


def _find_corpora(config: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The block of the corpus that `[training]` names, `corpora.train` for example, or those of several in one
    (hone.Corpora.v1)."""
    section = config
    for part in config["training"][name].split("."):
        section = section.get(part, {})
    return [*section["*"].values()] if "*" in section else [section]


def _is_text(corpus: Mapping[str, Any]) -> bool:
    """Whether a corpus holds texts without annotation (hone.Corpus.v1), by its name."""
    path = Path(corpus.get("path") or "")
    return corpus.get("@readers") == READER and path.suffix not in BINARY and not path.is_dir()


def _lacks_to_be_taught(config: Mapping[str, Any], name: str) -> str:
    """What a component needs to learn from texts without annotation, and does not have."""
    settings = config.get("initialize", {}).get("components", {}).get(name, {})
    return ", ".join(each for each in ("teacher", "labels") if not settings.get(each))


def _raise(faults: list[str]) -> None:
    if faults:
        raise HoneError("\n".join(faults))


def _frozen_faults(nlp: Language, frozen: Iterable[str]) -> Iterator[str]:
    """Encoders that listeners wait for (spaCy #11547)."""
    for name, pipe in nlp.components:
        model = getattr(pipe, "model", None) if hasattr(pipe, "find_listeners") else None
        if name in frozen and model is not None and not _has_weights(model):
            yield Errors.H532.format(name=name)


def _name_faults(nlp: Language, settings: Iterable[str]) -> Iterator[str]:
    """Names that spaCy passes over."""
    for name in settings:
        if name not in nlp.component_names:
            close = near_names(name, nlp.component_names, n=1)
            near = f"Did you mean {close[0]}? " if close else ""
            yield Errors.H534.format(name=name, near=near, names=", ".join(nlp.component_names))


def _has_weights(model: Model) -> bool:
    """Whether a model has been initialised or loaded."""
    given = (node.has_param(name) for node in model.walk() for name in node.param_names)
    return bool(model.has_dim("nO")) and None not in given


def _encoder_faults(settings: Any) -> Iterator[str]:
    if not isinstance(settings, Mapping):
        return
    if settings.get("@architectures") in ENCODERS and settings.get("name"):
        from ..models.resolve import resolve_encoder

        try:
            resolve_encoder(settings["name"])
        except HoneError as error:
            yield str(error)
    for value in settings.values():
        yield from _encoder_faults(value)


def _path_faults(paths: Iterable[str | None]) -> Iterator[str]:
    for path in paths:
        try:
            docbin_paths(path)
        except HoneError as error:
            yield str(error)


def _read(paths: Iterable[str | None], annotations: Iterable[Annotation]) -> Split:
    split = Split()
    kinds = {kind.name: kind for kind in annotations}
    split.labels = {name: Counter() for name in kinds}
    docs = chain.from_iterable(read_docs(path, Vocab()) for path in paths)
    for number, doc in enumerate(docs, start=1):
        split.documents += 1
        split.tokens += len(doc)
        split.texts[hash(doc.text)] += 1
        for name, kind in kinds.items():
            if not len(doc) or not kind.is_in(doc):
                continue
            split.annotated[name] += 1
            labels = Counter(kind.labels(doc))
            split.labels[name] += labels
            for label in labels:
                split.first.setdefault((name, label), number)
            split.whitespace += [
                f"{span.label_} {span.text!r} in document {number}"
                for span in (kind.spans(doc) if kind.spans else ())
                if span[0].text.isspace() or span[-1].text.isspace()
            ]
    return split


def _split_faults(
    name: str, split: Split, path: str | None, needed: Mapping[str, Annotation], required: Iterable[str]
) -> Iterator[str]:
    """required: components that cannot do without annotation."""
    if not split.tokens:
        yield Errors.H512.format(split=name, path=path, documents=split.documents)
        return
    for component in required:
        kind = needed[component]
        if not split.annotated[kind.name]:
            yield Errors.H514.format(
                component=component, kind=kind.name, split=name, path=path, documents=split.documents
            )
    for kind in {kind.name: kind for kind in needed.values() if kind.spans}.values():
        if tags := tags_among(split.labels[kind.name]):
            yield Errors.H515.format(labels=", ".join(tags), split=name, path=path)
    if split.whitespace:
        yield Errors.H516.format(
            n=len(split.whitespace), split=name, path=path, first="; ".join(split.whitespace[:3])
        )


def _lacking_labels(
    config: Mapping[str, Any], train: Split, path: str, needed: Mapping[str, Annotation]
) -> Iterator[str]:
    """Components of spans that would have no labels: the train corpus has no span, and the config lists none."""
    settings = config.get("initialize", {}).get("components", {})
    for name, kind in needed.items():
        listed = settings.get(name, {}).get("labels")
        if kind.spans and train.annotated[kind.name] and not (listed or any(train.labels[kind.name])):
            source = f"{kind.name} of {path}"
            yield Errors.H303.format(name=name, n_docs=train.annotated[kind.name], source=source)


def _listed_labels(config: Mapping[str, Any], needed: Mapping[str, Annotation]) -> dict[str, set[str]]:
    """The labels that `[initialize.components]` lists for each kind of annotation: a component that is extended knows
    them without examples."""
    settings = config.get("initialize", {}).get("components", {})
    listed: dict[str, set[str]] = {}
    for name, kind in needed.items():
        labels = settings.get(name, {}).get("labels")
        listed.setdefault(kind.name, set()).update(labels if isinstance(labels, list) else [])
    return listed


def _label_faults(train: Split, dev: Split, listed: Mapping[str, set[str]]) -> Iterator[str]:
    for kind, labels in dev.labels.items():
        known = train.labels[kind]
        lacking = labels.keys() - known.keys() - listed[kind]
        for label in sorted(lacking if train.annotated[kind] else ()):
            near = near_names(label, known)
            yield Errors.H513.format(
                label=label,
                kind=kind,
                n=labels[label],
                number=dev.first[kind, label],
                near=f" Near names in train: {', '.join(near)}." if near else "",
                known=", ".join(sorted(known)) or "none",
            )
