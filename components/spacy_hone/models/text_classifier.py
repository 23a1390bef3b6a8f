"""The head that classifies documents: from token vectors to logits."""

from typing import Literal

from spacy.tokens import Doc
from thinc.api import Linear, Model, chain, glorot_uniform_init
from thinc.types import Floats2d

from .heads import head_dropout, resize_output
from .pooling import pool


def build_text_classifier(
    tok2vec: Model[list[Doc], list[Floats2d]],
    pooling: Literal["mean", "max", "first", "attention"] = "mean",
    dropout: float = 0.1,
    nO: int | None = None,
) -> Model[list[Doc], Floats2d]:
    """Build `hone.TextClassifier.v1`: a document's token vectors pooled, then dropout and a linear layer, giving
    logits of shape (docs, labels). All tokens count, whitespace too; a document without tokens has the layer's
    bias for logits. The linear layer starts as spaCy's own do (Glorot & Bengio 2010): with BERT's smaller weights the
    encoder moves the logits too little for rare labels to be found in a short training. References: "tok2vec", "output".

    tok2vec (Model[List[Doc], List[Floats2d]]): one vector a token: any tok2vec layer or listener.
    pooling (str): "mean" or "max" over the tokens, the "first" token, or "attention": a mean with learned weights.
    dropout (float): the rate before the linear layer. It is this layer's own and does not follow
        `[training.dropout]`, except that updating with `drop=0` switches it off too.
    nO (int | None): number of logits; None: set by the component from its labels.
    """
    width = tok2vec.get_dim("nO") if tok2vec.has_dim("nO") else None
    output = Linear(nO, width, init_W=glorot_uniform_init)
    model: Model[list[Doc], Floats2d] = chain(tok2vec, pool(pooling), head_dropout(dropout), output)
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("output", output)
    model.attrs["resize_output"] = resize_output
    return model
