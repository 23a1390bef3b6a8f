"""Load a pipeline in this fresh process, run texts through it, and say what time and memory that took.

    python -m spacy_hone.deploy.benchmark.child MODEL BATCH_SIZE GPU_ID < texts.json

spaCy is imported under the clock, nothing of ours at all. The answer is the last line of the output, as JSON: the
fields of `start.Start`.
"""

import json
import sys
from pathlib import Path
from time import perf_counter

KIB = 1024


def main(model: str, batch_size: int, gpu_id: int) -> dict[str, float]:
    """Measure. model: path or name. gpu_id: number of the GPU, -1 for the CPU."""
    texts = json.load(sys.stdin)
    begin = perf_counter()
    import spacy

    if gpu_id >= 0:
        spacy.require_gpu(gpu_id)
    imported = perf_counter()
    nlp = spacy.load(model)
    loaded = perf_counter()
    nlp(texts[0])
    answered = perf_counter()
    resident, _ = measure_memory()
    for _ in nlp.pipe(texts, batch_size=batch_size):
        pass
    return {
        "import_seconds": imported - begin,
        "load_seconds": loaded - imported,
        "first_seconds": answered - loaded,
        "loaded_bytes": resident,
        "peak_bytes": measure_memory()[1],
    }


def measure_memory() -> tuple[int, int]:
    """Resident bytes of this process, now and at most so far.

    Linux' own figures are taken: `getrusage` there begins with the peak of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        now, peak = (KIB * int(fields[name].split()[0]) for name in ("VmRSS", "VmHWM"))
        return now, peak
    import psutil

    info = psutil.Process().memory_info()
    return info.rss, getattr(info, "peak_wset", 0) or _peak_of_mac()


def _peak_of_mac() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    found = main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write(f"\n{json.dumps(found)}\n")
