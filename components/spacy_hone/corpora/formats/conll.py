"""Column files: a token a line with its tag in one of two to five columns, blank lines between sentences."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..faults import Log
from ..records import Record, TokenSpan
from ..schemes import OUTSIDE, SCHEMES, Scheme, Table, decode, discard
from ..spacing import Edges, guess_spaces, spaces_from_text
from .columns import Sentence, sentences
from .options import ReadOptions, open_binary
from .sniff import sniff


def read(path: Path, log: Log, options: ReadOptions) -> Iterator[Record]:
    """Stream a column file's documents.

    A document is what stands between document marks (`-DOCSTART-`, `# newdoc`); in a file without such,
    `options.n_sents` sentences. Spaces between tokens come from `# text = ...` comments where they fit, else
    none is put beside CJK characters.
    """
    layout = sniff(path, replace(options, opener=open_binary))
    log.layout.update(layout.report())
    limit = options.n_sents or (0 if layout.marked else 1)
    tagger = _Tagger(Table(SCHEMES[layout.scheme], layout.columns.style), log, options)
    edges = Edges()
    record: Record | None = None
    with options.open(path) as file:
        for sentence in sentences(file, layout.columns, log):
            if record and (sentence.opens or (limit and len(record.sent_starts or ()) >= limit)):
                yield _close(record)
                record = None
            ents = tagger.entities(sentence)
            if sentence.bad:
                log.skips["sentences"] += 1
            elif sentence.tokens:
                log.kept += len(ents)
                record = record or Record(path, sentence.lines[0], [], [], [], [])
                _append(record, sentence, ents, options.missing, edges)
        if record:
            yield _close(record)


class _Tagger:
    """Tags of a sentence to entities, with the faults that are in them."""

    def __init__(self, table: Table, log: Log, options: ReadOptions) -> None:
        self.table, self.log, self.options = table, log, options
        self.scheme: Scheme = table.scheme
        self.letters = ", ".join(self.scheme.letters)
        rival = {"IOB1": "BIO", "BIO": "IOB1"}.get(self.scheme.name)  # tell the same prefixes apart
        known = f"--scheme {rival} sets {rival}" if rival else "--scheme sets another"
        self.detected = f" The scheme was detected, not given: {known}." if options.scheme == "auto" else ""

    def entities(self, sentence: Sentence) -> list[TokenSpan]:
        """Entities by token; marks the sentence as bad if its faults are not to be repaired."""
        tags = sentence.tags
        if tags.count("O") == len(tags):
            return []
        if self.options.missing is not None:
            tags = ["O" if tag == self.options.missing else tag for tag in tags]
        self.log.found["tags other than O"] += len(tags) - tags.count("O")
        known = [self.table[tag] for tag in tags]
        if not self.table.suspects.isdisjoint(tags):
            self._report_suspects(sentence, tags)
            known = [tag if tag[0] else OUTSIDE for tag in known]
        ents, illegal = decode(known, self.scheme)
        if illegal:
            self._report_illegal(sentence, illegal)
            if self.options.repair == "discard":
                ents = discard(ents, illegal, known, self.scheme)
        return ents

    def _report_suspects(self, sentence: Sentence, tags: list[str]) -> None:
        for token, tag, line in zip(sentence.tokens, tags, sentence.lines):
            if tag in self.table.suspects:
                code, rule = (
                    ("H103", "foreign-prefix-read") if self.table[tag][0] else ("H102", "unknown-tag-to-O")
                )
                values = {"token": token, "tag": tag, "letters": self.letters, "scheme": self.scheme.name}
                self.log.fault(code, line, rule, **values)
                sentence.bad = self.log.on_error != "repair"

    def _report_illegal(self, sentence: Sentence, illegal: list[int]) -> None:
        table, last = self.table, len(sentence.tags) - 1
        names = ["the sentence's start", *sentence.tags, "the sentence's end"]
        for i in illegal:
            previous = table[sentence.tags[i - 1]] if i else OUTSIDE
            tag = table[sentence.tags[i]] if i <= last else OUTSIDE
            values = {"token": sentence.tokens[min(i, last)], "tag": names[i + 1], "previous": names[i]}
            values |= {"scheme": self.scheme.name, "expected": self.scheme.expected(previous, tag)}
            values |= {"detected": self.detected}
            self.log.fault(
                "H105", sentence.lines[min(i, last)], f"illegal-transition-{self.options.repair}", **values
            )
            sentence.bad = self.log.on_error != "repair"


def _append(
    record: Record, sentence: Sentence, ents: list[TokenSpan], missing: str | None, edges: Edges
) -> None:
    """Add a sentence to a document."""
    tokens, spaces, starts = record.tokens, record.spaces, record.sent_starts
    assert tokens is not None and spaces is not None and starts is not None and record.ents is not None
    offset = len(tokens)
    known = spaces_from_text(sentence.tokens, sentence.text) if sentence.text else None
    if tokens:
        spaces[-1] = guess_spaces([tokens[-1], sentence.tokens[0]], edges)[0]
    tokens += sentence.tokens
    spaces += known or guess_spaces(sentence.tokens, edges)
    starts.append(offset)
    record.ents += [(start + offset, end + offset, label) for start, end, label in ents]
    if missing is not None:
        record.missing += [i for i, tag in enumerate(sentence.tags, offset) if tag == missing]


def _close(record: Record) -> Record:
    if record.spaces:
        record.spaces[-1] = False
    return record
