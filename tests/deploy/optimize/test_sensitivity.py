from spacy_hone.deploy.optimize.sensitivity import search
from spacy_hone.models.onnx.graph import Network

PARTS = {"embeddings": ["e"], "layer 0": ["a", "b"], "layer 1": ["c"]}
ERRORS = {b"e": 0.3, b"ab": 0.1, b"c": 0.2}


def build(keep):
    return Network("".join(keep).encode(), {})


def find(scores, least):
    return search(
        PARTS, build, lambda found: ERRORS[found.code], lambda found: scores.get(found.code, 0.0), least
    )


def test_nothing_is_kept_where_nothing_need_be():
    found = find({b"": 0.9}, 0.9)
    assert found.network.code == b"" and not found.errors and [trial.kept for trial in found.trials] == [()]


def test_the_most_sensitive_parts_are_kept_until_the_score_holds():
    found = find({b"": 0.5, b"ab": 0.8, b"abc": 0.9}, 0.85)
    assert found.network.code == b"abc"
    assert found.errors == {"embeddings": 0.3, "layer 0": 0.1, "layer 1": 0.2}
    assert [trial.kept for trial in found.trials] == [(), ("layer 0",), ("layer 0", "layer 1")]
    assert [trial.score for trial in found.trials] == [0.5, 0.8, 0.9]


def test_a_graph_with_nothing_quantised_is_no_answer():
    found = find({}, 0.1)
    assert found.network is None and len(found.trials) == len(PARTS)
