"""Figures of different machines are kept apart: a ratio holds on the machine that it was measured on."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from harness.results import Record


def by_machine(records: Sequence[Record], tables: Callable[[Sequence[Record]], str]) -> str:
    """The tables of each machine under its name."""
    machines: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        machines[short_name(record.get("machine") or record["processor"])].append(record)
    return "\n\n".join(f"{name}:\n\n{tables(group)}" for name, group in machines.items())


def short_name(machine: str) -> str:
    """A processor without trade marks, cores and features: "Intel Xeon"."""
    return machine.split(",", maxsplit=1)[0].replace("(R)", "").removesuffix(" Processor")
