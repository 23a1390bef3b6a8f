"""How words/s change with length and batch size, as a plot."""

from collections.abc import Sequence
from pathlib import Path

from harness.results import Record
from spacy_hone.deploy.benchmark.figure import COLOURS, fit_axis, make_figure, render
from spacy_hone.deploy.benchmark.spread import spread

TITLES = {
    "length": "Documents of so many words",
    "batch": "Recipes at a time",
}
STYLES = ("-", "--", ":", "-.")


def draw_growth(records: Sequence[Record], path: Path) -> bytes:
    """A panel for each axis: medians as lines, quartiles as bands; a colour a system, a style a number of threads."""
    systems = list(dict.fromkeys(record["system"] for record in records))
    threads = sorted({record["threads"] for record in records}, reverse=True)
    handles = {}
    with make_figure(len(TITLES)) as (figure, axes):
        for ax, (axis, title) in zip(axes, TITLES.items()):
            for i, system in enumerate(systems):
                for count, style in zip(threads, STYLES):
                    points = collect(records, axis, system, count)
                    if not points:
                        continue
                    at, rates = list(points), [spread(values) for values in points.values()]
                    medians = [rate.median for rate in rates]
                    label = f"{system}, {count} thread{'s' * (count > 1)}"
                    colour = COLOURS[i % len(COLOURS)]
                    [handles[label]] = ax.plot(at, medians, style, marker="o", markersize=3, color=colour)
                    low, high = [rate.low for rate in rates], [rate.high for rate in rates]
                    ax.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
            shown = [record for record in records if record["axis"] == axis]
            fit_axis(ax, "x", [record["at"] for record in shown])
            fit_axis(ax, "y", [record["words"] / record["seconds"] for record in shown])
            ax.set_xlabel(title)
            ax.set_ylabel("Words per second")
            ax.set_ylim(bottom=0 if ax.get_yscale() == "linear" else None)
            ax.grid(alpha=0.3)
        figure.legend(handles.values(), handles, loc="outside lower center", ncols=2, frameon=False)
        return render(figure, path)


def collect(records: Sequence[Record], axis: str, system: str, threads: int) -> dict[int, list[float]]:
    """Words/s of all repeats at each point, in order."""
    found: dict[int, list[float]] = {}
    key = {"axis": axis, "system": system, "threads": threads}
    for record in sorted(records, key=lambda record: record["at"]):
        if key.items() <= record.items():
            found.setdefault(record["at"], []).append(record["words"] / record["seconds"])
    return found
