"""A summary for machines (JSON) and for people (Markdown tables, which can be pasted anywhere)."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from .intervals import Interval
from .peers import difference
from .predict import WARM_UP
from .scores import Score, prf, to_score
from .summary import Summary

WIDTH = 110


def to_json(summary: Summary, facts: Mapping[str, Any]) -> dict[str, Any]:
    """All numbers, fractions from 0 to 1 and unrounded.

    facts: what is not in the summary (model, corpus, speed ...); it comes first.
    """
    scores, intervals = summary.scores, summary.intervals
    totals = scores.counts.sum(0)
    per_type = {
        label: _counted(totals[i], intervals and intervals.per_type[i])
        for i, label in enumerate(scores.labels)
    }
    return {
        **facts,
        "documents": len(summary.samples),
        "micro": _counted(totals.sum(0), None),
        "interval": intervals and list(intervals.micro),
        "macro": scores.macro._asdict(),
        "macro_interval": intervals and list(intervals.macro),
        "per_type": per_type,
        "ignored_predictions": _count_ignored(summary),
        "token_accuracy": summary.tokens._asdict(),
        "scorers": {
            peer.name: {
                "micro": peer.micro._asdict(),
                "macro": peer.macro._asdict(),
                "same_definition": peer.expected,
                "difference": difference(peer, scores),
            }
            for peer in summary.peers
        },
        "warnings": list(summary.warnings),
    }


def print_report(summary: Summary, facts: Mapping[str, Any], console: Console) -> None:
    """Write the tables to a console.

    facts: model, pipeline, corpus, tokens, device, skipped_documents, words_per_second, bootstrap, seed.
    """
    header = _describe(summary, facts)
    width = max(map(len, header))
    for name, text in header.items():
        _line(console, f"{name:<{width}}  {text}")
    console.print(_overall(summary), _per_type(summary), _scorers(summary))
    _line(console, _token_line(summary))
    if ignored := _count_ignored(summary):
        _line(console, f"{ignored:,} predictions touch tokens without annotation and are not counted.")
    for warning in summary.warnings:
        _line(console, f"Warning: {warning}")


def make_console(**kwargs: Any) -> Console:
    """A console whose output reads the same in a terminal, a file and a mail: no colour, no cut columns."""
    console = Console(highlight=False, markup=False, emoji=False, no_color=True, **kwargs)
    console.width = max(console.width, WIDTH)
    return console


def _describe(summary: Summary, facts: Mapping[str, Any]) -> dict[str, str]:
    entities = int(summary.scores.counts[..., [0, 2]].sum())
    size = f"{len(summary.samples):,} documents, {entities:,} entities"
    skipped = f"; {facts['skipped_documents']:,} documents without annotation skipped"
    resamples = f"{facts['bootstrap']:,} resamples of the documents, seed {facts['seed']}"
    warm_up = f"a warm-up of at most {WARM_UP} documents"
    return {
        "model": f"{facts['model']} ({facts['pipeline']})",
        "corpus": f"{facts['corpus']} ({size}{skipped if facts['skipped_documents'] else ''})",
        "tokens": _describe_tokens(summary, facts),
        "intervals": resamples if facts["bootstrap"] else "none",
        "speed": f"{facts['words_per_second']:,.0f} words/s on {facts['device']}, one pass after {warm_up}",
    }


def _describe_tokens(summary: Summary, facts: Mapping[str, Any]) -> str:
    if facts["tokens"] == "gold":
        return "gold (with --raw-text the pipeline tokenises, as in `spacy evaluate`)"
    differing = sum(not sample.same_tokens for sample in summary.samples)
    return f"the pipeline's own from raw text, not the gold ones in {differing:,} documents"


def _count_ignored(summary: Summary) -> int:
    return sum(sample.ignored for sample in summary.samples)


def _counted(counts: Any, interval: Interval | None) -> dict[str, Any]:
    tp, fp, fn = map(int, counts)
    row = {**to_score(prf(counts))._asdict(), "support": tp + fn, "tp": tp, "fp": fp, "fn": fn}
    return row if interval is None else {**row, "interval": list(interval)}


def _overall(summary: Summary) -> Table:
    scores, intervals = summary.scores, summary.intervals
    rows = {"micro": scores.micro, f"macro ({len(scores.labels)} types)": scores.macro}
    spans = (intervals.micro, intervals.macro) if intervals else (None, None)
    return _table(
        ("strict", "P", "R", "F1", "95 % interval"),
        ((name, *_score(score), _interval(span)) for (name, score), span in zip(rows.items(), spans)),
    )


def _per_type(summary: Summary) -> Table:
    scores, intervals = summary.scores, summary.intervals
    totals = scores.counts.sum(0)
    rows = []
    for i, label in enumerate(scores.labels):
        tp, fp, fn = map(int, totals[i])
        score = to_score(prf(totals[i]))
        span = _interval(intervals.per_type[i] if intervals else None)
        rows.append((label, *map(str, (tp + fn, tp, fp, fn)), *_score(score), span))
    return _table(("type", "support", "TP", "FP", "FN", "P", "R", "F1", "95 % interval"), rows)


def _scorers(summary: Summary) -> Table:
    rows = [("spacy-hone (strict)", *_score(summary.scores.micro), *_score(summary.scores.macro)[2:], "")]
    for peer in summary.peers:
        verdict = f"difference {difference(peer, summary.scores):.1e}" if peer.expected else peer.reason
        rows.append((peer.name, *_score(peer.micro), *_score(peer.macro)[2:], verdict))
    return _table(("scorer", "P", "R", "F1", "macro F1", "from ours"), rows, left=(0, 5))


def _token_line(summary: Summary) -> str:
    accuracy, always_o, tokens = summary.tokens
    return (
        f"Token accuracy {accuracy:.4f} (IOB2 tags of {tokens:,} annotated tokens, whitespace left out; "
        f"always O: {always_o:.4f})"
    )


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]], left: tuple[int, ...] = (0,)) -> Table:
    table = Table(box=box.MARKDOWN, header_style="")
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i in left else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _score(score: Score) -> tuple[str, str, str]:
    precision, recall, f1 = (f"{value:.4f}" for value in score)
    return precision, recall, f1


def _interval(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.low:.4f}-{interval.high:.4f}"


def _line(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True)
