"""From annotated files to `.spacy` corpora: the function behind `python -m spacy hone convert`."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import srsly

from ..errors import Errors, HoneError
from .agreement import Agreement
from .align import Misaligned, trim
from .docs import DocBinWriter, TokenizerName, in_zones, load_tokenizer, other_words, tokenize
from .faults import Faults, Log, OnError, Repair, check_choice, counted
from .formats import FORMATS, format_of
from .formats.categories import with_labels
from .formats.options import Opener, ReadOptions, open_binary
from .records import Counts, Record
from .split import PARTS, Splitter, parse_split
from .staging import staging
from .transform import LabelMap, Script, convert_script, load_script


@dataclass
class Report:
    """What became of one input file.

    left: corpora that an earlier conversion of the file has made in the same folder, and this one has not.
    """

    log: Log
    format: str
    agreement: Agreement
    counts: Counts = field(default_factory=Counts)
    outputs: dict[str, Counts] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The input's name without its suffix, which the outputs carry."""
        return self.log.file.stem

    def to_dict(self) -> dict[str, Any]:
        """For `<name>.report.json`."""
        log = self.log
        return {
            "file": str(log.file),
            "format": self.format,
            **log.layout,
            **self.counts.to_dict(),
            "outputs": {name: counts.to_dict() for name, counts in self.outputs.items()},
            "on_error": log.on_error,
            "repairs": dict(log.repairs),
            "skipped": dict(log.skips),
            "notes": {note: count for note, count in log.notes.items() if count},
            "token_agreement": self.agreement.to_dict(),
        }


def convert(
    inputs: list[Path],
    out_dir: Path,
    *,
    format: str = "auto",
    lang: str = "en",
    tokenizer: TokenizerName = "stock",
    scheme: str = "auto",
    token_column: int = 0,
    tag_column: int = 0,
    text_column: str = "",
    label_column: str = "",
    label_separator: str = "",
    labels: Sequence[str] = (),
    n_sents: int = 0,
    missing: str | None = None,
    on_error: OnError = "raise",
    repair: Repair = "conlleval",
    misaligned: Misaligned = "split",
    script: Script | None = None,
    map_labels: Path | None = None,
    split: str | None = None,
    seed: int = 0,
    shard_size: int = 10_000,
    check_tokens: int = 1_000,
    gold_tokens: bool = False,
    spans_key: str | None = None,
    opener: Opener = open_binary,
) -> list[Report]:
    """Convert files to `.spacy` corpora in `out_dir`.

    Each goes to `<stem>.spacy`, or all of them together, divided, to `train.spacy`, `dev.spacy` and
    `test.spacy`; and each gets a `<stem>.report.json`. The inputs are streamed. Nothing is written if
    anything is wrong.

    format: one of `FORMATS`, or auto.
    lang, tokenizer: the tokenizer that texts are cut by and tokens compared with.
    scheme, token_column, tag_column, text_column, label_column, label_separator, n_sents, missing, repair,
    opener: see `ReadOptions`. labels: the categories; those that the inputs name, if none are given.
    on_error: raise all faults together, repair them by rule, or skip the sentences and documents with any.
    misaligned: split tokens where a character span needs it, or drop such spans.
    script: OpenCC conversion of the text. map_labels: a file of [from, to] pairs, see `LabelMap`.
    split, seed: shares of train, dev, test, stratified by label. shard_size: documents a file at most.
    check_tokens: compare so many documents with the tokenizer's tokens, up to 20,000 tokens; -1 is all.
    gold_tokens: mark the spaces as unknown; spaCy then trains and scores on the corpus's own tokens.
    spans_key: write the spans to `doc.spans[spans_key]`, and no `doc.ents`.
    RETURNS: a report for each input. RAISES: HoneError.
    """
    for option, value, kind in (
        ("--on-error", on_error, OnError),
        ("--repair", repair, Repair),
        ("--misaligned", misaligned, Misaligned),
        ("--tokenizer", tokenizer, TokenizerName),
        ("--script", "s2t" if script is None else script, Script),
    ):
        check_choice(option, value, kind)
    formats = [format_of(path, format) for path in inputs]
    _check_names(inputs, "spacy" if split is None else "report.json")
    shares = None if split is None else parse_split(split)
    if out_dir.is_file():
        raise HoneError(Errors.H126.format(where=out_dir))
    options = ReadOptions(
        scheme=scheme,
        token_column=token_column,
        tag_column=tag_column,
        n_sents=n_sents,
        missing=missing,
        repair=repair,
        text_column=text_column,
        label_column=label_column,
        label_separator=label_separator,
        labels=tuple(labels),
        opener=opener,
    )
    scans = [(path, FORMATS[name].categories) for path, name in zip(inputs, formats)]
    reading = dict(zip(inputs, with_labels(scans, options)))
    nlp = load_tokenizer(lang, tokenizer)
    faults = Faults(on_error)
    label_map = LabelMap.from_file(map_labels) if map_labels else None
    change = load_script(script) if script else None
    splitter = Splitter(shares, seed) if shares else None
    agreements = [Agreement(partial(other_words, nlp), check_tokens) for _ in inputs]
    reports = [
        Report(Log(path, faults), name, agreement)
        for path, name, agreement in zip(inputs, formats, agreements)
    ]

    def records(report: Report) -> Generator[Record, None, None]:
        path = report.log.file
        for record in in_zones(FORMATS[report.format].read(path, report.log, reading[path]), nlp):
            if change:
                convert_script(record, change)
            if label_map:
                label_map.apply(record)
            if record.spaces is None:
                tokenize(record, nlp, misaligned, report.log)
            if record.ents:
                record.ents = trim(record.ents, record.tokens or [], report.log.notes)
            report.agreement.check(record)
            report.counts.add(record)
            yield record

    with staging(out_dir) as folder:
        writers: dict[str, DocBinWriter] = {}
        for report in reports:
            with closing(records(report)) as stream:
                parted = splitter.split(stream) if splitter else ((report.name, record) for record in stream)
                for part, record in parted:
                    name = f"{part}.spacy"
                    if name not in writers:
                        writers[name] = DocBinWriter(
                            folder / name, shard_size, unknown_spaces=gold_tokens, spans_key=spans_key
                        )
                    writers[name].add(record)
                    report.outputs.setdefault(name, Counts()).add(record)
        faults.check()
        if label_map:
            label_map.check()
        _check_sizes(reports, split, shares or ())
        _check_losses(reports)
        if splitter:
            for report in reports:
                report.outputs = {
                    name: report.outputs[name]
                    for name in (f"{part}.spacy" for part in PARTS)
                    if name in report.outputs
                }
        for writer in writers.values():
            writer.close()
        _find_left(reports, out_dir)
        for report in reports:
            srsly.write_json(folder / f"{report.name}.report.json", report.to_dict())
    return reports


