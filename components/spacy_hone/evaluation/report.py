"""A report for machines (JSON) and for people (Markdown tables, which can be pasted anywhere)."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from rich.console import Console

from .predict import WARM_UP
from .section import Section
from .tables import print_line


def to_json(sections: Sequence[Section], facts: Mapping[str, Any], warnings: Sequence[str]) -> dict[str, Any]:
    """All numbers, fractions from 0 to 1 and unrounded: the entities' at the top, those of the others below keys of
    their own ("categories" by component, "tag", "pos").

    facts: what is in no section (model, corpus, speed ...); it comes first.
    """
    data = deepcopy(dict(facts))
    for section in sections:
        place = data
        for key in section.path:
            place = place.setdefault(key, {})
        place.update(section.to_json())
    return data | {"warnings": list(warnings)}


def print_report(
    sections: Sequence[Section], facts: Mapping[str, Any], warnings: Sequence[str], console: Console
) -> None:
    """Write the sections to a console.

    facts: model, pipeline, corpus, compared_documents, tokens, device, skipped_documents, differing_documents,
        words_per_second, bootstrap, seed; with an old pipeline before: its model and pipeline.
    """
    header = _describe(sections, facts)
    width = max(map(len, header))
    for name, text in header.items():
        print_line(console, f"{name:<{width}}  {text}")
    for section in sections:
        if len(sections) > 1 or section.path:
            print_line(console, f"\n{section.title}")
        for part in section.show():
            if isinstance(part, str):
                print_line(console, part)
            else:
                console.print(part)
    for warning in warnings:
        print_line(console, f"Warning: {warning}")


def _describe(sections: Sequence[Section], facts: Mapping[str, Any]) -> dict[str, str]:
    sizes = [section.size for section in sections if section.size]
    size = ", ".join([f"{facts['compared_documents']:,} documents", *sizes])
    skipped = f"; {facts['skipped_documents']:,} documents without annotation skipped"
    resamples = f"{facts['bootstrap']:,} resamples of the documents, seed {facts['seed']}"
    warm_up = f"a warm-up of at most {WARM_UP} documents"
    old = facts.get("before")
    return {
        "model": f"{facts['model']} ({facts['pipeline']})",
        **({"before": f"{old['model']} ({old['pipeline']})"} if old else {}),
        "corpus": f"{facts['corpus']} ({size}{skipped if facts['skipped_documents'] else ''})",
        "tokens": _describe_tokens(facts),
        "intervals": resamples if facts["bootstrap"] else "none",
        "speed": f"{facts['words_per_second']:,.0f} words/s on {facts['device']}, one pass after {warm_up}",
    }


def _describe_tokens(facts: Mapping[str, Any]) -> str:
    if facts["tokens"] == "gold":
        return "gold (with --raw-text the pipeline tokenises, as in `spacy evaluate`)"
    differing = facts["differing_documents"]
    return f"the pipeline's own from raw text, not the gold ones in {differing:,} documents"
