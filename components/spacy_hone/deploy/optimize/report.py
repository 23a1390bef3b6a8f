"""What was done to a pipeline, as data and for people."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console

from ...evaluation.tables import make_table, print_line
from ...models.onnx.engines import NAMES, Provider
from ...models.onnx.graph import Engine
from .sensitivity import Trial


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was done. Pairs are before and after.

    precision: `fp32`, `int8`, or `mixed` where `kept` names parts that stayed in float32. encoder: its class. fused:
    operators of the graph by kind. entries: of the vocabulary. gap: of the float32 graph's token vectors, see
    `largest_gap`. score: weighted. scores: by name. same: share of documents decided as before. speed: words per second
    on dev, measured once. sizes: bytes on disk. errors: of the vectors, with each part alone in float32. trials: in the
    order of the search.
    """

    model: str
    precision: str
    encoder: str
    fused: dict[str, int]
    entries: tuple[int, int]
    gap: float
    kept: tuple[str, ...]
    errors: dict[str, float]
    trials: list[Trial]
    score: tuple[float, float]
    scores: dict[str, tuple[float, float]]
    max_drop: float
    documents: int
    same: float
    speed: tuple[float, float]
    sizes: tuple[int, int]
    processor: str
    features: tuple[str, ...] | None
    reduce_range: bool
    threads: int
    provider: Provider
    engine: Engine
    versions: dict[str, str]
    warnings: list[str]

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {**asdict(self), "trials": [trial._asdict() for trial in self.trials]}


def pair(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Numbers that both have, by name."""
    return {name: (value, after[name]) for name, value in before.items() if name in after}


def print_report(report: Report, console: Console) -> None:
    """The report for people."""
    precision = ", ".join((report.precision, *(f"{part} in float32" for part in report.kept)))
    features = "unknown" if report.features is None else " ".join(report.features) or "none"
    before, after = report.entries
    lines = {
        "Encoder": f"{report.encoder}, {precision}{', weights of 7 bits' if report.reduce_range else ''}",
        "Operators": ", ".join(f"{n} {kind}" for kind, n in report.fused.items())
        or f"left to {NAMES[report.engine]}",
        "Vocabulary": f"{before:,} entries" if before == after else f"{after:,} of {before:,} entries",
        "Vectors": f"in float32 within {report.gap:.1e}",
        "Decisions": f"the same in {report.same:.1%} of {report.documents:,} documents",
        "Processor": f"{report.processor} ({features})",
    }
    for name, text in lines.items():
        print_line(console, f"{name}: {text}")
    rows = [(name, *(f"{value:.4f}" for value in values)) for name, values in report.scores.items()]
    rows += [("weighted score", *(f"{value:.4f}" for value in report.score))]
    rows += [("words/s on dev", *(f"{value:,.0f}" for value in report.speed))]
    rows += [("MB on disk", *(f"{value / 1e6:.1f}" for value in report.sizes))]
    console.print(make_table(("", "before", "after"), rows))
    if len(report.trials) > 1:
        trials = [(", ".join(t.kept) or "-", f"{t.score:.4f}", f"{t.size / 1e6:.1f}") for t in report.trials]
        console.print(make_table(("in float32", "weighted score", "MB of the graph"), trials))
    for warning in report.warnings:
        print_line(console, f"Warning: {warning}")
