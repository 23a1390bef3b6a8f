"""What `import spacy_hone` costs over `import spacy`, and that it works where torch cannot be imported.

    python benchmarks/startup.py run
    python benchmarks/startup.py run --python path/to/an/environment/without/torch/bin/python
    python benchmarks/startup.py table

Each measurement is a fresh process; the variants take turns.
"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from harness.results import FOLDER, append, describe_machine, markdown, read

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

Out = Annotated[Path, typer.Option("--out", help="result file")]
OUT = FOLDER / "startup.jsonl"

TIMED = """
import json, time
start = time.perf_counter()
{first}
middle = time.perf_counter()
{then}
end = time.perf_counter()
import spacy, sys
ms = {{"first_ms": 1e3 * (middle - start), "then_ms": 1e3 * (end - middle)}}
print(json.dumps(ms | {{"torch": "torch" in sys.modules}}))
"""
ENTRY_POINTS = """
from importlib.metadata import distribution
for entry_point in distribution("spacy-hone").entry_points: entry_point.load()
"""
BLOCKED = """
import sys
class Blocker:
    names = {"torch", "transformers", "spacy_transformers", "tokenizers", "seqeval", "opencc"}
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
"""
NAMES = {
    "import spacy_hone": ("import spacy", "import spacy_hone", ""),
    "load all entry points": ("import spacy", ENTRY_POINTS, ""),
    "import spacy_hone, no torch": ("import spacy", "import spacy_hone", BLOCKED),
    "load all entry points, no torch": ("import spacy", ENTRY_POINTS, BLOCKED),
}


@app.command()
def run(
    *,
    python: Annotated[str, typer.Option(help="the interpreter to measure")] = sys.executable,
    label: Annotated[str, typer.Option(help="what the table calls it")] = "all extras",
    times: Annotated[int, typer.Option(help="processes of each variant")] = 15,
    out: Out = OUT,
) -> None:
    """Measure every variant so many times, after one round that fills the caches."""
    machine = describe_machine()
    for i in range(times + 1):
        for name, (first, then, before) in NAMES.items():
            code = before + TIMED.format(first=first, then=then)
            found = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
            if found.returncode:
                sys.exit(f"{name} fails in {python}:\n{found.stderr}")
            if i:
                append(
                    out,
                    {"variant": name, "environment": label, "machine": machine} | json.loads(found.stdout),
                )


@app.command()
def table(out: Out = OUT) -> None:
    """Print the Markdown table of medians."""
    groups: dict[tuple[str, str], list[dict]] = {}
    for record in read(out):
        groups.setdefault((record["environment"], record["variant"]), []).append(record)
    rows = [
        [*name, len(group), *(f"{median(r[key] for r in group):.0f}" for key in ("first_ms", "then_ms")),
         "yes" if any(r["torch"] for r in group) else "no"]
        for name, group in sorted(groups.items())
    ]  # fmt: skip
    header = ("environment", "what", "processes", "import spacy, ms", "then, ms (median)", "torch imported")
    print(markdown(header, rows))


if __name__ == "__main__":
    app()
