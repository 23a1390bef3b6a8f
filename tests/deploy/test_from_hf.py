"""Token classifiers of Hugging Face as pipelines: toys of random weights, held against transformers itself."""

import json
import re
import string
import sys

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.util import load_config
from thinc.api import fix_random_seed
from typer.testing import CliRunner

from spacy_hone.cli import hone_cli
from spacy_hone.deploy.from_hf import build_from_checkpoint, from_hf
from spacy_hone.deploy.hf_head import ABSENT, arrange, check_head, name_tags
from spacy_hone.errors import HoneError
from spacy_hone.pipes.tags import TagTable

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

BIO = ["I-LOC", "O", "B-PER", "B-LOC", "I-PER"]
BIOES = ["S-LOC", "B-LOC", "I-LOC", "E-LOC", "O", "B-PER", "I-PER", "E-PER", "S-PER"]
TEXTS = [
    "Ann doesn't like the New York of 1990s,  says my friend Bob-Jones.",
    "(x) it's 5kg of flour\n\nand 北京 too!",
    "a",
    "",
]
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
MODERN = [f"{name}_token_id" for name in ("pad", "bos", "eos", "cls", "sep")]
DISTIL = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}


def save_wordpieces(folder):
    signs = string.ascii_lowercase + string.digits + string.punctuation
    vocab = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *signs,
        *(f"##{sign}" for sign in signs),
        "北",
        "京",
    ]
    (folder / "vocab.txt").write_text("\n".join(vocab), encoding="utf8")
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return {"vocab_size": len(vocab)}


def save_byte_pairs(folder):
    from tokenizers.pre_tokenizers import ByteLevel

    vocab = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *sorted(ByteLevel.alphabet()), "Ġl", "it"]
    (folder / "vocab.json").write_text(
        json.dumps({piece: i for i, piece in enumerate(vocab)}), encoding="utf8"
    )
    (folder / "merges.txt").write_text("#version: 0.2\nĠ l\ni t\n", encoding="utf8")
    tokenizer = transformers.RobertaTokenizerFast(str(folder / "vocab.json"), str(folder / "merges.txt"))
    tokenizer.save_pretrained(folder)
    return {"vocab_size": len(vocab), "pad_token_id": 1, "max_position_embeddings": 130}


def save(folder, names=BIO, kind="Bert", task="ForTokenClassification", **settings):
    """Write a toy checkpoint, whose bias lets no tag win everywhere."""
    settings |= save_byte_pairs(folder) if kind == "Roberta" else save_wordpieces(folder)
    config = getattr(transformers, f"{kind}Config")(
        **(DISTIL if kind == "DistilBert" else SIZES),
        initializer_range=0.3,
        id2label=dict(enumerate(names)),
        **settings,
    )
    torch.manual_seed(0)
    model = getattr(transformers, f"{kind}{task}")(config).eval()
    if task == "ForTokenClassification" and hasattr(model.classifier, "bias"):
        with torch.no_grad():
            model.classifier.bias -= model(torch.arange(5, 60)[None]).logits[0].median(0).values
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return save(tmp_path_factory.mktemp("bert"), classifier_dropout=0.25)


