"""Pipelines as teachers: which component, what it runs, what it gives."""

import itertools

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.training import Example

from spacy_hone.errors import HoneError
from spacy_hone.teachers.base import Task
from spacy_hone.teachers.components import upstream
from spacy_hone.teachers.mapping import prepare
from spacy_hone.teachers.pipeline import make_pipeline_teacher

TEXTS = [
    "Ann saw New York.",
    "Rome \n\n fell",
    "",
    "I was in Rome and Ann was not, or so they say, in New York City.",
]
WIDTH = 16
CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": WIDTH,
    "depth": 1,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": WIDTH, "upstream": "tok2vec"}
REDUCE = {
    "@architectures": "spacy.TextCatReduce.v1",
    "tok2vec": CNN,
    "use_reduce_first": False,
    "use_reduce_last": False,
    "use_reduce_max": False,
    "use_reduce_mean": True,
}
TOKENS, TEXT = "hone.TokenClassifier.v1", "hone.TextClassifier.v1"
COMPONENTS = {  # name = factory: config
    "tok2vec": {"model": CNN},
    "hone_ner": {"model": {"@architectures": TOKENS, "tok2vec": LISTENER}, "scheme": "BILUO"},
    "hone_tagger": {"model": {"@architectures": TOKENS, "tok2vec": LISTENER}},
    "hone_textcat": {"model": {"@architectures": TEXT, "tok2vec": CNN}},
    "hone_textcat_multilabel": {"model": {"@architectures": TEXT, "tok2vec": CNN}},
    "ner": {
        "model": {
            "@architectures": "spacy.TransitionBasedParser.v2",
            "state_type": "ner",
            "extra_state_tokens": False,
            "hidden_width": 16,
            "maxout_pieces": 2,
            "use_upper": True,
            "tok2vec": LISTENER,
        }
    },
    "tagger": {"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": CNN}},
    "textcat": {"model": {**REDUCE, "exclusive_classes": True}},
    "textcat_multilabel": {"model": {**REDUCE, "exclusive_classes": False}},
    "sentencizer": {},
}
CATEGORIES = {"hone_textcat", "hone_textcat_multilabel", "textcat", "textcat_multilabel"}
ENTITIES = Task("tags", True, ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"], "BIO")


def examples(nlp):
    doc = nlp.make_doc("Ann saw New York .")
    reference = nlp.make_doc(doc.text)
    reference.set_ents([reference.char_span(0, 3, "PER"), reference.char_span(8, 16, "LOC")])
    for token, tag in zip(reference, ["NNP", "VBD", "NNP", "NNP", "."]):
        token.tag_ = tag
    reference.cats = {"good": 1.0, "bad": 0.0}
    return [Example(doc, reference)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pipeline of every kind of component, after a few updates."""
    nlp = spacy.blank("en")
    for name, config in COMPONENTS.items():
        nlp.add_pipe(name, config=config)
    spacy.util.fix_random_seed(1)
    sgd = nlp.initialize(lambda: examples(nlp))
    for _ in range(10):
        nlp.update(examples(nlp), sgd=sgd)
    path = tmp_path_factory.mktemp("teacher") / "model"
    nlp.to_disk(path)
    return path


@pytest.fixture(scope="module")
def nlp(folder):
    return spacy.load(folder)


@pytest.fixture
def of_folder(folder, nlp):
    """A teacher from the folder, which is not read again."""

    def make(component=None, **options):
        teacher = make_pipeline_teacher(folder, component, **options)
        teacher.nlp = nlp
        return teacher

    return make


@pytest.fixture
def docs(nlp):
    return [spacy.blank("en").make_doc(text) for text in TEXTS]


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_building_loads_nothing():
    make_pipeline_teacher("no/such/folder")


@pytest.mark.parametrize("name", ["hone_ner", "hone_tagger", "tagger", "ner"])
def test_tokens(of_folder, nlp, docs, name):
    teacher = of_folder(name, batch_size=2)
    outputs = teacher.outputs(docs, vectors=True)
    others = set(nlp.pipe_names) - {"tok2vec", name}
    for text, output, doc in zip(TEXTS, outputs, nlp.pipe(TEXTS, disable=others)):
        words = [token for token in doc if not token.is_space]
        assert [text[a:b] for a, b in zip(output.starts, output.ends)] == [token.text for token in words]
        assert output.logits.shape == (len(words), len(teacher.columns)) and output.logits.dtype == np.float32
        assert output.vectors is None if not len(doc) else output.vectors.shape == (len(words), WIDTH)
        decided = [teacher.columns[i] for i in output.logits.argmax(axis=1)]
        if name.endswith("tagger"):
            assert decided == [token.tag_ for token in words]
        elif name == "ner":
            assert [tag[2:] for tag in decided] == [token.ent_type_ for token in words]
    assert all(output.vectors is None for output in teacher.outputs(docs))


def test_scores_of_a_component_of_ours_are_its_logits(of_folder, nlp, docs):
    outputs = of_folder("hone_ner").outputs(docs[:1])
    doc = nlp.get_pipe("tok2vec")(nlp.make_doc(TEXTS[0]))
    assert_allclose(outputs[0].logits, nlp.get_pipe("hone_ner").model.predict([doc])[0], rtol=1e-5)
    assert of_folder("hone_ner").columns[:5] == ["O", "B-LOC", "I-LOC", "L-LOC", "U-LOC"]


def test_decisions_are_smoothed(of_folder, nlp, docs):
    teacher = of_folder("ner", smoothing=0.2)
    assert teacher.scheme == "BILUO" and len(teacher.columns) == 9
    probabilities = np.exp(teacher.outputs(docs[:1])[0].logits)
    assert_allclose(np.sort(probabilities)[:, [-1, -2, 0]], [[0.8, 0.025, 0.025]] * 5, rtol=1e-5)
    doc = nlp(TEXTS[0], disable=["hone_ner"])
    tags = [teacher.columns[i] for i in probabilities.argmax(axis=1)]
    assert tags == spacy.training.offsets_to_biluo_tags(
        doc, [(e.start_char, e.end_char, e.label_) for e in doc.ents]
    )
    assert set(tags) > {"O"}


@pytest.mark.parametrize("name", sorted(CATEGORIES))
def test_categories(of_folder, nlp, docs, name):
    teacher = of_folder(name)
    assert (teacher.kind, teacher.exclusive) == ("categories", "multilabel" not in name)
    outputs = teacher.outputs(docs, vectors=True)
    assert [len(output.logits) for output in outputs] == [1, 1, 0, 1]
    logits = np.concatenate([output.logits for output in outputs])
    p = softmax(logits) if teacher.exclusive else 1 / (1 + np.exp(-logits))
    expected = [nlp.get_pipe(name)(nlp.make_doc(text)).cats for text in TEXTS if text]
    assert_allclose(p, [[cats[label] for label in teacher.columns] for cats in expected], atol=1e-5)
    assert outputs[0].vectors.shape[0] == 1 and not len(outputs[0].starts)


def test_a_stock_tagger_that_normalises(tmp_path):
    probabilities = []
    for normalize in (False, True):
        nlp = spacy.blank("en")
        nlp.add_pipe("tagger", config={"model": {"normalize": normalize, "tok2vec": CNN}})
        spacy.util.fix_random_seed(0)
        sgd = nlp.initialize(lambda nlp=nlp: examples(nlp))
        for _ in range(5):
            nlp.update(examples(nlp), sgd=sgd)
        nlp.to_disk(tmp_path / str(normalize))
        output = make_pipeline_teacher(tmp_path / str(normalize)).outputs([nlp.make_doc(TEXTS[0])])[0]
        probabilities.append(softmax(output.logits))
    assert_allclose(*probabilities, atol=1e-4)


def test_only_what_is_needed_runs(folder):
    nlp = spacy.load(folder)
    assert upstream(nlp, "hone_tagger") == upstream(nlp, "ner") == ["tok2vec"]
    assert upstream(nlp, "tagger") == []
    features = {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy.MultiHashEmbed.v2",
            "width": WIDTH,
            "attrs": ["NORM", "POS"],
            "rows": [100, 100],
            "include_static_vectors": False,
        },
        "encode": {
            "@architectures": "spacy.MaxoutWindowEncoder.v2",
            "width": WIDTH,
            "window_size": 1,
            "maxout_pieces": 2,
            "depth": 1,
        },
    }
    nlp.add_pipe("hone_textcat", "of_tags", config={"model": {"tok2vec": features}})
    assert upstream(nlp, "of_tags") == nlp.pipe_names[:-1]


def test_the_component_follows_from_the_student(folder, tmp_path):
    nlp = spacy.load(folder, exclude=["ner", "tagger", "textcat", "textcat_multilabel"])
    nlp.to_disk(tmp_path)
    for student, name in (
        (ENTITIES, "hone_ner"),
        (Task("tags", True, ["NNP", "VBD", "."]), "hone_tagger"),
        (Task("categories", True, ["good", "bad"]), "hone_textcat"),
        (Task("categories", False, ["good", "bad"]), "hone_textcat_multilabel"),
    ):
        teacher = make_pipeline_teacher(tmp_path)
        prepare(teacher, student)
        assert teacher.name == name
    with pytest.raises(HoneError, match=r"H911.*4 components.*hone_ner \(hone_ner\)"):
        _ = make_pipeline_teacher(tmp_path).task


def test_a_component_that_is_not_there_or_cannot_teach(of_folder):
    with pytest.raises(HoneError, match=r"H911.*2 components.*entities.*ner \(ner\)"):
        prepare(of_folder(), ENTITIES)
    with pytest.raises(HoneError, match=r"H909.*'nre'.*tok2vec \(tok2vec\), hone_ner") as error:
        prepare(of_folder("nre"), ENTITIES)
    assert "sentencizer" in str(error.value)
    with pytest.raises(HoneError, match=r"H910.*'sentencizer'.*hone_ner"):
        prepare(of_folder("sentencizer"), ENTITIES)
    with pytest.raises(HoneError, match="H901"):
        prepare(of_folder("textcat"), ENTITIES)
    with pytest.raises(HoneError, match="H908"):
        prepare(make_pipeline_teacher("no/such/folder"), ENTITIES)


def test_a_component_without_labels(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    nlp.to_disk(tmp_path)
    with pytest.raises(HoneError, match=r"H918.*'ner'"):
        _ = make_pipeline_teacher(tmp_path).task


@pytest.mark.parametrize("options", [{"smoothing": 0.0}, {"smoothing": 1.0}, {"batch_size": 0}])
def test_options_out_of_range(options):
    with pytest.raises(HoneError, match=f"H912.*{next(iter(options))}"):
        make_pipeline_teacher("model", **options)


def test_a_tokenizer_that_loses_text(of_folder, docs):
    teacher = of_folder("tagger")
    tokenizer = teacher.nlp.tokenizer
    teacher.nlp.tokenizer = lambda text: tokenizer(text.replace(" ", ""))
    with pytest.raises(HoneError, match=r"H907.*Ann saw New York.*at character 3, they have 'sawNewYork"):
        teacher.outputs(docs)


def test_keys(of_folder, folder, tmp_path):
    key = of_folder("hone_ner").key
    assert len(key) == 64 and key != of_folder("tagger").key
    assert of_folder("ner").key != of_folder("ner", smoothing=0.2).key
    assert of_folder("hone_ner", labels=[["PER", "x"]]).key == key
    copy = spacy.load(folder)
    copy.to_disk(tmp_path / "same")
    assert make_pipeline_teacher(tmp_path / "same", "hone_ner").key == key
    table = next(node for node in copy.get_pipe("tok2vec").model.walk() if node.has_param("E"))
    table.set_param("E", table.get_param("E") + 1)
    copy.to_disk(tmp_path / "other")
    assert make_pipeline_teacher(tmp_path / "other", "hone_ner").key != key
    assert make_pipeline_teacher(tmp_path / "other", "tagger").key == of_folder("tagger").key


def test_under_a_crf_marginals(tmp_path):
    nlp = spacy.blank("en")
    ner = nlp.add_pipe("hone_ner", config={"model": {"@architectures": TOKENS, "crf": True, "tok2vec": CNN}})
    spacy.util.fix_random_seed(0)
    sgd = nlp.initialize(lambda: examples(nlp))
    for _ in range(10):
        nlp.update(examples(nlp), sgd=sgd)
    nlp.to_disk(tmp_path)
    doc = nlp("Ann saw New York .")
    output = make_pipeline_teacher(tmp_path).outputs([doc])[0]
    emissions, transitions = ner.model.predict([doc])[0].astype("float64"), ner.transitions()
    totals = np.zeros((5, len(ner.columns)))
    for path in itertools.product(range(len(ner.columns)), repeat=5):
        steps = list(zip((0, *path), (*path, 0)))
        if all(ner.legal[step] for step in steps):
            score = sum(emissions[i, tag] for i, tag in enumerate(path)) + sum(
                transitions[step] for step in steps[1:-1]
            )
            totals[range(5), path] += np.exp(score)
    assert_allclose(np.exp(output.logits), totals / totals.sum(axis=1, keepdims=True), atol=1e-5)
