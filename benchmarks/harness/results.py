"""Result files: one JSON object a line, appended as soon as a run ends.

So an interrupted series goes on where it stopped, and every table can be made again without measuring.
"""

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "results"
PACKAGES = ("spacy-hone", "spacy", "thinc", "torch", "transformers", "spacy-transformers")
CPU_FLAGS = ("avx2", "avx512_vnni", "avx512_bf16", "amx_bf16")

Record = dict[str, Any]


def read(path: Path) -> list[Record]:
    """All records of a file; none if there is no file yet."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines() if line]


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Write one record at the end of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf8") as file:
        file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")


def find(path: Path, key: Mapping[str, Any]) -> Record | None:
    """The first record that agrees with every item of `key`."""
    agreeing = (
        record for record in read(path) if all(record.get(name) == value for name, value in key.items())
    )
    return next(agreeing, None)


def environment() -> Record:
    """Versions and machine, for the record."""
    return {"versions": {name: version(name) for name in PACKAGES}, "machine": describe_machine()}


def describe_machine() -> str:
    """Processor, cores that this process may use, and the instructions that decide about bf16 and int8."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    facts = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    flags = [flag for flag in CPU_FLAGS if flag in facts.get("flags", "").split()]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return ", ".join([facts.get("model name", platform.processor()), f"{cores} cores", *flags])


def markdown(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
