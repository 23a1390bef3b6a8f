"""Hugging Face checkpoints as teachers: a toy BERT, saved and read as any."""

import string
import sys

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.tokens import Doc

from spacy_hone.errors import HoneError
from spacy_hone.teachers.base import Task
from spacy_hone.teachers.huggingface import make_huggingface_teacher, read_tags
from spacy_hone.teachers.mapping import prepare

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

CHARACTERS = string.ascii_lowercase + string.digits + string.punctuation
VOCAB = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *CHARACTERS,
    *(f"##{c}" for c in CHARACTERS),
    "京",
    "北",
    "é",
]
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
STUDENT = Task("tags", True, TAGS, "BIO")
WORDS = [
    "Ann",
    "does",
    "n't",
    "like",
    "the",
    "New",
    "York",
    "of",
    "1990s",
    ",",
    "says",
    "my",
    "friend",
    "Bob-Jones",
    ".",
]


def save(folder, names=TAGS, cls="BertForTokenClassification", **settings):
    (folder / "vocab.txt").write_text("\n".join(VOCAB), encoding="utf8")
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(VOCAB),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.3,
        id2label=dict(enumerate(names)),
        **settings,
    )
    torch.manual_seed(0)
    model = getattr(transformers, cls)(config).eval()
    if cls == "BertForTokenClassification":  # so that not one tag is decided for everywhere
        with torch.no_grad():
            model.classifier.bias -= model(torch.arange(5, 60)[None]).logits[0].median(0).values
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save(tmp_path_factory.mktemp("tokens"))


@pytest.fixture(scope="module")
def texts_folder(tmp_path_factory):
    return save(tmp_path_factory.mktemp("texts"), ["good", "bad"], "BertForSequenceClassification")


def doc_of(words, spaces=None):
    return Doc(spacy.blank("en").vocab, words=words, spaces=spaces)


