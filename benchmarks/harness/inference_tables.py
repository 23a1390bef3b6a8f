"""Tables of what prediction costs."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import median

import numpy as np

from harness.results import Record, markdown
from spacy_hone.deploy.benchmark.spread import spread, spread_ratios

BASE = "spacy"
LIMIT = "onnx-int8"
MB, MIB = 10**6, 2**20
STARTS = {
    "import_seconds": (1, ".2f"),
    "load_seconds": (1, ".2f"),
    "seconds": (1, ".2f"),
    "loaded_bytes": (MIB, ".0f"),
    "peak_bytes": (MIB, ".0f"),
}


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
    """Milliseconds of one text at a time, blocks pooled."""
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record["block"]):
        seconds[record["texts"], record["system"]] += record["seconds"]
    rows = []
    for (texts, system), values in seconds.items():
        points = [f"{1e3 * float(point):.1f}" for point in np.percentile(values, [50, 95, 99])]
        base = seconds.get((texts, BASE))
        share = median(values) / median(base) if base else float("nan")
        rows.append([texts, system, len(values), *points, f"{share:.2f}"])
    rows.sort(key=lambda row: row[0], reverse=True)
    header = ("texts", "system", "number", "p50, ms", "p95", "p99", f"p50 as a share of {BASE}'s")
    return markdown(header, rows)


def start_table(records: Sequence[Record]) -> str:
    """Medians of fresh processes, and what they are of the stock pipeline's, in whatever environment that was."""
    groups = {
        key: [median(r[name] for r in group) for name in STARTS]
        for key, group in _group(records, "environment", "system").items()
    }
    counts = Counter((r["environment"], r["system"]) for r in records)
    base = next((found for (_, system), found in groups.items() if system == BASE), None)
    rows = []
    for key, found in sorted(groups.items()):
        shares = [f" ({a / b:.2f})" for a, b in zip(found, base)] if base else [""] * len(found)
        texts = [f"{value / scale:,{style}}" for value, (scale, style) in zip(found, STARTS.values())]
        rows.append([*key, counts[key], *(text + share for text, share in zip(texts, shares))])
    header = (
        "environment",
        "system",
        "processes",
        "import spaCy, s",
        "load, s",
        "first answer since start, s",
    )
    return markdown((*header, "then resident, MiB", f"at most, MiB (share of {BASE}'s)"), rows)


def weight_table(records: Iterable[Record]) -> str:
    """Sizes, and scores on the test part with what they are above the stock pipeline's; of several records the last."""
    last = {record["system"]: record for record in records}
    rows = [
        [
            system,
            *(f"{r[name] / MB:.1f}" for name in ("disk_bytes", "wheel_bytes")),
            *(f"{r[k]:.4f}" for k in "prf"),
            f"{r['f'] - last[BASE]['f']:+.4f}" if BASE in last else "",
        ]
        for system, r in last.items()
    ]
    return markdown(("system", "folder, MB", "wheel, MB", "P", "R", "strict F1", f"than {BASE}"), rows)


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