def _find_left(reports: list[Report], out_dir: Path) -> None:
    """Find what earlier conversions of the same files have left in the folder, by the reports there."""
    made: dict[str, set[str]] = {}
    for path in out_dir.glob("*.report.json"):
        with suppress(ValueError, KeyError, TypeError, AttributeError):  # not one of ours
            found = srsly.read_json(path)
            made.setdefault(found["file"], set()).update(found["outputs"].keys())
    earlier = [made.pop(str(report.log.file), set()) for report in reports]
    now = {name for report in reports for name in report.outputs}
    for report, names in zip(reports, earlier):
        left = names.difference(now, *made.values())
        report.left = sorted(name for name in left if (out_dir / name).exists())


def _check_names(inputs: list[Path], suffix: str) -> None:
    """Two inputs must not be written to the same place: their corpora or, with --split, their reports."""
    seen: dict[str, Path] = {}
    for path in inputs:
        if path.stem in seen:
            target = f"{path.stem}.{suffix}"
            raise HoneError(Errors.H120.format(first=seen[path.stem], second=path, target=target))
        seen[path.stem] = path


def _check_sizes(reports: list[Report], split: str | None, parts: Iterable[str]) -> None:
    """No input without documents, and no part either."""
    for report in reports:
        if not report.counts.documents:
            skipped = counted(report.log.skips)
            detail = f"; skipped: {skipped}" if skipped else ""
            expected = f"a file of the format {report.format} with at least one document"
            if skipped and report.log.on_error != "raise":
                expected = "at least one without faults; leave out --on-error to see the faults"
            raise HoneError(Errors.H109.format(where=report.log.file, detail=detail, expected=expected))
    for part in parts:
        if not any(f"{part}.spacy" in report.outputs for report in reports):
            total = sum(report.counts.documents for report in reports)
            where = ", ".join(str(report.log.file) for report in reports)
            raise HoneError(Errors.H125.format(where=where, total=total, part=part, split=split))


def _check_losses(reports: list[Report]) -> None:
    """No input that has lost all its entities to repairs, or with what was skipped."""
    messages = []
    for log in (report.log for report in reports):
        if not log.found.total() or log.kept:
            continue
        done = {"repairs": counted(log.repairs), "skipped": counted(log.skips)}
        values = {
            "found": counted(log.found),
            "done": "; ".join(f"{title}: {what}" for title, what in done.items() if what),
            "advice": f", and --scheme sets another scheme than {log.layout['scheme']} (IO is for bare labels)"
            if "scheme" in log.layout
            else "",
        }
        messages.append(Errors.H131.format(where=log.file, on_error=log.on_error, **values))
    if messages:
        raise HoneError("\n".join(messages))
