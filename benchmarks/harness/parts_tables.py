"""Tables of where time goes."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from harness.results import Record, markdown
from spacy_hone.deploy.benchmark.spread import spread, spread_ratios

MB = 10**6


def tables(records: Sequence[Record], base: str) -> str:
    """All tables of a result file. base: the variant that the others are held against."""
    kinds: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        kinds[record["measure"]].append(record)
    found = [parts_table(kinds[name], name) for name in ("update", "prediction") if kinds[name]]
    found += [variants_table(kinds["variant"], base)] if kinds["variant"] else []
    found += [checkpoint_table(kinds["checkpoint"])] if kinds["checkpoint"] else []
    return "\n\n".join(found)


def parts_table(records: Sequence[Record], what: str) -> str:
    """Milliseconds of each part, medians, and their share of the whole."""
    rows = []
    for name, group in _group(records, "name").items():
        total = median(sum(record["parts"].values()) for record in group)
        parts = {part: median(r["parts"].get(part, 0) for r in group) for part in group[0]["parts"]}
        for part, seconds in sorted(parts.items(), key=lambda pair: -pair[1]):
            rows.append([name, part, len(group), f"{1e3 * seconds:.1f}", f"{seconds / total:.1%}"])
        rows.append([name, "all", len(group), f"{1e3 * total:.1f}", ""])
    return markdown((what, "part", "blocks", "ms, median", "share"), rows)


def variants_table(records: Sequence[Record], base: str) -> str:
    """Words/s of each variant, and how often as fast as the update as it is, by blocks."""
    blocks = {
        name: {record["block"]: record for record in group} for name, group in _group(records, "name").items()
    }
    rows = []
    for name, found in blocks.items():
        rates = spread([record["words"] / record["seconds"] for record in found.values()])
        shared = [block for block in found if block in blocks.get(base, {})]
        pairs = [(blocks[base][block]["seconds"], found[block]["seconds"]) for block in shared]
        ratios = spread_ratios(*zip(*pairs)).format(".2f") if pairs else ("", "")
        rows.append([name, len(found), *rates.format(",.0f"), *ratios])
    header = ("an update ...", "blocks", "words/s, median", "quartiles", f"times {base}", "quartiles")
    return markdown(header, rows)


def checkpoint_table(records: Sequence[Record]) -> str:
    """Medians."""
    rows = [
        [
            name,
            len(group),
            f"{group[0]['bytes'] / MB:.0f}",
            *(f"{1e3 * median(r[key] for r in group):.0f}" for key in ("seconds", "copy_seconds")),
        ]
        for name, group in _group(records, "system").items()
    ]
    return markdown(("pipeline", "times", "MB", "model-last, ms", "copy to model-best, ms"), rows)


def _group(records: Sequence[Record], key: str) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record[key], []).append(record)
    return groups
