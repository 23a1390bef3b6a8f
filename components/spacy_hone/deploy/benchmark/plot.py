"""The figures as a plot: a panel for speed, latency, what a start takes, and scores; a bar for each pipeline."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...errors import Errors
from .figure import DEFAULT, find_families, fit_axis, make_figure, plain, render
from .report import MIB, PERCENTILES, Benchmark, latency_ms, summarise_starts
from .spread import Spread


class Panel(NamedTuple):
    """groups: names along the axis. bars: for each pipeline the value of each group, maybe with its quartiles.
    labels: what is written at each of them."""

    title: str
    groups: Sequence[str]
    bars: Sequence[Sequence[float | Spread]]
    labels: Sequence[Sequence[str]]


def draw(found: Benchmark, path: Path) -> tuple[bytes, list[str]]:
    """The plot, in the format of the path's suffix, and coded warnings."""
    names, warnings = found.names(), []
    families = find_families("".join(names))
    if families is None:
        families, warnings = [DEFAULT], [Errors.H754.format(names=", ".join(names))]
        names = [f"{i} (pipeline {i})" for i in range(1, len(names) + 1)]
    panels = make_panels(found)
    with make_figure(len(panels), families) as (figure, axes):
        for ax, panel in zip(axes, panels):
            handles = draw_panel(ax, panel)
        figure.legend(handles, map(plain, names), loc="outside lower center", frameon=False)
        facts = found.facts
        figure.suptitle(
            plain(f"{facts['documents']:,} documents, {facts['words']:,} words; {facts['device']}")
        )
        return render(figure, path), warnings


def make_panels(found: Benchmark) -> list[Panel]:
    """What there is to see."""
    contenders = found.contenders
    speeds = [[found.rates(one, size) for size in found.batch_sizes] for one in contenders]
    latencies = [latency_ms(one) for one in contenders]
    starts = [summarise_starts(one) for one in contenders]
    costs = [
        [start["seconds"].median, start["peak_bytes"].median / MIB, one.size / MIB]
        for start, one in zip(starts, contenders)
    ]
    panels = [
        Panel(
            "Words per second, by batch size (more is better)",
            [f"{size:,}" for size in found.batch_sizes],
            speeds,
            [[f"{rate.median:,.0f}" for rate in row] for row in speeds],
        ),
        Panel(
            "Milliseconds for one text (less is better)",
            [f"p{q}" for q in PERCENTILES],
            latencies,
            [[f"{ms:,.1f}" for ms in row] for row in latencies],
        ),
        Panel(
            "Share of the first pipeline (less is better)",
            ["seconds to\nfirst answer", "peak memory,\nMiB", "on disk,\nMiB"],
            [[cost / (first or 1.0) for cost, first in zip(row, costs[0])] for row in costs],
            [[f"{seconds:.1f}", f"{peak:,.0f}", f"{disk:,.0f}"] for seconds, peak, disk in costs],
        ),
    ]
    names = found.score_names
    if names:
        scores = [[one.scores.get(name, 0.0) for name in names] for one in contenders]
        labels = [[f"{value:.3f}" for value in row] for row in scores]
        panels.append(Panel("Scores (more is better)", names, scores, labels))
    return panels


def draw_panel(ax: Any, panel: Panel) -> list[Any]:
    """Draw a panel. RETURNS: what stands for each pipeline in the legend."""
    width = 0.8 / len(panel.bars)
    places = np.arange(len(panel.groups))
    heights = [[_middle(value) for value in row] for row in panel.bars]
    handles = []
    for i, (row, tops, labels) in enumerate(zip(panel.bars, heights, panel.labels)):
        at = places + (i - (len(panel.bars) - 1) / 2) * width
        bars = ax.bar(at, tops, 0.92 * width, yerr=_whiskers(row), error_kw={"elinewidth": 0.8})
        ax.bar_label(bars, labels, padding=2, fontsize=7, rotation=90 if len(panel.bars) > 3 else 0)
        handles.append(bars)
    ax.set_title(panel.title, fontsize=9)
    ax.set_xticks(places, panel.groups)
    fit_axis(ax, "y", [value for row in heights for value in row])
    ax.margins(y=0.15)
    return handles


def _middle(value: float | Spread) -> float:
    return value.median if isinstance(value, Spread) else value


def _whiskers(row: Sequence[float | Spread]) -> list[list[float]] | None:
    spreads = [value for value in row if isinstance(value, Spread)]
    if len(spreads) < len(row):
        return None
    below = [value.median - value.low for value in spreads]
    return [below, [value.high - value.median for value in spreads]]
