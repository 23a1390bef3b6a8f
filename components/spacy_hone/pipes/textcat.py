"""`hone_textcat` and `hone_textcat_multilabel`: text classification over any tok2vec or transformer."""

from collections.abc import Callable

from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Config, Model
from thinc.types import Floats2d

from ..losses.base import RowLoss
from .base import DEFAULT_TOK2VEC
from .text_classifier import TextClassifier

DEFAULT_CONFIG = (
    """
[textcat]
positive_label = null

[textcat.scorer]
@scorers = "hone.textcat_scorer.v1"

[textcat.loss]
@losses = "hone.CrossEntropy.v1"

[textcat.model]
@architectures = "hone.TextClassifier.v1"
pooling = "mean"

[textcat.model.tok2vec]
"""
    + DEFAULT_TOK2VEC
    + """
[textcat_multilabel]
scorer = ${textcat.scorer}
model = ${textcat.model}

[textcat_multilabel.loss]
@losses = "hone.CrossEntropy.v1"
link = "sigmoid"
"""
)
DEFAULTS = Config().from_str(DEFAULT_CONFIG)

ASSIGNS = ["doc.cats", "doc._.labels"]
SHOWN = {"cats_score": 1.0, "cats_macro_f": 0.0, "cats_pr_auc": 0.0}
NOT_SHOWN = (
    *("cats_score_desc", "cats_micro_p", "cats_micro_r", "cats_micro_f", "cats_macro_p", "cats_macro_r"),
    *("cats_macro_auc", "cats_f_per_type", "cats_auc_per_type", "cats_pr_auc_per_type"),
    *("cats_accuracy", "cats_balanced_accuracy"),
)
SCORE_WEIGHTS = SHOWN | dict.fromkeys(NOT_SHOWN)


@Language.factory(
    "hone_textcat", assigns=ASSIGNS, default_config=DEFAULTS["textcat"], default_score_weights=SCORE_WEIGHTS
)
def make_textcat(
    nlp: Language,
    name: str,
    *,
    model: Model[list[Doc], Floats2d],
    loss: RowLoss,
    positive_label: str | None,
    scorer: Callable | None,
) -> TextClassifier:
    """Build the component `hone_textcat`, for exclusive labels: one holds for each document.

    model (Model[List[Doc], Floats2d]): gives logits of each document's labels; with the reference "output".
    loss (RowLoss): the training objective, with link = "softmax".
    positive_label (str | None): the label that is looked for: `cats_score` is its F score, and it can have a
        threshold. (Stock `textcat` takes it in [initialize.components].)
    scorer (Callable | None): the scoring method.
    """
    return TextClassifier(
        nlp.vocab, model, name, loss=loss, multi_label=False, positive_label=positive_label, scorer=scorer
    )


@Language.factory(
    "hone_textcat_multilabel",
    assigns=ASSIGNS,
    default_config=DEFAULTS["textcat_multilabel"],
    default_score_weights=SCORE_WEIGHTS,
)
def make_textcat_multilabel(
    nlp: Language,
    name: str,
    *,
    model: Model[list[Doc], Floats2d],
    loss: RowLoss,
    scorer: Callable | None,
) -> TextClassifier:
    """Build the component `hone_textcat_multilabel`, for independent labels: any number holds for a document.
    Untrained, it says how frequent each label is: see `RowLoss.prior`.

    model (Model[List[Doc], Floats2d]): gives logits of each document's labels; with the reference "output".
    loss (RowLoss): the training objective, with link = "sigmoid".
    scorer (Callable | None): the scoring method.
    """
    return TextClassifier(nlp.vocab, model, name, loss=loss, multi_label=True, scorer=scorer)
