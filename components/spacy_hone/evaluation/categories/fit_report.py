"""What fitting has changed, for people."""

from collections.abc import Iterable, Sequence

from rich.console import Console

from ..tables import format_number, make_table, print_line
from .fit import Fit, State

OPTIMISTIC = (
    "These scores, and others on this corpus, are now optimistic: the settings were chosen by it. "
    "Evaluate on another corpus."
)


def print_fits(fits: Sequence[Fit], folder: str, corpus: str, console: Console) -> None:
    """Write what was fitted to a console. folder, corpus: names, for the first lines."""
    print_line(console, f"model   {folder}")
    print_line(console, f"corpus  {corpus}")
    for each in fits:
        print_line(console, f"\n{each.component}: fitted to {each.documents:,} documents")
        console.print(make_table(("", "before", "after"), _states(each.before, each.after)))
        if each.fitted:
            console.print(make_table(("label", "positives", "before", "after"), _thresholds(each)))
    for warning in (warning for each in fits for warning in each.warnings):
        print_line(console, f"Warning: {warning}")
    print_line(console, OPTIMISTIC)


def _states(*states: State) -> Iterable[tuple[str, ...]]:
    names = {
        "temperature": "temperature",
        "negative log-likelihood": "loss",
        "expected calibration error": "calibration_error",
        "macro F1": "macro_f1",
    }
    for name, field in names.items():
        yield name, *(format_number(getattr(state, field)) for state in states)


def _thresholds(fit: Fit) -> Iterable[tuple[str, ...]]:
    """The threshold of each label that can have one; the positive label of exclusive ones has none at first."""
    before, after = dict(fit.before.thresholds), dict(fit.after.thresholds)
    default = None if len(fit.fitted) < len(fit.positives) else 0.5
    for label in fit.fitted:
        values = (format_number(pairs.get(label, default)) for pairs in (before, after))
        yield label, f"{fit.positives[label]:,}", *values
