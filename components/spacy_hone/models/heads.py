"""Output layers: from token vectors to logits."""

from collections.abc import Callable

from spacy.tokens import Doc
from thinc.api import Linear, Model, Ops, chain, with_array, zero_init
from thinc.types import Floats2d, FloatsXd

from .crf import build_crf, resize_crf


def build_token_classifier(
    tok2vec: Model[list[Doc], list[Floats2d]],
    dropout: float = 0.1,
    crf: bool = False,
    nO: int | None = None,
) -> Model[list[Doc], list[Floats2d]]:
    """Build `hone.TokenClassifier.v1`: dropout and a linear layer on each token's vector, giving logits.

    The linear layer starts small and not at zero: through zeros the encoder gets no gradient, and at the rates of
    fine-tuning that costs it half the training. References: "tok2vec", "output", and with a CRF "crf".

    tok2vec (Model[List[Doc], List[Floats2d]]): one vector a token: any tok2vec layer or listener.
    dropout (float): the rate before the linear layer. It is this layer's own and does not follow
        `[training.dropout]`, except that updating with `drop=0` switches it off too.
    crf (bool): learn scores for the transitions between tags too, in a linear-chain conditional random field
        (Lafferty et al. 2001) over the logits; the layer only holds them, see `build_crf`.
    nO (int | None): number of logits; None: set by the component from its labels.
    """
    width = tok2vec.get_dim("nO") if tok2vec.has_dim("nO") else None
    output = Linear(nO, width, init_W=small_init)
    layers = [output, build_crf(nO)] if crf else [output]
    model: Model[list[Doc], list[Floats2d]] = chain(
        tok2vec, with_array(chain(head_dropout(dropout), *layers))
    )
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("output", output)
    if crf:
        model.set_ref("crf", layers[-1])
    model.attrs["resize_output"] = resize_output
    return model


def small_init(ops: Ops, shape: tuple[int, ...]) -> FloatsXd:
    """Weights from a normal distribution of standard deviation 0.02, as BERT's (Devlin et al. 2019)."""
    return ops.asarray_f(ops.xp.random.normal(scale=0.02, size=shape).astype("float32"))


def resize_output(model: Model, nO: int) -> Model:
    """Let an initialised head grow: the old rows are kept, in their place, and the new ones follow as zeros. So
    are the transitions of a CRF.

    A grown layer is a new node, so that an optimiser does not meet moments of the old shape.

    model (Model): a model with the reference "output".
    nO (int): the new number of logits, at least the old one.
    """
    old = model.get_ref("output")
    kept = old.get_dim("nO")
    new = Linear(nO, old.get_dim("nI"), init_W=zero_init).initialize()
    for name in ("W", "b"):
        grown = new.get_param(name)
        grown[:kept] = old.get_param(name)  # type: ignore[assignment]
        new.set_param(name, grown)
    model.replace_node(old, new)
    crf = model.maybe_get_ref("crf")
    if crf is not None:
        model.replace_node(crf, resize_crf(crf, nO))
    return model


def head_dropout(rate: float) -> Model[Floats2d, Floats2d]:
    """Dropout at a rate that `set_dropout_rate` (each `update` calls it) can only switch off."""
    return Model("head_dropout", _forward, attrs={"rate": rate, "dropout_rate": rate})


def _forward(model: Model, X: Floats2d, is_train: bool) -> tuple[Floats2d, Callable]:
    if not is_train or not model.attrs["dropout_rate"]:
        return X, lambda dY: dY
    mask = model.ops.get_dropout_mask(X.shape, model.attrs["rate"])
    return X * mask, lambda dY: dY * mask
