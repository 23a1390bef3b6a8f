"""Tag schemes: decoding against seqeval, detection, legality, repair."""

from collections import Counter
from random import Random

import pytest

from spacy_hone.corpora.schemes import (
    OUTSIDE,
    SCHEMES,
    Table,
    decode,
    detect,
    discard,
    is_bare,
    split_tag,
    style_of,
    tags_among,
)

ENTS = [(0, 1, "A"), (1, 3, "A"), (4, 5, "B"), (5, 8, "A"), (9, 10, "c-d")]
TAGS = {
    "BIO": "B-A B-A I-A O B-B B-A I-A I-A O B-c-d",
    "IOB1": "I-A B-A I-A O I-B I-A I-A I-A O I-c-d",
    "BIOES": "S-A B-A E-A O S-B B-A I-A E-A O S-c-d",
    "BILUO": "U-A B-A L-A O U-B B-A I-A L-A O U-c-d",
    "BMES": "S-A B-A E-A O S-B B-A M-A E-A O S-c-d",
}


def pairs_of(tags: list[str]) -> Counter[tuple[str, str]]:
    return Counter(zip(["O", *tags], [*tags, "O"]))


@pytest.mark.parametrize("name", TAGS)
def test_decodes_and_detects_each_scheme(name: str) -> None:
    tags = TAGS[name].split()
    table = Table(SCHEMES[name], "prefix")
    assert decode([table[tag] for tag in tags], SCHEMES[name]) == (ENTS, [])
    assert detect(pairs_of(tags), "prefix") == name


@pytest.mark.parametrize("letters", ["BI", "BIES"])
def test_repair_equals_seqeval_default_mode(letters: str) -> None:
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling")
    random = Random(0)
    name = "BIO" if letters == "BI" else "BIOES"
    table = Table(SCHEMES[name], "prefix")
    for _ in range(500):
        tags = [random.choice(["O", *(f"{x}-{y}" for x in letters for y in "XY")]) for _ in range(8)]
        ours = decode([table[tag] for tag in tags], SCHEMES[name])[0]
        theirs = [(start, end + 1, label) for label, start, end in seqeval.get_entities(tags)]
        assert ours == theirs, tags


def test_strict_legality_equals_seqeval_strict_mode() -> None:
    """A sequence that our table calls legal gives the same entities in seqeval's strict mode."""
    scheme = pytest.importorskip("seqeval.scheme")
    random = Random(1)
    for name, theirs in (("BIO", scheme.IOB2), ("BIOES", scheme.IOBES), ("BILUO", scheme.BILOU)):
        table = Table(SCHEMES[name], "prefix")
        letters = SCHEMES[name].letters
        legal = 0
        for _ in range(1_000):
            tags = [random.choice(["O", *(f"{x}-{y}" for x in letters for y in "XY")]) for _ in range(4)]
            ents, illegal = decode([table[tag] for tag in tags], SCHEMES[name])
            if not illegal:
                legal += 1
                strict = scheme.Tokens(tags, theirs).entities
                assert ents == [(entity.start, entity.end, entity.tag) for entity in strict]
        assert legal >= 20


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("I-A I-A O I-B", "IO"),
        ("I-A B-A O I-B", "IOB1"),
        ("O O O", "BIO"),
        ("B-A O S-A", "BIOES"),
        ("S-A O U-B B-A L-A", "BILUO"),
        ("B_A I_A O B_B", "BIO"),
    ],
)
def test_detects_from_little(tags: str, expected: str) -> None:
    assert detect(pairs_of(tags.split()), "prefix") == expected


def test_one_stray_prefix_does_not_change_the_scheme() -> None:
    tags = ["B-A", "I-A", "O"] * 50 + ["S-A", "O"]
    assert detect(pairs_of(tags), "prefix") == "BIO"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("B-creative-work", ("B", "creative-work")),
        ("I_Per_son", ("I", "Per_son")),
        ("B-a:b=c#d;q", ("B", "a:b=c#d;q")),
        ("O", OUTSIDE),
        ("OUT", None),
        ("B-", None),
        ("GPE", None),
        ("", None),
    ],
)
def test_splits_at_the_first_separator(tag: str, expected: tuple[str, str] | None) -> None:
    assert split_tag(tag) == expected


@pytest.mark.parametrize("label", ["PER", "creative-work", "WORK_OF_ART", "人", "Q1", "per"])
def test_labels_without_a_prefix(label: str) -> None:
    assert is_bare(label)


@pytest.mark.parametrize(
    "tag", ["O", "B", "b-per", "NP-B", "I_Time", "NE=U-Person", "B:PER", "-", "_", "1", ""]
)
def test_tags_that_are_no_bare_label(tag: str) -> None:
    assert not is_bare(tag)


@pytest.mark.parametrize(
    ("labels", "tags"),
    [
        (["B-PER"], ["B-PER"]),
        (["O"], ["O"]),
        (["B-PER", "S-LOC", "O"], ["B-PER", "O", "S-LOC"]),
        (["I-PER", "ORG", "B-PER"], ["B-PER", "I-PER"]),
        (["PER", "LOC", "B-cell"], []),
        (["E-MAIL"], []),
        ([], []),
    ],
)
def test_tags_where_labels_belong(labels: list[str], tags: list[str]) -> None:
    assert tags_among(labels) == tags


def test_suffix_style() -> None:
    tags = ["NP-B", "NP-I", "O", "VP-B"]
    assert style_of(tags) == "suffix"
    assert [split_tag(tag, "suffix") for tag in tags] == [("B", "NP"), ("I", "NP"), OUTSIDE, ("B", "VP")]


def test_discard_drops_only_what_is_to_blame() -> None:
    scheme = SCHEMES["BIO"]
    table = Table(scheme, "prefix")
    tags = [table[tag] for tag in ["B-A", "I-A", "I-B", "I-B", "O", "I-A", "O", "B-B"]]
    ents, illegal = decode(tags, scheme)
    assert illegal == [2, 5]
    assert discard(ents, illegal, tags, scheme) == [(0, 2, "A"), (7, 8, "B")]


def test_discard_drops_what_never_ends() -> None:
    scheme = SCHEMES["BIOES"]
    table = Table(scheme, "prefix")
    tags = [table[tag] for tag in ["B-A", "I-A", "O", "B-B", "E-B", "O", "S-A"]]
    ents, illegal = decode(tags, scheme)
    assert discard(ents, illegal, tags, scheme) == [(3, 5, "B"), (6, 7, "A")]
