"""`hone convert`: a code for every failure, no traceback, and a summary."""

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from spacy_hone.cli.convert import convert_cli

CONLL = Path(__file__).parents[1] / "data" / "conll"


def invoke(*args: object) -> Result:
    app = typer.Typer()
    app.command()(convert_cli)
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_converts_and_tells(tmp_path: Path) -> None:
    result = invoke(CONLL / "train.txt", CONLL / "dev.txt", tmp_path / "out")
    assert result.exit_code == 0
    assert "conll, BIO, column 4" in " ".join(result.stdout.split())  # long paths break the line
    assert (tmp_path / "out" / "dev.spacy").is_file()
    assert "--gold-tokens" in result.stdout


def test_faults_exit_with_their_codes_and_without_traceback(tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_text("a B-X\nb I-Y\nc\n")
    result = invoke(path, tmp_path / "out")
    assert result.exit_code == 1
    assert "[H100] 2 faults" in result.stderr
    assert f"{path}:2: 'b': I-Y after B-X is illegal in BIO" in result.stderr
    assert isinstance(result.exception, SystemExit)
    assert not (tmp_path / "out").exists()


def test_repairs_are_told(tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_text("a B-X\nb I-Y\n")
    result = invoke(path, tmp_path / "out", "--on-error", "repair")
    assert result.exit_code == 0
    assert "repaired: 1 illegal-transition-conlleval" in result.stdout


def test_what_was_skipped_is_told(tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_text("a B-X\n\nb I-Y\n")
    result = invoke(path, tmp_path / "out", "--on-error", "skip", "--scheme", "BIO")
    assert result.exit_code == 0
    assert "skipped: 1 sentence\n" in result.stdout


def test_categories_and_notes_are_told(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text('{"text": "a", "cats": {"X": 1, "Y": 0}}\n{"text": "b"}\n')
    output = invoke(path, tmp_path / "out").stdout
    assert "┃ categories ┃" in output
    assert "noted: 1 documents without annotation" in output
    assert "┃ categories ┃" not in invoke(CONLL / "train.txt", tmp_path / "out").stdout


def test_what_an_earlier_conversion_left_is_told(tmp_path: Path) -> None:
    out = tmp_path / "out"
    both = CONLL / "train.txt", CONLL / "dev.txt", out
    assert "left by" not in invoke(*both, "--split", "0.4,0.3,0.3").stdout
    again = invoke(*both, "--split", "0.5,0.5")
    assert "left by an earlier conversion of this file" in again.stdout
    assert f"{out}/test.spacy" in again.stdout
    assert "left by" not in invoke(*both, "--split", "0.5,0.5").stdout


def test_names_are_shown_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither cut at the width of the terminal nor read as rich's markup."""
    monkeypatch.setenv("COLUMNS", "60")
    out = tmp_path / "a[/b]" / "[red]:smile:"
    result = invoke(CONLL / "train.txt", CONLL / "dev.txt", out, "--split", "0.5,0.5")
    assert result.exit_code == 0
    shown = "".join(re.findall(r"│ (\S*) *│", result.stdout))
    assert shown.count(f"{out}/train.spacy") == shown.count(f"{out}/dev.spacy") == 2


def test_an_output_folder_is_needed() -> None:
    assert invoke(CONLL / "train.txt").exit_code == 2
