import gc
import pickle
import weakref

import numpy as np
import pytest
import spacy
from thinc.api import Linear, chain, with_array

from spacy_hone.errors import HoneError
from spacy_hone.models.onnx.listener import build_encoder_listener

NLP = spacy.blank("en")


def array(n: int) -> np.ndarray:
    return np.arange(n * 2, dtype=np.float32).reshape(n, 2)


def test_gives_what_it_got():
    listener, doc = build_encoder_listener(width=2), NLP("a b c")
    listener.inbox.put(doc, array(3))
    (found,), backprop = listener.begin_update([doc])
    assert found.tolist() == array(3).tolist() and backprop([found]) == []


def test_an_encoder_that_has_not_run_is_an_error():
    listener, doc = build_encoder_listener(width=2), NLP("a b c")
    with pytest.raises(HoneError, match=r"H223.*3 tokens of 'a b c'.*did not see it"):
        listener.predict([doc])
    listener.inbox.put(doc, array(3))
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[:2])
    with pytest.raises(HoneError, match=r"H223.*2 tokens.*saw 3 tokens"):
        listener.predict([doc])


def test_a_document_without_tokens_needs_no_encoder():
    assert build_encoder_listener(width=2).predict([NLP("")])[0].shape == (0, 2)


def test_what_was_read_is_forgotten_at_the_next_run():
    listener, read, unread = build_encoder_listener(width=2), NLP("a"), NLP("b")
    for doc in (read, unread):
        listener.inbox.put(doc, array(1))
    listener.predict([read])
    listener.predict([read])
    listener.inbox.forget()
    with pytest.raises(HoneError, match="H223"):
        listener.predict([read])
    assert listener.predict([unread])[0].tolist() == array(1).tolist()


def test_nothing_outlives_its_document():
    listener, doc = build_encoder_listener(width=2), NLP("a")
    vectors = array(1)
    alive = weakref.ref(vectors)
    listener.inbox.put(doc, vectors)
    del vectors, doc
    gc.collect()
    assert alive() is None


def test_layers_above_are_initialised_without_the_encoder():
    docs = [NLP("a b"), NLP("")]
    model = chain(chain(build_encoder_listener(width=2), with_array(Linear(5))), with_array(Linear(3)))
    model.initialize(X=docs)
    assert model.layers[0].layers[1].layers[0].get_dim("nI") == 2
    with pytest.raises(HoneError, match=r"H224.*'trf'"):
        build_encoder_listener(upstream="trf").initialize(X=docs)


def test_copies_are_empty():
    listener, doc = build_encoder_listener("max", "trf", 2), NLP("a")
    listener.inbox.put(doc, array(1))
    for other in (listener.copy(), pickle.loads(pickle.dumps(listener))):
        assert (other.pooling, other.upstream_name, other.get_dim("nO")) == ("max", "trf", 2)
        assert other.inbox.take(doc) is None


def test_unknown_poolings():
    with pytest.raises(HoneError, match="H214"):
        build_encoder_listener("median")
