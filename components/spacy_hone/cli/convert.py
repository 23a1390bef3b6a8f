"""`python -m spacy hone convert`: annotated files to `.spacy` corpora."""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from ..corpora.convert import Report, convert
from ..corpora.faults import counted
from ..corpora.formats import FORMATS
from ..errors import HoneError


def convert_cli(  # noqa: PLR0917
    paths: Annotated[
        list[Path], typer.Argument(metavar="INPUT... OUT_DIR", help="Files, then the output folder.")
    ],
    format: Annotated[
        str, typer.Option(help=f"auto, {', '.join(FORMATS)}; auto goes by the suffix and the first line.")
    ] = "auto",
    lang: Annotated[
        str, typer.Option("--lang", "-l", help="Language of the tokenizer, such as en or zh.")
    ] = "en",
    tokenizer: Annotated[
        str, typer.Option(help="stock (the language's own) or mixed (hone.MixedTokenizer.v1).")
    ] = "stock",
    scheme: Annotated[str, typer.Option(help="auto, BIO, IO, IOB1, BIOES, BILUO or BMES.")] = "auto",
    token_column: Annotated[int, typer.Option(help="Column of the token, from 1; 0 finds it.")] = 0,
    tag_column: Annotated[
        int, typer.Option(help="Column of the tag, from 1; 0 takes the last that holds tags.")
    ] = 0,
    text_column: Annotated[
        str, typer.Option(help="Column of the text: header in CSV, key in JSON; a number where no header is.")
    ] = "",
    label_column: Annotated[str, typer.Option(help="Column of the category, likewise.")] = "",
    label_separator: Annotated[
        str, typer.Option(help="What stands between several categories in a CSV cell, such as ///.")
    ] = "",
    labels: Annotated[
        str, typer.Option(help="All categories: a,b,c; left out, those that the inputs have.")
    ] = "",
    n_sents: Annotated[
        int,
        typer.Option(
            "--n-sents", "--docs-per", "-n", min=0, help="Sentences a document; 0: as the file marks them."
        ),
    ] = 0,
    missing: Annotated[str | None, typer.Option(help="A tag that means: annotation unknown.")] = None,
    on_error: Annotated[
        str, typer.Option(help="raise all faults, repair them by rule, or skip what has any.")
    ] = "raise",
    repair: Annotated[
        str, typer.Option(help="Illegal tag sequences: conlleval (begin an entity) or discard.")
    ] = "conlleval",
    misaligned: Annotated[
        str, typer.Option(help="Spans that cut tokens: split the tokens, or drop the span.")
    ] = "split",
    script: Annotated[str | None, typer.Option(help="Convert Chinese characters: s2t or t2s.")] = None,
    map_labels: Annotated[
        Path | None, typer.Option(help="JSON or YAML list of [from, to] pairs; null drops.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Shares of train, dev, test: 0.8,0.1,0.1.")] = None,
    seed: Annotated[int, typer.Option(help="Of the split.")] = 0,
    shard_size: Annotated[int, typer.Option(min=1, help="Documents a .spacy file at most.")] = 10_000,
    check_tokens: Annotated[
        int,
        typer.Option(min=-1, help="Documents to compare with the tokenizer, up to 20,000 tokens; -1: all."),
    ] = 1_000,
    gold_tokens: Annotated[
        bool, typer.Option(help="Let spaCy train and score on the corpus's own tokens.")
    ] = False,
    spans_key: Annotated[
        str | None, typer.Option(help="Write the spans to doc.spans[KEY] (chunks, say), not to doc.ents.")
    ] = None,
) -> None:
    """Convert column files (CoNLL), JSON lines, CSV tables and TASTEset CSV to spaCy's binary corpora.

    Each INPUT becomes OUT_DIR/<name>.spacy with a <name>.report.json; with --split all of them together
    become train.spacy, dev.spacy and test.spacy. Big corpora become a folder of that name with numbered files
    in it, which `spacy train --paths.train` takes likewise. If anything is wrong, all faults are listed and
    nothing is written.
    """
    console = Console(stderr=True)
    if len(paths) < 2:
        console.print("Give at least one input and the output folder.", style="red")
        raise typer.Exit(2)
    *inputs, out_dir = paths
    try:
        with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as progress:

            def opener(path: Path) -> BinaryIO:
                return progress.open(path, "rb", description=escape(path.name))

            reports = convert(
                inputs,
                out_dir,
                format=format,
                lang=lang,
                tokenizer=tokenizer,  # type: ignore[arg-type]
                scheme=scheme,
                token_column=token_column,
                tag_column=tag_column,
                text_column=text_column,
                label_column=label_column,
                label_separator=label_separator,
                labels=[label.strip() for label in labels.split(",") if label.strip()],
                n_sents=n_sents,
                missing=missing,
                on_error=on_error,  # type: ignore[arg-type]
                repair=repair,  # type: ignore[arg-type]
                misaligned=misaligned,  # type: ignore[arg-type]
                script=script,  # type: ignore[arg-type]
                map_labels=map_labels,
                split=split,
                seed=seed,
                shard_size=shard_size,
                check_tokens=check_tokens,
                gold_tokens=gold_tokens,
                spans_key=spans_key,
                opener=opener,
            )
    except HoneError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    for report in reports:
        show(report, out_dir)


def show(report: Report, out_dir: Path) -> None:
    """Print what became of a file."""
    layout = report.log.layout
    scheme = f", {layout['scheme']}" if "scheme" in layout else ""
    columns = layout.get("columns", {})
    column = columns.get("tag") or columns.get("label")
    where = f"{scheme}, column {column}" if column else ""
    console = Console(highlight=False, markup=False, emoji=False)  # brackets in names are no markup
    table = Table(title=f"{report.log.file} ({report.format}{where})", title_justify="left")
    kinds = ("entities", "categories")
    rows = {
        str(out_dir / name): counts.to_dict() | {kind: sum(getattr(counts, kind).values()) for kind in kinds}
        for name, counts in report.outputs.items()
    }
    headings = [
        heading
        for heading in ("documents", "sentences", "tokens", *kinds)
        if any(numbers[heading] for numbers in rows.values())
    ]
    table.add_column("output", overflow="fold")
    for heading in headings:
        table.add_column(heading, justify="right")
    for path, numbers in rows.items():
        table.add_row(path, *(f"{numbers[heading]:,}" for heading in headings))
    console.print(table)
    for title, listed in (
        ("repaired", _listed(report.log.repairs)),
        ("skipped", counted(report.log.skips)),
        ("noted", _listed(report.log.notes)),
    ):
        if listed:
            console.print(f"{title}: {listed}", soft_wrap=True)
    if report.left:
        console.print(
            f"left by an earlier conversion of this file, with documents that may be in other parts now: "
            f"{', '.join(str(out_dir / name) for name in report.left)}. Remove what you do not need.",
            soft_wrap=True,
        )
    agreement = report.agreement
    if agreement.disagree:
        console.print(
            f"The tokenizer differs in {agreement.tokens_differ:,} of {agreement.tokens:,} tokens "
            f"({agreement.entities_misaligned:,} of {agreement.entities:,} entities, "
            f"{agreement.disagree:,} of {agreement.documents:,} documents): --tokenizer and --lang choose another, "
            "--gold-tokens trains on the corpus's own tokens.",
            soft_wrap=True,
        )
        for case in agreement.first:
            ours, theirs = (" ".join(case[side]) for side in ("corpus", "tokenizer"))
            console.print(f"  {case['document']}: {ours!r}, not {theirs!r}", soft_wrap=True)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {rule.replace('_', ' ')}" for rule, count in counts.items() if count)
