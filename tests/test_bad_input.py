"""Bad input, by the commands that a user types: a coded message that says where and what to do, a failing
exit, nothing half-written."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from click.testing import Result
from spacy.cli import app
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

import spacy_hone.cli  # noqa: F401  (adds `hone` to spaCy's commands, as the entry point does)
from spacy_hone.errors import HoneError

ROOT = Path(__file__).parents[1]
GOOD = "red O\nsalt B-FOOD\n\nblack O\npepper B-FOOD\n\n2 O\ncups B-UNIT\n"
BINARY = bytes(range(1, 10)) + bytes(range(128, 256)) * 40


def invoke(*args: object) -> Result:
    """`python -m spacy ARGS` in this process."""
    return CliRunner().invoke(app, [str(arg) for arg in args])


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def refused(result: Result) -> str:
    """The message of a command of ours that failed as it should."""
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert not result.stdout
    assert result.stderr.startswith("[H")
    assert "Traceback" not in result.stderr
    return result.stderr


# what is wrong -> file name, content, options, parts of the message
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


@pytest.fixture(scope="module")
def corpora(tmp_path_factory) -> Callable[[str], Path]:
    """name -> a `.spacy` file: `good` and `foreign` by our converter, others by hand."""
    folder = tmp_path_factory.mktemp("corpora")
    (folder / "good.conll").write_text(GOOD)
    (folder / "foreign.conll").write_text(GOOD.replace("FOOD", "FOODS"))
    (folder / "outside.conll").write_text("red O\n\nsalt O\n")
    (folder / "plain.jsonl").write_text('{"text": "no annotation"}\n')
    inputs = [folder / name for name in ("good.conll", "foreign.conll", "outside.conll", "plain.jsonl")]
    assert invoke("hone", "convert", *inputs, folder).exit_code == 0
    tags = Doc(spacy.blank("en").vocab, words=["Ann", "Lee", "ran"], ents=["B-B-PER", "B-I-PER", "O"])
    DocBin(docs=[tags]).to_disk(folder / "tags.spacy")
    DocBin().to_disk(folder / "empty.spacy")
    (folder / "binary.spacy").write_bytes(BINARY)
    (folder / "zero.spacy").touch()
    return lambda name: folder / name if "." in name else folder / f"{name}.spacy"


CNN, TRF = "configs/ner_cnn.cfg", "configs/ner_trf.cfg"
# what is wrong -> config, train, dev, options, parts of the message
TRAIN: dict[str, tuple[str, str, str, tuple[str, ...], tuple[str, ...]]] = {
    "a label in dev that train lacks": (
        CNN,
        "good",
        "foreign",
        (),
        (
            "[H513] The dev corpus has the label 'FOODS'",
            "first in document 1",
            "Near names in train: FOOD",
            "Rename",
        ),
    ),
    "no annotation": (
        CNN,
        "plain",
        "plain",
        (),
        (
            "[H514] The component 'ner' trains on doc.ents",
            "1 documents in the train corpus {train}",
            "Convert the",
        ),
    ),
    "no entities": (
        CNN,
        "outside",
        "outside",
        (),
        (
            "[H303] Component 'ner' found annotated documents (2) but no entities in doc.ents of {train}",
            "Train on",
        ),
    ),
    "labels of another scheme": (
        CNN,
        "tags",
        "tags",
        (),
        ("[H515] The train corpus {train} has tags of a scheme", "B-PER, I-PER", "Convert it again"),
    ),
    "no such corpus": (
        CNN,
        "nowhere",
        "good",
        (),
        ("[H124] {train}: there is no such path", "--paths.train"),
    ),
    "not converted": (
        CNN,
        "good.conll",
        "good",
        (),
        ("[H124] {train}: there is no .spacy file here", "hone convert"),
    ),
    "not a corpus": (
        CNN,
        "binary",
        "good",
        (),
        ("[H124] {train}: cannot be read as a corpus", "hone convert"),
    ),
    "a file of no bytes": (
        CNN,
        "good",
        "zero",
        (),
        ("[H124] {dev}: cannot be read as a corpus", "hone convert"),
    ),
    "no documents": (CNN, "good", "empty", (), ("[H512] The dev corpus {dev} is empty: 0 documents",)),
    "an encoder that cannot be found": (
        TRF,
        "good",
        "good",
        ("--vars.encoder", "no/such-encoder"),
        ("[H201] The encoder 'no/such-encoder' cannot be found. Tried:", "assets/encoders", "Give the path"),
    ),
}


@pytest.mark.filterwarnings("ignore:.*W090")  # spaCy's own word about a folder without corpora
@pytest.mark.parametrize("case", TRAIN)
def test_train(case: str, corpora, tmp_path: Path):
    """spaCy itself makes the output folder before it looks at the corpora; nothing else is left."""
    config, train, dev, options, parts = TRAIN[case]
    paths = {"train": corpora(train), "dev": corpora(dev)}
    args = ["train", ROOT / config, "--output", tmp_path / "out", *options]
    result = invoke(*args, *(item for name, path in paths.items() for item in (f"--paths.{name}", path)))
    assert result.exit_code == 1
    assert isinstance(result.exception, HoneError)
    for part in parts:
        assert part.format(**paths) in str(result.exception)
    assert set(contents(tmp_path)) == {tmp_path / "out"}


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """A pipeline that finds FOOD and UNIT."""
    nlp = spacy.blank("en")
    patterns = [("FOOD", "salt"), ("UNIT", "cups")]
    nlp.add_pipe("entity_ruler").add_patterns([{"label": name, "pattern": word} for name, word in patterns])
    path = tmp_path_factory.mktemp("model")
    nlp.to_disk(path)
    return path


# corpus -> parts of the message
EVALUATE = {
    "plain": ("[H604] No document of {corpus} has annotation in doc.ents", "Convert it again"),
    "tags": (
        "[H606] Corpus and pipeline have no label in common",
        "B-PER, I-PER",
        "FOOD, UNIT",
        "--map-labels",
    ),
    "empty": ("[H603] The corpus {corpus} has no documents", "hone convert"),
    "zero": ("[H124] {corpus}: cannot be read as a corpus", "hone convert"),
    "binary": ("[H124] {corpus}: cannot be read as a corpus", "hone convert"),
    "good.conll": ("[H124] {corpus}: there is no .spacy file here", "hone convert"),
    "nowhere": ("[H124] {corpus}: there is no such path", "hone convert"),
}


@pytest.mark.parametrize("name", EVALUATE)
def test_evaluate(name: str, corpora, model: Path, tmp_path: Path):
    corpus, output = corpora(name), tmp_path / "metrics.json"
    output.write_text("an earlier result")
    options = ("--output", output, "--predictions", tmp_path / "new" / "predictions.conll")
    message = refused(invoke("hone", "evaluate", model, corpus, *options))
    for part in EVALUATE[name]:
        assert part.format(corpus=corpus) in message
    assert contents(tmp_path) == {output: b"an earlier result"}


def run(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
def test_in_a_process_of_its_own(corpora, model: Path, tmp_path: Path):
    """What a shell sees: the status, and a message without a traceback from every command of ours."""
    good, foreign, output = corpora("good"), corpora("foreign"), tmp_path / "out.json"
    binary = corpora("binary")
    commands = {
        "[H108]": ("-m", "spacy", "hone", "convert", binary, tmp_path / "out"),
        "[H124]": ("-m", "spacy", "hone", "evaluate", model, binary, "--output", output),
        "[H513]": ("scripts/check_corpora.py", CNN, good, foreign, output),
        "[H610]": ("scripts/check_corpora.py", CNN, good, good, output, "--gpu-id", 99),
    }
    for code, command in commands.items():
        done = run(*command)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert done.stderr.startswith(code) and "Traceback" not in done.stderr
    assert not contents(tmp_path)


@pytest.mark.slow
def test_the_message_is_the_end_of_the_traceback_of_spacy_train(corpora):
    """`spacy train` prints a traceback for every error; what to do stands below it, on the last line."""
    paths = ("--paths.train", corpora("good"), "--paths.dev", corpora("foreign"))
    done = run("-m", "spacy", "train", CNN, *paths)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("spacy_hone.errors.HoneError: [H513] The dev corpus")
    assert done.stderr.count("Traceback") == 1
