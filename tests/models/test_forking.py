"""Workers after the parent has predicted with two threads: a test in a process of its own."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import spacy, torch
torch.set_num_threads(2)
nlp = spacy.load(sys.argv[1])
texts = ["two cups of sugar"] * 12
def hidden(doc):
    return doc._.trf_data.model_output.last_hidden_state

before = [hidden(doc) for doc in nlp.pipe(texts)]
nlp("chocolates " * 400)
docs = list(nlp.pipe(texts, n_process=2, batch_size=3))
assert len(docs) == 12
assert all(abs(hidden(doc) - b).max() < 1e-5 for doc, b in zip(docs, before))
assert torch.get_num_threads() == 2
print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems start their workers afresh")
@pytest.mark.timeout(120)
def test_workers_after_prediction(toy_nlp, tmp_path):
    toy_nlp(bert={"hidden_size": 128, "max_position_embeddings": 512}).to_disk(tmp_path / "model")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(tmp_path / "model")],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "done" in done.stdout, done.stderr
    assert "just got forked" not in done.stderr
