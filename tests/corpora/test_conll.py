"""Column files from the wild: what `spacy convert` corrupts silently is right here, or a located fault."""

from pathlib import Path

import pytest

from spacy_hone.corpora.formats import columns, sniff

NEW_YORK = [("New York", "LOC")]


def texts(docs) -> list[list[str]]:
    return [[token.text for token in doc] for doc in docs]


def test_bioes_entities_stay_whole(bench, rows) -> None:
    assert bench.ents(rows("in O", "New B-LOC", "York E-LOC", "Oslo S-LOC")) == [*NEW_YORK, ("Oslo", "LOC")]


def test_biluo(bench, rows) -> None:
    assert bench.ents(rows("New B-LOC", "York L-LOC", "Oslo U-LOC")) == [*NEW_YORK, ("Oslo", "LOC")]


def test_underscore_tags(bench, rows) -> None:
    assert bench.ents(rows("昨 B_Time", "天 I_Time", "来 O"), lang="zh", tokenizer="mixed") == [
        ("昨天", "Time")
    ]


def test_suffix_tags(bench, rows) -> None:
    assert bench.ents(rows("the NP-B", "cat NP-I", "sat VP-B")) == [("the cat", "NP"), ("sat", "VP")]


def test_short_row_is_a_fault_and_no_label(bench, rows) -> None:
    text = rows("EU NNP B-NP B-ORG", "rejects VBZ B-VP", "it PRP B-NP O")
    message = bench.error(text)
    assert "[H101]" in message
    assert "data.conll:2: 3 columns where the file has 4" in message
    assert bench.ents(text, on_error="repair") == [("EU", "ORG")]


def test_space_in_token_is_a_fault_in_space_separated_files(bench, rows) -> None:
    message = bench.error(rows("in O", "New York B-LOC", "x O"))
    assert "data.conll:2: 3 columns where the file has 2" in message


def test_space_in_token_of_tab_separated_files(bench, rows) -> None:
    text = rows("in\tO", "New York\tB-LOC", "x\tO")
    assert "[H104]" in bench.error(text)
    (doc,) = bench.docs(text, on_error="repair")
    assert [token.text for token in doc] == ["in", "New", "York", "x"]
    assert [ent.text for ent in doc.ents] == ["New York"]


def test_telephone_with_spaces_is_one_token(bench, rows) -> None:
    text = rows("电\tO", "话\tO", "+86 138 0000 1111\tB-PHONE")
    assert bench.ents(text, tokenizer="mixed", lang="zh") == [("+86 138 0000 1111", "PHONE")]


def test_comments_are_no_tokens(bench, rows) -> None:
    text = rows("# id 7fd5 domain=train", "New B-LOC", "York I-LOC", "# newline = none", "ok O")
    assert texts(bench.docs(text)) == [["New", "York", "ok"]]


def test_number_sign_can_be_a_token(bench, rows) -> None:
    assert texts(bench.docs(rows("# O", "1 O", "#tag B-X"))) == [["#", "1", "#tag"]]


@pytest.mark.parametrize("options", [{}, {"scheme": "IO"}, {"missing": "-"}])
def test_number_sign_is_a_token_to_detection_too(bench, rows, options: dict) -> None:
    label = {"scheme": "ORG", "missing": "-"}.get(next(iter(options), ""), "B-ORG")
    (doc,) = bench.docs(rows("a O", f"# {label}", "b O", "# a comment", "# O"), **options)
    assert [token.text for token in doc] == ["a", "#", "b", "#"]
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("#", "ORG")] * (label != "-")


def test_the_scheme_is_seen_in_rows_of_number_signs(bench, rows) -> None:
    assert bench.report(rows("a O", "b B-X", "# E-X", "c O")).log.layout["scheme"] == "BIOES"


@pytest.mark.parametrize(
    "mark",
    [
        "-DOCSTART- -X- -X- O",
        "-DOCSTART- -X- O O",
        "-DOCSTART-\t-X-\t-X-\tO",
        "-DOCSTART-",
        "-docstart- O",
        "# newdoc id = 3",
        "DOCSTART -X- -X- O",
        "-DOCSTART - O",
        "docstart",
    ],
)
@pytest.mark.parametrize("columns", ["{} X X {}", "{} {}"])
def test_every_spelling_of_docstart_separates_documents(bench, mark: str, columns: str) -> None:
    rows = [columns.format(*row.split()) for row in ("a O", "b O", "c O")]
    text = f"{mark}\n\n{rows[0]}\n\n{rows[1]}\n\n{mark}\n\n{rows[2]}\n"
    docs = bench.docs(text)
    assert texts(docs) == [["a", "b"], ["c"]]
    assert [sent.text.strip() for sent in docs[0].sents] == ["a", "b"]


def test_docstart_among_other_rows_is_a_token(bench, rows) -> None:
    assert texts(bench.docs(rows("DOCSTART O", "x B-X", "", "a O"))) == [["DOCSTART", "x"], ["a"]]


