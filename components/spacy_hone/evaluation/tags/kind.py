"""Token tags as a kind of annotation."""

from functools import partial

from spacy.language import Language
from spacy.tokens import Doc

from ...errors import Errors
from ..kind import Compared, Kind
from ..peers import TOLERANCE
from .samples import Attr, get_tags, is_tagged, make_samples
from .scores import score_peer, score_tags
from .section import TokenTags

STOCK = {"tagger": "tag"}  # factories that write one attribute and say which labels


def make_tags(attr: Attr) -> Kind:
    """`token.tag_` or `token.pos_`."""
    return Kind(
        where=f"token.{attr}_",
        unit="tokens",
        assigns=f"token.{attr}",
        is_gold=partial(is_tagged, attr=attr),
        is_found=lambda doc: doc.has_annotation(attr.upper()),
        labels=lambda doc: filter(None, get_tags(doc, attr)),
        predictable=partial(_predictable, attr=attr),
        copy=partial(_copy, attr=attr),
        report=partial(_report, attr=attr),
    )


def _predictable(nlp: Language, attr: Attr) -> set[str]:
    names = [name for name in nlp.pipe_names if _written(nlp, name) == attr]
    return {label for name in names for label in nlp.pipe_labels.get(name, ())}


def _written(nlp: Language, name: str) -> str | None:
    factory = nlp.get_pipe_meta(name).factory
    return STOCK.get(factory) or getattr(nlp.get_pipe(name), "cfg", {}).get("written")


def _copy(source: Doc, target: Doc, attr: Attr) -> None:
    for old, new in zip(source, target):
        setattr(new, attr, getattr(old, attr))


def _report(compared: Compared, attr: Attr) -> list[TokenTags]:
    _, golds, preds, bootstrap, seed = compared
    samples = make_samples(attr, golds, preds)
    scores = score_tags(samples, bootstrap, seed)
    peer = score_peer(samples, [preds[sample.number] for sample in samples], attr)
    gap = abs(peer.accuracy - scores.accuracy)
    wrong = not peer.reason and gap > TOLERANCE
    warnings = [Errors.H609.format(name=f"spaCy's {peer.name}", difference=gap)] if wrong else []
    return [TokenTags(attr, samples, scores, peer, warnings)]
