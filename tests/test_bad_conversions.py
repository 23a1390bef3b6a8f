"""Bad input to `hone convert`: a coded message that says where and what to do, a failing exit, nothing half-written."""

from pathlib import Path

import pytest

from .shell import BINARY, GOOD, contents, invoke, refused

CONVERT: dict[str, tuple[str, str | bytes, tuple[str, ...], tuple[str, ...]]] = {
    "a tag is missing": (
        "a.conll",
        GOOD + "\nno O\ntag\n",
        (),
        ("[H101] {file}:11: 1 columns where", "'tag'"),
    ),
    "a space inside a token": (
        "a.conll",
        GOOD + "\nNew York O\n",
        (),
        ("[H101] {file}:10: 3 columns", "a space"),
    ),
    "an unknown tag": (
        "a.conll",
        GOOD + "\nsalt Q-FOOD\nsalt FOOD\n",
        (),
        ("[H102] {file}:10: 'salt' has the tag 'Q-FOOD'. Expected O, or one of B, I", "{file}:11: 'salt'"),
    ),
    "tags of another scheme": (
        "a.conll",
        "red B-X\nsalt E-X\n\ncups S-Y\nof O\n",
        ("--scheme", "BIO"),
        (
            "[H103] {file}:2: 'salt' has the tag 'E-X', a prefix of another scheme",
            "{file}:4: 'cups'",
            "--scheme",
        ),
    ),
    "two schemes in a file": (
        "a.conll",
        GOOD * 5 + "\nred B-FOOD\nsalt L-FOOD\n",
        (),
        ("[H103] {file}:43: 'salt' has the tag 'L-FOOD', a prefix of another scheme than the file's BIO",),
    ),
    "an illegal transition": (
        "a.conll",
        GOOD + "\nred B-FOOD\nsalt I-UNIT\n",
        (),
        (
            "[H105] {file}:11: 'salt': I-UNIT after B-FOOD is illegal in BIO; expected B-UNIT or I-UNIT before it",
        ),
    ),
    "no tags at all": (
        "a.conll",
        "red\nsalt\n",
        (),
        ("[H111] {file}: no column", "a token and its tag in each"),
    ),
    "an empty file": ("a.conll", "", (), ("[H109] {file}: no documents in it", "Expected lines")),
    "blank lines only": ("a.conll", "\n \n\n", (), ("[H109] {file}: no documents in it", "Expected lines")),
    "a binary file": (
        "a.conll",
        b"\x7fELF\x02\0\0\0" * 9,
        (),
        ("[H108] {file}: a binary file", "Save it as UTF-8"),
    ),
    "a binary file without NUL": (
        "a.conll",
        BINARY,
        (),
        ("[H108] {file}: a binary file", "Save it as UTF-8"),
    ),
    "UTF-16": (
        "a.conll",
        GOOD.encode("utf-16"),
        (),
        ("[H108] {file}: a binary file, or text in another enc",),
    ),
    "invalid UTF-8": (
        "a.conll",
        GOOD.encode() + b"\ncaf\xe9 B-FOOD\n",
        (),
        ("[H107] {file}:10: not valid UTF-8 text: 'caf\\xe9 B-FOOD'. Save the file as UTF-8",),
    ),
    "JSON that is none": (
        "a.jsonl",
        b'{"text": "red salt"}\nred\n["x"]\n{"text": "caf\xe9"}\n',
        (),
        ("[H114] {file}:2: not valid JSON", "{file}:3: ['x'] is not a JSON object", "[H107] {file}:4:"),
    ),
    "a span outside its text": (
        "a.jsonl",
        '{"text": "red salt", "spans": [[4, 9, "FOOD"]]}\n',
        (),
        ("[H112] {file}:1: the span 4-9 'FOOD' lies outside the text of 8 characters",),
    ),
    "half of a surrogate pair": (
        "a.jsonl",
        '{"text": "a \\ud800", "spans": []}\n{"text": "a", "label": "\\udc00"}\n',
        (),
        ("[H100] 2 faults", "[H130] {file}:1: half of", "a \\ud800", "[H130] {file}:2: half of", "\\udc00"),
    ),
    "bare labels in a scheme of prefixes": (
        "a.conll",
        "red O\nhot O\nsalt FOOD\n",
        ("--scheme", "BIO"),
        ("[H102] {file}:3: 'salt' has the tag 'FOOD'", "bare labels such as PER, take --scheme IO"),
    ),
    "a repair that leaves no entity": (
        "a.conll",
        "red O\nhot O\nsalt FOOD\n",
        ("--scheme", "BIO", "--on-error", "repair"),
        (
            "[H131] {file}: --on-error repair would leave no entity of 1 tag other than O",
            "IO is for bare labels",
        ),
    ),
    "no shares": (
        "a.conll",
        GOOD,
        ("--split", ""),
        ("[H118] --split '': not numbers", "Expected two or three"),
    ),
    "an empty table": ("a.csv", "", (), ("[H109] {file}: no documents in it. Expected a header",)),
    "a table without a label": (
        "a.csv",
        "text,x\na,b\n",
        (),
        ("[H129] {file}:1: no column", "--label-column"),
    ),
    "a folder": (".", "", (), ("[H110] {file}: there is no such file, but a folder",)),
    "no such file": ("nowhere.conll", "", (), ("[H110] {file}: there is no such file.",)),
}


@pytest.mark.parametrize("case", CONVERT)
def test_convert(case: str, tmp_path: Path):
    name, content, options, parts = CONVERT[case]
    (tmp_path / "good.conll").write_text(GOOD)
    assert invoke("hone", "convert", tmp_path / "good.conll", tmp_path / "out").exit_code == 0
    file = tmp_path / name
    if name.startswith("a."):
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = contents(tmp_path)
    for out in ("out", "new/nested"):
        message = refused(invoke("hone", "convert", tmp_path / "good.conll", file, tmp_path / out, *options))
        for part in parts:
            assert part.format(file=file) in message
    assert contents(tmp_path) == before


def test_convert_to_where_nothing_can_be_written(tmp_path: Path):
    file = tmp_path / "good.conll"
    file.write_text(GOOD)
    assert f"[H126] {file} is a file" in refused(invoke("hone", "convert", file, file))
    assert f"[H127] {file}/out: cannot be made" in refused(invoke("hone", "convert", file, file / "out"))
