"""Bad input to the commands after the conversion: a coded message that says where and what to do, a failing
exit, nothing half-written."""

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_hone.errors import HoneError

from .shell import BINARY, GOOD, ROOT, contents, invoke, refused, run


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
