"""Bad input: located, gathered, raised together; repaired or skipped by rule, and counted."""

from pathlib import Path

import pytest

from spacy_hone.corpora.convert import convert
from spacy_hone.corpora.faults import Faults
from spacy_hone.errors import HoneError

BAD = "a O\n\nYork I-LOC\n\nb B-X\nc E-X\n\nd GPE\n\ne O\nf\n"


def test_all_faults_are_raised_together_with_place_token_and_what_was_expected(bench) -> None:
    message = bench.error(BAD, scheme="BIO")
    assert message.startswith("[H100] 4 faults")
    for text in (
        "data.conll:3: 'York': I-LOC after the sentence's start is illegal in BIO; expected B-LOC or I-LOC before it",
        "data.conll:6: 'c' has the tag 'E-X', a prefix of another scheme",
        "data.conll:8: 'd' has the tag 'GPE'. Expected O, or one of B, I",
        "data.conll:11: 1 columns where the file has 2",
    ):
        assert text in message


def test_repair_counts_each_rule(bench) -> None:
    report = bench.report(BAD, on_error="repair", scheme="BIO")
    assert report.log.repairs == {
        "illegal-transition-conlleval": 1,
        "foreign-prefix-read": 1,
        "unknown-tag-to-O": 1,
        "missing-tag-to-O": 1,
    }
    assert report.counts.entities == {"LOC": 1, "X": 1}
    assert report.counts.tokens == 7


def test_skip_leaves_sentences_out(bench) -> None:
    report = bench.report(BAD + "\ng B-X\n", on_error="skip", scheme="BIO")
    assert report.log.skips == {"sentences": 4}
    assert report.counts.tokens == 2


@pytest.mark.parametrize(
    ("content", "options", "parts"),
    [
        (
            "a O\na O\nb PER\n",
            {"scheme": "BIO", "on_error": "repair"},
            (
                "1 tag other than O (repairs: 1 unknown-tag-to-O)",
                "another scheme than BIO (IO is for bare labels)",
            ),
        ),
        (
            "a I-X\nb I-X\nc O\n",
            {"scheme": "BIO", "on_error": "repair", "repair": "discard"},
            ("2 tags other than O (repairs: 1 illegal-transition-discard)",),
        ),
        (
            "a I-X\n\nb O\n",
            {"scheme": "BIO", "on_error": "skip"},
            ("--on-error skip", "(skipped: 1 sentence)"),
        ),
    ],
)
def test_no_entity_may_be_all_that_is_left(
    bench, content: str, options: dict, parts: tuple[str, ...]
) -> None:
    message = bench.error(content, **options)
    assert message.startswith("[H131]")
    for part in parts:
        assert part in message


def test_every_file_without_an_entity_left_is_named(tmp_path: Path) -> None:
    paths = {name: tmp_path / f"{name}.conll" for name in ("bare", "outside", "good", "odd")}
    for path, content in zip(
        paths.values(), ("a O\na O\nb PER\n", "a O\nb\n", "a B-X\n", "a O\nb L-X\n"), strict=True
    ):
        path.write_text(content)
    with pytest.raises(HoneError) as caught:
        convert(list(paths.values()), tmp_path / "out", scheme="BIO", on_error="repair")
    assert [line.split()[1] for line in str(caught.value).splitlines()] == [f"{paths['bare']}:"]


def test_labels_that_are_dropped_on_purpose_are_no_loss(bench, rows) -> None:
    path = bench.write('[["X", null]]', "map.json")
    assert bench.ents(rows("a B-X", "b"), map_labels=path, on_error="repair") == []


@pytest.mark.parametrize(
    ("content", "skipped"),
    [("a B-X\nb\n", "1 sentence"), ("a B-X\nb\n\n" * 2, "2 sentences")],
)
def test_nothing_left_says_what_was_skipped(bench, content: str, skipped: str) -> None:
    message = bench.error(content, on_error="skip")
    assert f"no documents in it; skipped: {skipped}. Expected at least one without faults" in message
    assert "leave out --on-error" in message


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "H109"),
        (b"\n\n", "H109"),
        (b"-DOCSTART- O\n", "H109"),
        (b"\x7fELF\0\0\0", "H108"),
        ("a O\n".encode("utf-16"), "H108"),
        (b"a O\n\xff\xfe O\nb O\n", "H107"),
        (b"a O\n\nb\0 O\n" + b"c O\n" * 70_000, "H107"),
        (b"one\ntwo\n", "H111"),
        (b"a\tO\nb\tO\n\tO\n", "H106"),
    ],
)
def test_files_that_are_no_corpus(bench, content: bytes, code: str) -> None:
    if b"\0 O" in content:
        content = b"x O\n" * 20_000 + content  # beyond the head of the file
    assert f"[{code}]" in bench.error(content)


