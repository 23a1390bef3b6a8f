"""Students that begin with their teacher's encoder and head."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from spacy_hone.errors import HoneError
from spacy_hone.models.layers import keep_layers
from spacy_hone.training.students import make_copy_encoder

TEXTS = ["the cat sat", "a dog ran home", "the old dog sat"]
LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "pooling": {"@layers": "reduce_first.v1"},
}


def examples(nlp: Language) -> list[Example]:
    gold = [
        {"entities": [(t.idx, t.idx + 3, t.text.upper()) for t in nlp(text) if t.text in ("cat", "dog")]}
        for text in TEXTS
    ]
    return [Example.from_dict(nlp.make_doc(text), each) for text, each in zip(TEXTS, gold)]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> str:
    """A BERT of 4 layers, 16 wide, as files."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted({w for t in TEXTS for w in t.split()})]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf8")
    sizes = {"hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 16}
    torch.manual_seed(0)
    config = transformers.BertConfig(vocab_size=len(words), max_position_embeddings=32, **sizes)
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    transformers.BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    return str(folder)


def pipeline(name: str, **options: Any) -> Language:
    nlp = spacy.blank("en")
    model = {"@architectures": "hone.TransformerModel.v1", "name": name, "precision": "fp32", **options}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe(
        "hone_ner",
        name="ner",
        config={"model": {"@architectures": "hone.TokenClassifier.v1", "tok2vec": LISTENER}},
    )
    return nlp


@pytest.fixture(scope="module")
def teacher(encoder, tmp_path_factory) -> Path:
    nlp = pipeline(encoder)
    gold = examples(spacy.blank("en"))
    optimizer = nlp.initialize(lambda: gold)
    optimizer.learn_rate = 0.01
    for _ in range(3):
        nlp.update(gold, sgd=optimizer)
    path = tmp_path_factory.mktemp("teacher")
    nlp.to_disk(path)
    return path


def module_of(nlp: Language) -> Any:
    return nlp.get_pipe("transformer").model.shims[0].transformer


def state(module: Any) -> dict[str, np.ndarray]:
    return {name: weight.numpy() for name, weight in module.state_dict().items()}


def test_the_encoder_is_the_teachers_without_some_layers(teacher):
    nlp = pipeline("no/such-encoder", keep_layers=[0, 2])
    make_copy_encoder(teacher)(nlp)
    nlp.initialize(lambda: examples(spacy.blank("en")))
    expected = state(keep_layers(module_of(spacy.load(teacher)), [0, 2]))
    found = state(module_of(nlp))
    assert found.keys() == expected.keys()
    for name, weight in found.items():
        np.testing.assert_array_equal(weight, expected[name])


def test_with_the_head_and_all_layers_it_is_the_teacher(teacher, tmp_path):
    nlp = pipeline("no/such-encoder")
    nlp.config["initialize"]["before_init"] = {"@callbacks": "hone.CopyEncoder.v1", "path": str(teacher)}
    nlp.config["initialize"]["components"]["ner"] = {"init_from": str(teacher)}
    nlp.initialize(lambda: examples(spacy.blank("en")))
    nlp.to_disk(tmp_path)
    assert str(teacher) not in (tmp_path / "config.cfg").read_text(encoding="utf8")
    theirs = spacy.load(teacher)
    for ours in (nlp, spacy.load(tmp_path)):
        for text in TEXTS:
            logits = [
                each.get_pipe("ner").model.predict([each.get_pipe("transformer")(each.make_doc(text))])[0]
                for each in (ours, theirs)
            ]
            np.testing.assert_allclose(*logits, atol=1e-6)


class TestBadInput:
    @pytest.mark.parametrize("path", [None, "nowhere"])
    def test_a_pipeline_that_is_not_there(self, encoder, path):
        with pytest.raises(HoneError, match=f"H530.*{path}"):
            make_copy_encoder(path)(pipeline(encoder))

    def test_a_teacher_without_an_encoder(self, encoder, tmp_path):
        nlp = spacy.blank("en")
        nlp.add_pipe("tok2vec", name="transformer")
        nlp.initialize()
        nlp.to_disk(tmp_path)
        with pytest.raises(HoneError, match=r"H531.*transformer \(tok2vec\)"):
            make_copy_encoder(tmp_path)(pipeline(encoder))

    def test_a_student_without_an_encoder(self, teacher):
        with pytest.raises(HoneError, match=r"H531.*to be trained.*has: nothing"):
            make_copy_encoder(teacher)(spacy.blank("en"))

    def test_a_student_whose_config_says_all_of_its_encoder(self, teacher):
        nlp = spacy.blank("en")
        nlp.add_pipe("transformer", config={"model": {"@architectures": "hone.TransformerEncoder.v1"}})
        with pytest.raises(HoneError, match=r"H531.*to be trained"):
            make_copy_encoder(teacher)(nlp)

    def test_a_layer_that_the_teacher_does_not_have(self, teacher):
        with pytest.raises(HoneError, match=r"H215.*has 4: 0 to 3"):
            make_copy_encoder(teacher)(pipeline("no/such-encoder", keep_layers=[0, 4]))
