"""Tables of what prediction costs."""

from collections import defaultdict
from collections.abc import Iterable
from statistics import median

import numpy as np

from harness.results import Record, markdown
from spacy_hone.deploy.benchmark.spread import spread, spread_ratios

BASE = "spacy"
LIMIT = "onnx-int8"
MIB = 2**20


def tables(records: Iterable[Record]) -> str:
    """All tables of a result file, one below the other."""
    kinds = defaultdict(list)
    for record in records:
        kinds[record["measure"]].append(record)
    makers = {
        "speed": speed_table,
        "latency": latency_table,
        "start": start_table,
        "weight": weight_table,
        "growth": growth_table,
    }
    return "\n\n".join(make(kinds[name]) for name, make in makers.items() if kinds[name])


def speed_table(records: Iterable[Record]) -> str:
    """Words/s. Ratios are taken within a block: the same texts in the same minute."""
    seconds: dict[int, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    words = {}
    for record in records:
        seconds[record["length"]][record["system"]][record["block"]] = record["seconds"]
        words[record["length"], record["block"]] = record["words"]
    rows = []
    for length, systems in sorted(seconds.items()):
        for system, blocks in systems.items():
            rates = [words[length, block] / value for block, value in blocks.items()]
            versus = [_ratios(systems.get(other, {}), blocks) for other in (BASE, LIMIT)]
            rows.append([_texts(length), system, len(blocks), *spread(rates).format(",.0f"), *versus])
    header = ("texts", "system", "blocks", "words/s, median", "quartiles", f"times {BASE}", f"times {LIMIT}")
    return markdown(header, rows)


def latency_table(records: Iterable[Record]) -> str:
    """Milliseconds of one recipe at a time, blocks pooled."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record["block"]):
        seconds[record["system"]] += record["seconds"]
    rows = []
    for system, values in seconds.items():
        points = [f"{1e3 * float(point):.1f}" for point in np.percentile(values, [50, 95, 99])]
        share = median(values) / median(seconds[BASE]) if BASE in seconds else float("nan")
        rows.append([system, len(values), *points, f"{share:.2f}"])
    return markdown(("system", "texts", "p50, ms", "p95", "p99", f"p50 as a share of {BASE}'s"), rows)


def start_table(records: Iterable[Record]) -> str:
    """Medians of fresh processes."""
    groups = _group(records, "environment", "system")
    rows = []
    for key, group in sorted(groups.items()):
        seconds, loaded, peak = (
            median(r[name] for r in group) for name in ("seconds", "loaded_bytes", "peak_bytes")
        )
        rows.append([*key, len(group), f"{seconds:.2f}", f"{loaded / MIB:,.0f}", f"{peak / MIB:,.0f}"])
    header = ("environment", "system", "processes", "first answer, s", "then resident, MiB", "at most, MiB")
    return markdown(header, rows)


def weight_table(records: Iterable[Record]) -> str:
    """Sizes, and scores on the test part; of several records the last."""
    last = {record["system"]: record for record in records}
    rows = [
        [
            system,
            *(f"{r[name] / MIB:.1f}" for name in ("disk_bytes", "wheel_bytes")),
            *(f"{r[k]:.4f}" for k in "prf"),
        ]
        for system, r in last.items()
    ]
    return markdown(("system", "folder, MiB", "wheel, MiB", "P", "R", "strict F1"), rows)


def growth_table(records: Iterable[Record]) -> str:
    """Words/s, median, in a column for each length or batch size."""
    points = {
        key: median(r["words"] / r["seconds"] for r in group)
        for key, group in _group(records, "axis", "system", "threads", "at").items()
    }
    return "\n\n".join(_growth(axis, points) for axis in sorted({key[0] for key in points}, reverse=True))


def _growth(axis: str, points: dict[tuple, float]) -> str:
    columns = sorted({at for name, *_, at in points if name == axis})
    rows = [
        [*row, *(f"{points[axis, *row, at]:,.0f}" if (axis, *row, at) in points else "" for at in columns)]
        for row in dict.fromkeys(key[1:3] for key in points if key[0] == axis)
    ]
    return markdown((f"words/s by {axis}", "threads", *(f"{at:,}" for at in columns)), rows)


def _ratios(base: dict[int, float], blocks: dict[int, float]) -> str:
    shared = [block for block in blocks if block in base]
    if not shared:
        return ""
    middle, quartiles = spread_ratios([base[b] for b in shared], [blocks[b] for b in shared]).format(".2f")
    return f"{middle} ({quartiles})"


def _group(records: Iterable[Record], *keys: str) -> dict[tuple, list[Record]]:
    groups: dict[tuple, list[Record]] = {}
    for record in records:
        groups.setdefault(tuple(record[key] for key in keys), []).append(record)
    return groups


def _texts(length: int) -> str:
    return f"{length:,} words each" if length else "recipes"
