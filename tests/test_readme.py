"""What the README shows works as it stands there."""

import re
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.training import Example
from spacy.util import registry
from thinc.api import Config

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf8")


def blocks(language: str, word: str) -> list[str]:
    found = [
        text for text in re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL) if word in text
    ]
    assert found
    return found


def test_a_loss_of_ones_own_trains_and_is_weighted():
    [source] = blocks("python", "registry.losses")
    body = source[source.index("@spacy") :]
    assert len(body.strip().splitlines()) <= 6
    exec(source, {})
    loss = registry.losses.get("my.Brier.v1")()
    logits, targets, mask = np.array([[0.3, -1.0, 0.2], [2.0, 0.0, 0.0]]), np.eye(3)[[0, 2]], np.array([1, 1])
    gradient, value = loss(logits, targets, mask)
    for at in np.ndindex(logits.shape):
        moved = logits.copy()
        moved[at] += 1e-4
        assert (loss(moved, targets, mask)[1] - value) / 1e-4 == pytest.approx(gradient[at], abs=1e-3)

    nlp = spacy.blank("en")
    config = {"loss": {"@losses": "my.Brier.v1", "weights": [["A", 3.0]]}}
    nlp.add_pipe("hone_ner", name="ner", config=config)
    eg = Example.from_dict(nlp.make_doc("one two three"), {"entities": ["U-A", "O", "O"]})
    spacy.util.fix_random_seed(0)
    optimizer = nlp.initialize(lambda: [eg])
    losses = [nlp.update([eg], sgd=optimizer)["ner"] for _ in range(20)]
    assert losses[-1] < losses[0] / 2
    assert nlp.get_pipe("ner").cfg["weights"] == [["O", 1.0], ["A", 3.0]]


def test_the_loss_block_is_a_loss():
    [text] = blocks("ini", "hone.Focal.v1")
    loss = registry.resolve(
        Config().from_str("[components]\n[components.ner]\n" + text)["components"]["ner"]
    )["loss"]
    loss.bind(["", "PART", "PART"], [90, 4, 6], 100, strict=True)
    assert loss.label_weights == [("O", pytest.approx(0.5556, abs=1e-4)), ("PART", 5.0)]


def test_the_loggers_resolve(tmp_path, monkeypatch):
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    monkeypatch.chdir(tmp_path)
    [text] = blocks("ini", "hone.Loggers.v1")
    resolved = registry.resolve(Config().from_str("[training]\n" + text)["training"])
    assert callable(resolved["logger"])


def test_every_config_is_in_the_table():
    names = {path.name for path in (Path(__file__).parents[1] / "configs").glob("*.cfg")}
    assert names <= set(re.findall(r"`(\w+\.cfg)`", README))