def test_docstart_without_blank_line_after_it(bench, rows) -> None:
    assert texts(bench.docs(rows("-DOCSTART-", "a O", "-DOCSTART-", "b O"))) == [["a"], ["b"]]


def test_lone_docstart_separates_nothing(bench, rows) -> None:
    assert len(bench.docs(rows("-DOCSTART- O", "", "a O", "", "b O"))) == 2


@pytest.mark.parametrize("blank", ["", " ", "\t", "  \t ", "\u00a0", "\u3000"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_blank_lines_of_any_white_space(bench, blank: str, newline: str) -> None:
    text = newline.join([blank, "a O", blank, blank, "b O", blank])
    assert texts(bench.docs(text)) == [["a"], ["b"]]


def test_byte_order_mark_and_no_newline_at_the_end(bench) -> None:
    assert texts(bench.docs(b"\xef\xbb\xbfEU B-ORG\r\nis O")) == [["EU", "is"]]


def test_byte_order_mark_of_a_concatenated_file(bench) -> None:
    assert texts(bench.docs("a O\n\n\ufeffb O\n")) == [["a"], ["b"]]


@pytest.mark.parametrize("n_sents", [0, 1, 2, 10])
def test_sentences_a_document(bench, rows, n_sents: int) -> None:
    text = rows("a O", "", "b O", "", "c O")
    sizes = {0: [1, 1, 1], 1: [1, 1, 1], 2: [2, 1], 10: [3]}
    docs = bench.docs(text, n_sents=n_sents)
    assert [len(doc) for doc in docs] == sizes[n_sents]
    assert all(token.is_sent_start for doc in docs for token in doc)


def test_no_documents_is_an_error_with_any_number_of_sentences(bench) -> None:
    assert "[H109]" in bench.error("\n \n", n_sents=3)


def test_labels_with_odd_signs(bench, rows) -> None:
    assert bench.ents(rows("x B-a:b", "y B-NN=P", "z B-#c;d")) == [("x", "a:b"), ("y", "NN=P"), ("z", "#c;d")]


def test_conllu_plus_prefix_is_no_label(bench) -> None:
    """spaCy's converter makes the label P of NE=U-Person."""
    message = bench.error("1\tA\tNE=U-Person\n2\tB\tO\n3\tC\tO\n4\tD\tO\n")
    assert "'NE=U-Person'" in message


def test_five_columns_with_comments_and_original_text(bench) -> None:
    text = "# newdoc id = 1\n# sent_id = 1\n# text = Miramar? No.\n" + "".join(
        f"{i}\t{token}\t{tag}\t-\t-\n"
        for i, (token, tag) in enumerate((("Miramar", "B-LOC"), ("?", "O"), ("No", "O"), (".", "O")), 1)
    )
    (doc,) = bench.docs(text + "\n")
    assert doc.text == "Miramar? No."
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Miramar", "LOC")]


def test_columns_can_be_named(bench, rows) -> None:
    text = rows("O X a B-P", "O Y b O")
    assert bench.ents(text, token_column=3, tag_column=4) == [("a", "P")]
    assert bench.ents(rows("a B-NP B-X", "b I-NP O"), tag_column=2) == [("a b", "NP")]


def test_token_column_gives_way_to_the_tag_column(bench, rows) -> None:
    assert bench.ents(rows("B-X a", "O b"), tag_column=1) == [("a", "X")]


def test_column_out_of_range(bench, rows) -> None:
    assert "[H122]" in bench.error(rows("a O", "b O"), tag_column=3)


def test_last_column_with_entities_is_taken(bench, rows) -> None:
    assert bench.ents(rows("a B-X O", "b O O")) == [("a", "X")]


def test_nesting_columns_report_which_was_read(bench, rows) -> None:
    layout = bench.report(rows("a B-NP B-X", "b I-NP O")).log.layout
    assert layout["columns"]["tag"] == 3
    assert layout["scheme"] == "BIO"


BARE = [("b c", "PART"), ("d", "YEAR")]


@pytest.mark.parametrize("outside", [1, 9])
@pytest.mark.parametrize("scheme", ["auto", "IO"])
def test_bare_labels(bench, rows, outside: int, scheme: str) -> None:
    """Whether most tokens are O or not."""
    text = rows(*["a O"] * outside, "b PART", "c PART", "d YEAR")
    layout = bench.report(text, scheme=scheme).log.layout
    assert (layout["scheme"], layout["columns"]["style"]) == ("IO", "bare")
    assert bench.ents(text, scheme=scheme) == BARE
    assert bench.ents(text.replace(" ", " NN B-NP "), scheme=scheme, tag_column=4) == BARE


def test_bare_labels_that_come_late(bench, rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sniff, "SAMPLE", 2)
    text = rows("a O", "a O", "", "b PART", "c PART", "d YEAR")
    assert bench.ents(text) == bench.ents(text, scheme="IO") == BARE


def test_prefixes_that_come_late(bench, rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sniff, "SAMPLE", 2)
    assert "[H102]" in bench.error(rows("a O", "b PART", "", "c PART", "d B-YEAR"))
    text = rows("a O", "b O", "", "c I-YEAR")
    assert bench.ents(text) == bench.ents(text, scheme="IO") == [("c", "YEAR")]


def test_faulty_rows_among_bare_labels(bench, rows) -> None:
    text = rows("a O", "E-mail", "b PART", "c PART", "d YEAR", "x")
    assert bench.error(text).startswith("[H100] 2 faults")
    assert bench.ents(text, on_error="repair") == BARE


def test_comments_among_bare_labels(bench, rows) -> None:
    (doc,) = bench.docs(rows("# Heading", "a O", "# PART", "b PART", "# O"))
    assert [token.text for token in doc] == ["a", "#", "b", "#"]
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("# b", "PART")]


@pytest.mark.parametrize("odd", ["b-PER", "Q-PER", "B", "B:PER", "PER/I", "E-MAIL"])
def test_what_looks_like_a_prefix_is_no_bare_label(bench, rows, odd: str) -> None:
    text = rows(*["a O"] * 4, "b PER", f"c {odd}")
    message = bench.error(text)
    assert "data.conll:5: 'b' has the tag 'PER'" in message
    assert "bare labels such as PER, take --scheme IO" in message
    assert bench.ents(text, scheme="IO") == [("b", "PER"), ("c", odd)]


def test_bare_labels_among_tags_with_prefixes(bench, rows) -> None:
    text = rows(*["a O"] * 4, "b PER", "c PER", "d I-PER")
    for scheme in ("auto", "IO", "BIO"):
        assert "data.conll:5: 'b' has the tag 'PER'" in bench.error(text, scheme=scheme)


def test_chinese_has_no_spaces(bench, rows) -> None:
    text = rows("由 O", "SF B-ORG", "Express I-ORG", "送 O", "。 O")
    (doc,) = bench.docs(text, lang="zh", tokenizer="mixed")
    assert doc.text == "由SF Express送。"


def test_missing_annotation(bench, rows) -> None:
    (doc,) = bench.docs(rows("a B-X", "b -", "c O"), missing="-")
    assert [token.ent_iob for token in doc] == [3, 0, 2]


def test_mostly_missing_annotation(bench, rows) -> None:
    text = rows(*["a -"] * 8, "b B-X", "c I-X")
    assert "[H111]" in bench.error(text)
    assert bench.ents(text, missing="-") == [("b c", "X")]
    assert bench.ents(text.replace(" ", " NN "), missing="-") == [("b c", "X")]


def test_tab_in_a_space_separated_file(bench, rows) -> None:
    assert "data.conll:2: 3 columns where the file has 2" in bench.error(rows("a O", "New\tYork O", "b O"))
    assert texts(bench.docs(rows("a O", "b\tO", "c\t O", "d B-X"))) == [["a", "b", "c", "d"]]


def test_prefixes_are_upper_case(bench, rows) -> None:
    for text in (rows("a O", "b B-X", "c O", "d b-org"), rows("a o", "b b-org")):
        assert "prefixes are upper case" in bench.error(text)


def test_files_without_blank_lines(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "CHUNK", 40)
    monkeypatch.setattr(columns, "MAX_ROWS", 5)
    documents = "-DOCSTART- O\na O\nb B-X\nc O\n"
    message = bench.error(documents + "\n" + "a O\n" * 7)
    assert "[H128]" in message
    assert "data.conll:6: more than 5 lines without a blank line or a document mark" in message
    assert texts(bench.docs(documents * 10)) == [["a", "b", "c"]] * 10


def test_white_space_tokens_are_no_entity_borders(bench, rows) -> None:
    (doc,) = bench.docs(rows("a\tB-X", "\u3000\tI-X", "b\tO"))
    assert [ent.text for ent in doc.ents] == ["a"]


@pytest.mark.realdata
def test_spaces_agree_with_the_original_text(bench, shared_data: Path) -> None:
    path = shared_data / "uner" / "en" / "en_ewt-ud-dev.iob2"
    original = [line[9:] for line in path.read_text().splitlines() if line.startswith("# text = ")]
    sents = [sent.text for doc in bench.docs(path.read_bytes(), "en.iob2") for sent in doc.sents]
    same = sum(ours.strip() == theirs.strip() for ours, theirs in zip(sents, original, strict=True))
    assert same / len(original) > 0.99


@pytest.mark.realdata
def test_clner_counts(bench, shared_data: Path) -> None:
    content = (shared_data / "clner" / "test.txt").read_bytes()
    report = bench.report(content, "clner.txt", lang="zh", tokenizer="mixed")
    assert report.counts.entities == {
        "Thing": 6007,
        "Person": 4856,
        "Location": 2868,
        "Time": 1272,
        "Metric": 622,
        "Organization": 327,
        "Abstract": 224,
        "Physical": 9,
        "Term": 1,
    }
    assert report.agreement.disagree == 0