def whole(folder, text, cls="AutoModelForTokenClassification", **options):
    """Logits of a text without its special wordpieces, as transformers computes them; and its encoding."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = getattr(transformers, cls).from_pretrained(folder).eval()
    encoding = tokenizer(text, return_tensors="pt", **options)
    with torch.inference_mode():
        return model(**encoding).logits[0].numpy(), encoding


def test_decision_for_decision_on_first_subwords(folder):
    doc = doc_of(WORDS)
    teacher = make_huggingface_teacher(folder)
    logits, known = prepare(teacher, STUDENT).to_student(teacher.outputs([doc]), [doc])
    expected, encoding = whole(folder, WORDS, is_split_into_words=True)
    firsts = [encoding.word_ids(0).index(i) for i in range(len(WORDS))]
    assert known.all()
    assert (logits.argmax(axis=1) == expected[firsts].argmax(axis=1)).all()
    assert len(set(logits.argmax(axis=1))) > 1
    shift = logits - expected[firsts]  # the same for all columns of a row
    assert_allclose(shift - shift[:, :1], 0, atol=1e-4)


def test_wordpieces_and_vectors(folder):
    texts = ["北京 e\u0301te\u0301", "", " \n ", "abc 👩‍👧 d"]
    outputs = make_huggingface_teacher(folder).outputs(
        [doc_of([text], [False]) if text else doc_of([]) for text in texts], vectors=True
    )
    pieces = [[text[a:b] for a, b in zip(output.starts, output.ends)] for text, output in zip(texts, outputs)]
    assert pieces[0][:3] == ["北", "京", "e\u0301"] or pieces[0][:3] == ["北", "京", "e"]
    assert pieces[1] == pieces[2] == [] and pieces[3][:3] == ["a", "b", "c"] and pieces[3][-1] == "d"
    for output in outputs:
        assert output.logits.shape == (len(output.starts), 5) and output.logits.dtype == np.float32
        assert output.starts.dtype == output.ends.dtype == np.int32
    assert outputs[0].vectors.shape == (len(pieces[0]), 16)
    assert outputs[1].vectors is None


def test_long_texts_are_read_in_windows(folder):
    words = [f"w{i}" for i in range(150)]
    doc = doc_of(words)
    teacher = make_huggingface_teacher(folder, batch_size=3)
    output = teacher.outputs([doc])[0]
    assert prepare(teacher, STUDENT).to_student([output], [doc]).known.all()
    n_pieces = sum(map(len, words))
    assert len(output.logits) == n_pieces
    # The first window, and the last one, are what transformers reads.
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForTokenClassification.from_pretrained(folder).eval()
    ids = tokenizer(doc.text, add_special_tokens=False)["input_ids"]
    for part, rows in ((ids[:62], slice(None, 50)), (ids[-62:], slice(-30, None))):
        with torch.inference_mode():
            row = torch.tensor([[2, *part, 3]])
            expected = model(input_ids=row).logits[0, 1:-1].numpy()
        assert_allclose(output.logits[rows], expected[rows], atol=1e-4)


def test_smaller_windows(folder):
    doc = doc_of(WORDS)
    teacher = make_huggingface_teacher(folder, window=10)
    assert teacher.classifier.budget == 8
    assert prepare(teacher, STUDENT).to_student(teacher.outputs([doc]), [doc]).known.all()
    with pytest.raises(HoneError, match=r"H912.*window"):
        _ = make_huggingface_teacher(folder, window=2).task
    with pytest.raises(HoneError, match=r"H912.*batch_size"):
        make_huggingface_teacher(folder, batch_size=0)


def test_batches_do_not_change_anything(folder):
    docs = [doc_of(WORDS[:n]) for n in (1, 14, 5, 9)]
    one, four = (make_huggingface_teacher(folder, batch_size=n).outputs(docs) for n in (1, 4))
    for a, b in zip(one, four):
        assert_allclose(a.logits, b.logits, atol=1e-4)


@pytest.mark.parametrize("problem", ["single_label_classification", "multi_label_classification"])
def test_sequences(tmp_path, problem):
    folder = save(tmp_path, ["good", "bad"], "BertForSequenceClassification", problem_type=problem)
    teacher = make_huggingface_teacher(folder)
    exclusive = problem.startswith("single")
    assert teacher.task == Task("categories", exclusive, ["good", "bad"])
    docs = [doc_of(["some", "text"]), doc_of([]), doc_of(["x"] * 100)]
    outputs = teacher.outputs(docs, vectors=True)
    assert [len(output.logits) for output in outputs] == [1, 0, 1]
    assert outputs[0].vectors.shape == (1, 16)
    for doc, output in ((docs[0], outputs[0]), (docs[2], outputs[2])):
        expected, _ = whole(
            folder, doc.text, "AutoModelForSequenceClassification", truncation=True, max_length=64
        )
        assert_allclose(output.logits[0], expected, atol=1e-4)


@pytest.mark.parametrize(
    "names, tags, scheme",
    [
        (["O", "B-A", "I-A"], ["O", "B-A", "I-A"], "BIO"),
        (["O", "A-B", "A-I"], ["O", "B-A", "I-A"], "BIO"),
        (["B_A", "I_A", "O"], ["B-A", "I-A", "O"], "BIO"),
        (["O", "B-A", "I-A", "E-A", "S-A"], ["O", "B-A", "I-A", "L-A", "U-A"], "BILUO"),
        (["O", "B-A", "M-A", "E-A", "S-A"], ["O", "B-A", "I-A", "L-A", "U-A"], "BILUO"),
        (["O", "B-A", "I-A", "L-A", "U-A"], ["O", "B-A", "I-A", "L-A", "U-A"], "BILUO"),
        (["O", "I-A", "I-B"], ["O", "I-A", "I-B"], "IO"),
        (["PER", "O", "work-of-art"], ["I-PER", "O", "I-work-of-art"], "IO"),
        (["NOUN", "VERB"], ["NOUN", "VERB"], None),
    ],
)
def test_tags_of_any_scheme(names, tags, scheme):
    assert read_tags(names) == (tags, scheme)


def test_tags_that_make_no_scheme(tmp_path):
    with pytest.raises(HoneError, match=r"H915.*PER"):
        _ = make_huggingface_teacher(save(tmp_path, ["O", "B-LOC", "PER"])).task


def test_nowhere(tmp_path):
    with pytest.raises(HoneError, match="H914") as error:
        _ = make_huggingface_teacher("nobody/nothing").task
    assert all(place in str(error.value) for place in ("folder", "local Hugging Face cache", "hub: "))
    with pytest.raises(HoneError, match=r"H914.*\n.*folder"):
        _ = make_huggingface_teacher(tmp_path).task


def test_no_classifier(tmp_path):
    with pytest.raises(HoneError, match=r"H915.*BertForMaskedLM"):
        _ = make_huggingface_teacher(save(tmp_path, cls="BertForMaskedLM")).task


def test_without_its_head(tmp_path):
    save(tmp_path, cls="BertForMaskedLM")
    config = transformers.BertConfig.from_pretrained(tmp_path)
    config.architectures = ["BertForTokenClassification"]
    config.save_pretrained(tmp_path)
    with pytest.raises(HoneError, match=r"H915.*classifier\.bias"):
        _ = make_huggingface_teacher(tmp_path).task


def test_without_weights(tmp_path):
    (save(tmp_path) / "model.safetensors").unlink()
    with pytest.raises(HoneError, match="H915"):
        _ = make_huggingface_teacher(tmp_path).task


def test_without_torch(folder, monkeypatch):
    monkeypatch.delitem(sys.modules, "spacy_hone.teachers.checkpoint", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(HoneError, match=r"H913.*torch"):
        _ = make_huggingface_teacher(folder).task


def test_keys(folder, texts_folder, tmp_path):
    key = make_huggingface_teacher(folder).key
    assert (
        len(key) == 64 and key == make_huggingface_teacher(save(tmp_path), [["PER", "x"]], batch_size=2).key
    )
    assert key != make_huggingface_teacher(texts_folder).key
    assert key != make_huggingface_teacher(folder, window=10).key
    model = transformers.AutoModelForTokenClassification.from_pretrained(tmp_path)
    model.classifier.bias.data += 1e-3
    model.save_pretrained(tmp_path)
    assert key != make_huggingface_teacher(tmp_path).key


def test_hidden_layers_side_by_side(folder):
    teacher = make_huggingface_teacher(folder)
    doc = doc_of(["Ann", "saw", "York"])
    [last] = teacher.outputs([doc], vectors=True)
    teacher.read_layers([1, -1, 0])
    [output] = teacher.outputs([doc], vectors=True)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        states = model(**tokenizer(doc.text, return_tensors="pt"), output_hidden_states=True).hidden_states
    expected = np.hstack([states[layer][0, 1:-1].numpy() for layer in (1, -1, 0)])
    assert_allclose(output.vectors, expected, atol=1e-5)
    assert_allclose(output.vectors[:, 16:32], last.vectors, atol=1e-6)
    with pytest.raises(HoneError, match=r"H919.*0 to 2.*not 3"):
        teacher.read_layers([3])
