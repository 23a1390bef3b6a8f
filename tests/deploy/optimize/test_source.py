import pytest
import spacy
from thinc.api import Model

from spacy_hone.deploy.optimize.source import find_source
from spacy_hone.errors import HoneError

from .conftest import STOCK
from .toy_tokenizers import LONGEST


@pytest.fixture
def nlp(pipeline):
    return spacy.load(pipeline("stock"))


def refused(nlp, *parts: str) -> bool:
    with pytest.raises(HoneError) as error:
        find_source(nlp, "en_pipeline")
    return all(part in str(error.value) for part in parts)


def test_a_stock_transformer(nlp):
    source = find_source(nlp, "en_pipeline")
    assert source.name == "transformer" and source.kind == "BertModel (bert)" and not source.warnings
    assert (source.width, source.depth, source.longest) == (16, 2, 64)
    assert source.windows == {"kind": "strided", "window": 6, "stride": 4}
    nlp.get_pipe("transformer").set_extra_annotations = print
    assert "H730" in find_source(nlp, "en_pipeline").warnings[0]


def test_ours_computes_in_float32_from_now_on(pipeline):
    nlp = spacy.load(pipeline("ours"), config={"components.transformer.model.precision": "auto"})
    source = find_source(nlp, "en_pipeline")
    assert source.windows == {"kind": "hone", "window": 12, "stride": 4}
    assert source.longest == LONGEST + 2  # what the encoder has; stock goes by its tokenizer
    assert nlp.get_pipe("transformer").model.shims[0].options.precision == "fp32"


def test_pipelines_that_are_not_known(nlp):
    transformer = nlp.get_pipe("transformer")
    nlp.add_pipe("transformer", "second", config={"model": STOCK})
    assert refused(nlp, "H711", "transformer, second")
    nlp.remove_pipe("second")
    transformer.model.layers[0].shims[0]._hfmodel.tokenizer = lambda text: {"token_type_ids": [0, 2]}
    assert refused(nlp, "H714", "(0, 2)")
    transformer.model.attrs["get_spans"] = lambda docs: [[doc[:]] for doc in docs]
    assert refused(nlp, "H713")
    transformer.model = Model("strange", lambda model, docs, is_train: (docs, lambda d: d))
    assert refused(nlp, "H712", "spacy-transformers.TransformerModel.v3")
    nlp.remove_pipe("transformer")
    assert refused(nlp, "H710", "sentencizer, ner, tagger, hone_ner", "en_pipeline")