def first_rows(folder, doc):
    """Logits of the first wordpiece of each token that has one, as transformers computes them; and these tokens."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForTokenClassification.from_pretrained(folder).eval()
    encoding = tokenizer(doc.text, return_tensors="pt", return_offsets_mapping=True)
    offsets = encoding.pop("offset_mapping")[0].tolist()
    if "Distil" in type(model).__name__:
        del encoding["token_type_ids"]  # the tokenizer is BERT's
    with torch.inference_mode():
        logits = model(**encoding).logits[0].numpy()
    ends = [(token, token.idx, token.idx + len(token)) for token in doc if not token.is_space]
    firsts = [
        (token.i, next(i for i, (a, b) in enumerate(offsets) if a < end and b > start))
        for token, start, end in ends
    ]
    tokens, pieces = np.array(firsts, dtype=int).reshape(-1, 2).T
    return tokens, logits[pieces]


@pytest.mark.parametrize("names", [BIO, BIOES], ids=["BIO", "BIOES"])
@pytest.mark.parametrize("kind", ["Bert", "Roberta", "DistilBert", "Electra", "Albert"])
def test_decision_for_decision_on_first_wordpieces(tmp_path, kind, names):
    folder = save(tmp_path, names, kind)
    nlp = build_from_checkpoint(folder, precision="fp32")
    ner = nlp.get_pipe("ner")
    assert ner.labels == ("LOC", "PER") and ner.cfg["scheme"] == ("BIO" if names is BIO else "BILUO")
    spelling = {"E": "L", "S": "U"}
    columns = [ner.tags.names.index(spelling.get(name[0], name[0]) + name[1:]) for name in names]
    decided = set()
    for text in TEXTS[:3]:
        doc = nlp(text)
        tokens, expected = first_rows(folder, doc)
        [found] = ner.model.predict([doc])
        assert_allclose(found[tokens][:, columns], expected, atol=1e-4)
        assert (found[tokens][:, columns].argmax(1) == expected.argmax(1)).all()
        decided |= set(expected.argmax(1))
    assert len(decided) > 2
    assert [len(doc) for doc in nlp.pipe(TEXTS)][3] == 0


def test_what_is_written_is_what_was_made(bert, tmp_path):
    made = from_hf(bert, tmp_path / "out", "en", "hone.MixedTokenizer.v1", "people")
    read = spacy.load(tmp_path / "out")
    assert read.meta["name"] == "people" and read.pipe_names == ["transformer", "ner"]
    assert read.get_pipe("ner").model.layers[1].layers[0].layers[0].attrs["rate"] == 0.25
    docs = zip(made.pipe(TEXTS), read.pipe(TEXTS))
    pairs = [[[(e.text, e.label_, e._.confidence) for e in doc.ents] for doc in pair] for pair in docs]
    assert all(a == b for a, b in pairs) and any(a for a, _ in pairs)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("config.cfg", "meta.json", "ner", "transformer", "vocab")
    ]
    assert from_hf(bert, tmp_path / "out").pipe_names == read.pipe_names  # replaces it


def test_it_can_be_trained_further(bert):
    fix_random_seed(0)
    nlp = build_from_checkpoint(bert)
    doc = nlp.make_doc("Ann likes Rome")
    gold = {"entities": [(0, 3, "PER"), (10, 14, "LOC")]}
    optimizer = nlp.resume_training()
    nlp.get_pipe("ner").add_label("GPE")
    examples = [Example.from_dict(doc, gold)]
    losses = [nlp.update(examples, sgd=optimizer, drop=0.0)["ner"] for _ in range(40)]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.2


def test_tags_that_only_say_inside(tmp_path):
    folder = save(tmp_path, ["PER", "O", "LOC"])
    nlp = build_from_checkpoint(folder, precision="fp32")
    doc = nlp(TEXTS[0])
    tokens, logits = first_rows(folder, doc)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    names = np.full(len(doc), "O", dtype=object)
    names[tokens] = np.array(["PER", "O", "LOC"])[logits.argmax(1)]
    spans = []
    for i, name in enumerate(names):
        if name != "O" and i and names[i - 1] == name:
            spans[-1][1] = i + 1
        elif name != "O":
            spans.append([i, i + 1, name])
    assert [[ent.start, ent.end, ent.label_] for ent in doc.ents] == spans
    assert max(end - start for start, end, _ in spans) > 1
    rows = np.full((len(doc), 3), 0.0)
    rows[tokens] = p
    column = {"PER": 0, "LOC": 2}
    for ent in doc.ents:  # of its tags, and of others around it
        p = rows[:, column[ent.label_]]
        around = [1 - p[i] for i in (ent.start - 1, ent.end) if 0 <= i < len(doc)]
        assert ent._.confidence == pytest.approx(p[ent.start : ent.end].prod() * np.prod(around), rel=1e-3)


def test_rows_that_are_not_there_never_win():
    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(3, 8)).astype("float32"), rng.normal(size=3).astype("float32")
    table = TagTable(["A", "B"], "BIO")
    rows, bias = arrange(W, b, ["B-B", "O", "B-A"], table)
    vectors = rng.normal(size=(500, 8)) * 100
    logits = vectors @ rows.T + bias
    assert_allclose(logits[:, [3, 0, 1]], vectors @ W.T + b, rtol=1e-5)
    assert (logits[:, [2, 4]].max(1) <= logits[:, [3, 0, 1]].max(1) - ABSENT + 1e-3).all()


@pytest.mark.parametrize(
    "names, problem",
    [
        (["LABEL_0", "LABEL_1"], "H706.*LABEL_0, LABEL_1"),
        (["NOUN", "VERB"], "H705.*no tags of entities.*NOUN"),
        (["O", "B-A", "A"], "H705.*prefix"),
        (["O", "B-A", "I-A", "I-B"], "H705.*begin B with"),
        (["O", "B-A", "B_A"], "H705.*several outputs.*B-A"),
    ],
)
def test_names(names, problem):
    with pytest.raises(HoneError, match=problem):
        name_tags(names, "x")


def test_heads_of_other_shapes(tmp_path, bert):
    faults = {
        "classifies whole texts": {"task": "ForSequenceClassification"},
        "RobertaForSequenceClassification|whole texts": {
            "kind": "Roberta",
            "task": "ForSequenceClassification",
        },
        "head is .*dense|head is .*head ": {"kind": "ModernBert", **dict.fromkeys(MODERN, 0)},
        "sigmoid": {"problem_type": "multi_label_classification"},
    }
    for number, (problem, settings) in enumerate(faults.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(HoneError, match=f"H705.*({problem})"):
            build_from_checkpoint(save(folder, **settings))


def test_a_crf_is_not_overlooked(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = save(tmp_path)
    weights = load_file(folder / "model.safetensors")
    save_file(
        weights | {"crf.transitions": torch.zeros(5, 5)}, folder / "model.safetensors", {"format": "pt"}
    )
    with pytest.raises(HoneError, match=r"H705.*crf\.transitions"):
        build_from_checkpoint(folder)
    config = transformers.BertConfig.from_pretrained(folder)
    config.architectures = ["BertCrfForTokenClassification"]
    config.save_pretrained(folder)
    with pytest.raises(HoneError, match=r"H705.*BertCrfForTokenClassification"):
        build_from_checkpoint(folder)
    config.architectures = ["BertCRF"]
    config.save_pretrained(folder)
    with pytest.raises(HoneError, match=r"H915.*BertCRF"):
        build_from_checkpoint(folder)


def test_what_is_computed_in_between_is_noticed(bert):
    from spacy_hone.deploy.hf_head import read_head
    from spacy_hone.teachers.checkpoint import load_classifier

    classifier = load_classifier(str(bert), 0)
    head = read_head(classifier, "x")
    check_head(classifier, classifier.model.base_model, head, "x")
    hooked = classifier.model.classifier.register_forward_hook(lambda module, given, made: made.tanh())
    with pytest.raises(HoneError, match=r"H705.*not a linear function"):
        check_head(classifier, classifier.model.base_model, head, "x")
    hooked.remove()


def test_nothing_is_written_where_something_is_wrong(bert, tmp_path, monkeypatch):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "thesis.txt").touch()
    for code, args in {
        "H708.*thesis": (bert, tmp_path / "used"),
        "H708": (bert, bert),
        "H707.*klingon": (bert, tmp_path / "a", "klingon"),
        "H707.*none.such": (bert, tmp_path / "a", "en", "none.such.v1"),
        "H914": (tmp_path / "none", tmp_path / "a" / "b"),
    }.items():
        with pytest.raises(HoneError, match=code):
            from_hf(*args)
    monkeypatch.delitem(sys.modules, "spacy_hone.teachers.checkpoint", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(HoneError, match=r"H704.*torch"):
        from_hf(bert, tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["used"]
    assert len(list((tmp_path / "used").iterdir())) == 1


class TestCommand:
    """`hone extend --from-hf`."""

    def run(self, *args):
        return CliRunner().invoke(hone_cli, ["extend", *map(str, args)])

    def test_a_checkpoint_becomes_a_pipeline(self, bert, tmp_path):
        result = self.run("--from-hf", bert, tmp_path / "out", "--tokenizer", "hone.MixedTokenizer.v1")
        assert result.exit_code == 0, result.output
        assert (
            "transformer, ner: LOC, PER" in result.output and f"Written: {tmp_path / 'out'}" in result.output
        )
        nlp = spacy.load(tmp_path / "out")
        doc = nlp(TEXTS[0])
        tokens, expected = first_rows(bert, doc)
        columns = [nlp.get_pipe("ner").tags.names.index(name) for name in BIO]
        [found] = nlp.get_pipe("ner").model.predict([doc])
        assert (found[tokens][:, columns].argmax(1) == expected.argmax(1)).all()

    def test_which_is_extended_at_once(self, bert, tmp_path):
        nlp = spacy.blank("en")
        doc = nlp("my friend Bob")
        doc.set_ents([doc.char_span(3, 9, "ROLE")])
        DocBin(docs=[doc]).to_disk(tmp_path / "new.spacy")
        out = [tmp_path / "out", tmp_path / "out.cfg", "--corpus", tmp_path / "new.spacy"]
        result = self.run("--from-hf", bert, *out)
        assert result.exit_code == 0, result.output
        assert "ROLE: new, 1 in the corpus" in result.output and "PER: kept" in result.output
        config = load_config(tmp_path / "out.cfg")
        assert config["initialize"]["components"]["ner"]["labels"] == ["LOC", "PER", "ROLE"]
        assert config["paths"]["model"] == str(tmp_path / "out")

    @pytest.mark.parametrize(
        "args, code",
        [
            (["{model}"], "H528.*OUT.cfg"),
            (["{model}", "{new}"], "H528.*--corpus"),
            (["--from-hf", "{bert}", "{new}", "--corpus", "x.spacy"], "H528.*OUT.cfg"),
            (["--from-hf", "{bert}", "{new}", "{new}.cfg"], "H528.*--corpus"),
            (["--from-hf", "{bert}", "{model}"], "H525"),
            (["--from-hf", "{bert}", "{model}", "--overwrite"], "H708.*thesis"),
            (["--from-hf", "nowhere", "{new}"], "H914.*nowhere"),
            (["--from-hf", "{bert}", "{new}", "--lang", "klingon"], "H707.*klingon"),
            (
                ["--from-hf", "{bert}", "{new}", "{new}.cfg", "--corpus", "x.spacy", "--alpha", "2"],
                "H526.*--alpha",
            ),
            (["{model}", "{new}.cfg", "--corpus", "x.spacy", "--lang", "de"], "H526.*--lang"),
        ],
    )
    def test_bad_input(self, bert, tmp_path, args, code):
        (tmp_path / "used").mkdir()
        (tmp_path / "used" / "thesis.txt").touch()
        names = {"bert": bert, "model": tmp_path / "used", "new": tmp_path / "new"}
        result = self.run(*(arg.format(**names) for arg in args))
        assert result.exit_code == 1
        assert re.search(code, result.output), result.output
        assert [path.name for path in tmp_path.rglob("*")] == ["used", "thesis.txt"]
