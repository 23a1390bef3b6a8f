"""Tokens per second and memory of `hone convert` beside `spacy convert`, as a Markdown table.

    python benchmarks/convert.py

A four-column file in the shape of CoNLL-2003's training part (946 documents, about 204,000 tokens) is
generated. Both convert it in this process, start-up excluded, by turns; medians are printed. Memory is the
peak resident size (Linux) of fresh processes that convert the file and one ten times as long; of JSON lines
too, which are tokenised, with new words all along.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from statistics import median

import typer
from spacy.cli.convert import convert as spacy_convert
from spacy.tokens import DocBin

from spacy_hone.corpora.convert import convert
from spacy_hone.corpora.docs import load_tokenizer

DOCUMENTS, SENTENCES, TOKENS = 946, 15, 14


def write_corpus(path: Path, documents: int, seed: int = 0) -> int:
    """Write a corpus with a vocabulary of Zipf's shape. RETURNS: its tokens."""
    random = Random(seed)
    words = [f"{chr(97 + i % 26)}{i:x}" for i in range(23_000)]
    weights = [1 / (rank + 10) for rank in range(len(words))]
    total = 0
    with path.open("w", encoding="utf-8") as file:
        for _ in range(documents):
            file.write("-DOCSTART- -X- -X- O\n\n")
            for _ in range(SENTENCES):
                tokens = random.choices(words, weights, k=random.randint(4, 2 * TOKENS - 3))
                total += len(tokens)
                at = 0
                while at < len(tokens):
                    label = random.choice(("PER", "LOC", "ORG", "MISC")) if random.random() < 0.12 else ""
                    for k in range(random.choice((1, 1, 2, 3)) if label else 1):
                        if at < len(tokens):
                            tag = f"{'I' if k else 'B'}-{label}" if label else "O"
                            file.write(f"{tokens[at]} NN {'I' if k else 'B'}-NP {tag}\n")
                            at += 1
                file.write("\n")
    return total


def write_jsonl(path: Path, documents: int, seed: int = 0) -> None:
    """Write sentences with a span each, every tenth word a new one."""
    random = Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(documents * SENTENCES):
            words = [
                f"{random.randrange(10**9 if random.random() < 0.1 else 23_000):x}" for _ in range(TOKENS)
            ]
            row = {"text": " ".join(words), "spans": [[0, len(words[0]), "MISC"]]}
            file.write(json.dumps(row) + "\n")


def seconds(function, *args, **kwargs) -> float:
    """Wall-clock seconds of a call."""
    start = time.perf_counter()
    function(*args, **kwargs)
    return time.perf_counter() - start


def stock(path: Path, out: Path) -> None:
    """`spacy convert -c ner`; one document for each -DOCSTART-, as here."""
    out.mkdir(exist_ok=True)
    spacy_convert(path, out, file_type="spacy", converter="ner", n_sents=0, silent=True)


def peak(kind: str, path: Path, out: Path) -> float:
    """Peak resident size in MiB of a fresh process that converts the file."""
    command = [sys.executable, __file__, "--child", kind, "--path", str(path), "--out", str(out)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def main(repeats: int = 5, child: str = "", path: Path = Path(), out: Path = Path()) -> None:
    if child:
        stock(path, out) if child == "spacy" else convert([path], out)
        status = Path("/proc/self/status").read_text()
        print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
        return
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.conll"), Path(folder, "large.conll")
        tokens = write_corpus(small, DOCUMENTS)
        write_corpus(large, 10 * DOCUMENTS)
        # spaCy's converter only knows the mark in this spelling
        plain = Path(folder, "plain.conll")
        plain.write_text(small.read_text().replace("-DOCSTART- -X- -X- O", "-DOCSTART- -X- O O"))
        lines = [Path(folder, "small.jsonl"), Path(folder, "large.jsonl")]
        for times_as_long, file in zip((1, 10), lines):
            write_jsonl(file, times_as_long * DOCUMENTS)
        times: dict[str, list[float]] = {"spaCy": [], "hone": [], "hone, tokens unchecked": []}
        for _ in range(repeats):
            load_tokenizer.cache_clear()
            load_tokenizer("en", "stock")  # start-up, but with nothing learned from earlier runs
            times["spaCy"].append(seconds(stock, plain, Path(folder, "stock")))
            times["hone"].append(seconds(convert, [small], Path(folder, "hone")))
            times["hone, tokens unchecked"].append(
                seconds(convert, [small], Path(folder, "fast"), check_tokens=0)
            )
        sizes = {
            "spaCy": [peak("spacy", plain, Path(folder, "a"))],
            "hone": [peak("hone", file, Path(folder, "b")) for file in (small, large)],
            "hone, JSON lines": [peak("hone", file, Path(folder, "c")) for file in lines],
        }
        count = len(DocBin().from_disk(Path(folder, "hone", "small.spacy")))
    print(f"{tokens:,} tokens, {count:,} documents, median of {repeats} interleaved runs\n")
    print("| converter | tokens/s | times spaCy | peak MiB | peak MiB, file ten times as long |")
    print("|---|---|---|---|---|")
    base = median(times["spaCy"])
    for name in times | sizes:
        values = [median(times[name])] if name in times else []
        speed = [f"{tokens / value:,.0f}" for value in values] + [f"{base / value:.1f}" for value in values]
        row = [name, *(speed or ["", ""]), *(f"{size:,.0f}" for size in sizes.get(name, []))]
        print("| " + " | ".join(row + [""] * (5 - len(row))) + " |")


if __name__ == "__main__":
    typer.run(main)