def test_invalid_utf8_names_the_line_and_can_be_repaired(bench) -> None:
    content = "ä O\n".encode() + b"caf\xe9 B-X\n"
    assert "data.conll:2: not valid UTF-8 text: 'caf\\xe9 B-X'" in bench.error(content)
    assert bench.ents(content, on_error="repair") == [("caf\ufffd", "X")]


def test_listing_is_capped_and_the_rest_counted(bench) -> None:
    message = bench.error("a O\n" + "b I-X\nc O\n" * 1_500, scheme="BIO")
    assert message.startswith("[H100] 1,500 faults")
    assert message.count("[H105]") == 1_000
    assert "... and 500 more" in message


def test_faults_of_several_files_come_together(bench) -> None:
    faults = Faults()
    for name in ("a", "b"):
        faults.add(Path(name), "H106", f"{name}:1", {"tag": "O"})
    with pytest.raises(ValueError, match="2 faults in 2 files"):
        faults.check()


def test_another_schemes_labels(bench, rows) -> None:
    assert "[H103]" in bench.error(rows("a B-X", "b E-X", "c O"), scheme="BIO")


@pytest.mark.parametrize(
    ("content", "detected", "given"),
    [
        (
            "a I-X\nb O\n\n" * 50 + "a B-X\nb O\n\n" * 49,
            "B-X after the sentence's start is illegal in IOB1",
            "BIO",
        ),
        (
            "a I-X\nb O\n\n" * 49 + "a B-X\nb O\n\n" * 50,
            "I-X after the sentence's start is illegal in BIO",
            "IOB1",
        ),
    ],
)
def test_an_illegal_transition_says_that_the_scheme_was_detected(
    bench, content: str, detected: str, given: str
) -> None:
    message = bench.error(content)
    assert (
        f"{detected}; expected B-X or I-X before it. The scheme was detected, not given: --scheme {given}"
        in message
    )
    assert "detected" not in bench.error(content, scheme=given)


def test_an_illegal_transition_in_a_scheme_with_prefixes_of_its_own(bench, rows) -> None:
    text = rows("a B-X", "b E-X", "c S-X", "d I-X")
    assert "d': I-X after S-X is illegal in BIOES" in (message := bench.error(text))
    assert "detected, not given: --scheme sets another." in message


def test_forced_scheme(bench, rows) -> None:
    text = rows("a I-X", "b I-X", "c O")
    assert bench.ents(text) == [("a b", "X")]
    bench.out.rename(bench.folder / "aside")
    assert "illegal in BIO" in bench.error(text, scheme="IOB2")


@pytest.mark.realdata
@pytest.mark.parametrize(("repair", "expected"), [("conlleval", "conlleval"), ("discard", "discard")])
def test_repairs_equal_seqscores(bench, shared_data: Path, repair: str, expected: str) -> None:
    folder = shared_data / "messy_seqscore" / "samples"
    ours = bench.ents((folder / "invalid.bio").read_bytes(), on_error="repair", repair=repair, scheme="BIO")
    theirs = bench.ents((folder / f"invalid_repair_{expected}.bio").read_bytes(), "expected.bio")
    assert ours == theirs


@pytest.mark.realdata
def test_discard_equals_seqscores_on_the_harder_file(bench, shared_data: Path) -> None:
    """It leaves no entity, which is refused here."""
    folder = shared_data / "messy_seqscore" / "tests" / "conll_annotation"
    content = (folder / "invalid1.bio").read_bytes()
    assert "[H131]" in bench.error(content, on_error="repair", repair="discard", scheme="BIO")
    assert bench.ents((folder / "invalid1_BIO_discard.txt").read_bytes(), "expected.bio") == []


@pytest.mark.realdata
@pytest.mark.parametrize(
    "name", ["minimal.bio", "minimal.bioes", "minimal.io", "minimal_fields.bio", "minimal_fields.iob"]
)
def test_seqscores_schemes_give_the_same_entities(bench, shared_data: Path, name: str) -> None:
    folder = shared_data / "messy_seqscore" / "tests" / "conll_annotation"
    expected = [("University of Pennsylvania", "ORG"), ("West Philadelphia", "LOC"), ("Pennsylvania", "LOC")]
    assert bench.ents((folder / name).read_bytes()) == expected
