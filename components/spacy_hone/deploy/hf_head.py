"""The output layer of a Hugging Face token classifier, as rows of a tag table."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import Errors, HoneError
from ..pipes.tags import TagTable
from ..teachers.huggingface import read_tags
from ..types import Scheme

if TYPE_CHECKING:
    from ..teachers.classifier import Classifier

ABSENT = 10.0  # logits: how far a tag that the checkpoint lacks lies below the mean of those that it has
CONTINUED = (
    -30.0
)  # logits: the score of a second beginning in a run of one type, where tags are I- and O only
TOLERANCE = 1e-3  # logits
PROBE = "Ann Lee moved to New York in 1990, says 北京."
OTHER_HEADS = ("cls.", "lm_head.")  # of pretraining
Floats = NDArray[np.float32]


class Head(NamedTuple):
    """An output layer for `TagTable(labels, scheme)`.

    W, b: shapes (tags, width) and (tags,). dropout: the rate before it. transitions: shape (tags, tags), where the
    table's tags say more than the checkpoint's, else None.
    """

    labels: list[str]
    scheme: Scheme
    W: Floats
    b: Floats
    dropout: float
    transitions: Floats | None


class Tags(NamedTuple):
    """Tags of a checkpoint, in the order of its outputs: canonical names, and what they are tags of."""

    names: list[str]
    labels: list[str]
    scheme: str  # "BIO", "BILUO" or "IO"

    @property
    def table(self) -> TagTable:
        return TagTable(self.labels, self.written)

    @property
    def written(self) -> Scheme:
        return cast(Scheme, self.scheme if self.scheme in get_args(Scheme) else "BIO")


def read_head(classifier: "Classifier", model: str) -> Head:
    """Take the output layer of a checkpoint. Raises H705 if it is more than a linear layer, H706 if it is unnamed.

    classifier: the checkpoint. model: its name, for error messages.
    """
    linear, dropout = find_layers(classifier, model)
    tags = name_tags(classifier.names, model)
    W = linear.weight.detach().cpu().numpy()
    b = np.zeros(len(W), dtype="float32") if linear.bias is None else linear.bias.detach().cpu().numpy()
    table = tags.table
    W, b = arrange(W, b, tags.names, table)
    return Head(tags.labels, tags.written, W, b, dropout, join(table) if tags.scheme == "IO" else None)


def find_layers(classifier: "Classifier", model: str) -> tuple[Any, float]:
    """The linear layer, and the rate of the dropout before it. Raises H705 for anything else."""
    module = classifier.model
    parts = {name: part for name, part in module.named_children() if part is not module.base_model}
    linear = [part for part in parts.values() if type(part).__name__ == "Linear"]
    dropout = [part for part in parts.values() if type(part).__name__.endswith("Dropout")]
    made, wanted = type(module).__name__, (module.config.architectures or [""])[0]
    lost = [
        key for key in classifier.unused if not key.startswith((f"{module.base_model_prefix}.", *OTHER_HEADS))
    ]
    faults = {
        "it classifies whole texts, not tokens.": classifier.kind != "tags",
        "its labels are independent of each other (sigmoid), but a token has one tag.": not classifier.exclusive,
        f"its class is {wanted}, of which transformers reads a {made} only.": made != wanted,
        f"its file has weights that {made} does not use: {', '.join(lost[:5])} ({len(lost)} in all).": bool(
            lost
        ),
        f"its head is {_describe(parts)}; expected one linear layer.": len(linear) != 1
        or len(linear) + len(dropout) < len(parts),
    }
    for problem in (problem for problem, is_so in faults.items() if is_so):
        raise HoneError(Errors.H705.format(model=model, problem=problem))
    rates = [getattr(part, "p", getattr(part, "drop_prob", 0.0)) for part in dropout]
    return linear[0], float(max(rates, default=0.0))


def name_tags(names: Sequence[str], model: str) -> Tags:
    """Read the names of a checkpoint's outputs. Raises H706 for LABEL_0 and the like, H705 for names that are no
    tags of entities, that occur twice, or that leave a type without a beginning."""
    if any(name.startswith("LABEL_") for name in names):
        raise HoneError(Errors.H706.format(model=model, names=", ".join(names[:5])))
    problem = ""
    try:
        tags, scheme = read_tags(names)
    except ValueError as err:
        raise HoneError(Errors.H705.format(model=model, problem=err)) from err
    labels = list(dict.fromkeys(tag[2:] for tag in tags if tag != "O"))
    twice = [tag for tag, n in Counter(tags).items() if n > 1]
    begun = {tag[2:] for tag in tags if tag[0] in ("I" if scheme == "IO" else "BU")}
    if scheme is None or not labels:
        problem = f"its outputs are no tags of entities with an O among them: {', '.join(names[:10])}."
    elif twice:
        problem = f"it has several outputs for one tag: {', '.join(twice)}."
    elif unbegun := [label for label in labels if label not in begun]:
        problem = (
            f"it has no tag to begin {', '.join(unbegun)} with, but for others it has: its tags are of the scheme IOB1 "
            "or incomplete."
        )
    if problem or scheme is None:
        raise HoneError(Errors.H705.format(model=model, problem=problem))
    return Tags(tags, labels, scheme)


def arrange(W: Floats, b: Floats, names: Sequence[str], table: TagTable) -> tuple[Floats, Floats]:
    """Rows of a checkpoint in the order of a table.

    A beginning that the checkpoint lacks is what continues the type (of tags that are I- and O only; see `join`). Any
    other tag that it lacks gets the mean of all rows, lowered by `ABSENT`: below the best tag whatever the vector is,
    and still within the reach of training.

    W, b: shapes (outputs, width) and (outputs,). names: of the outputs.
    """
    rows = {name: row for row, name in enumerate(names)}
    if not any(name.startswith(("B-", "U-")) for name in names):
        rows |= {f"B-{name[2:]}": row for name, row in rows.items() if name != "O"}
    W, b = np.vstack([W, W.mean(axis=0)]), np.append(b, b.mean() - ABSENT)
    order = [rows.get(name, -1) for name in table.names]
    return W[order].astype("float32"), b[order].astype("float32")


def join(table: TagTable) -> Floats:
    """Transitions under which tags of the scheme BIO say what tags that are I- and O only say: tokens of one type in a
    row are one entity. Each path of these has one path of those, and its probability: the product over the tokens."""
    owners = np.array(table.labels)
    return np.where((owners[:, None] == owners) & table.starts, CONTINUED, 0).astype("float32")


def check_head(classifier: "Classifier", encoder: Any, head: Head, model: str) -> None:
    """Raise H705 if encoder and head give other logits than the checkpoint: it computes something in between.

    encoder: the bare torch module that the pipeline has.
    """
    import torch

    pieces = classifier.tokenizer(PROBE, return_tensors="pt", truncation=True, max_length=classifier.budget)
    inputs = {name: pieces[name].to(classifier.model.device) for name in ("input_ids", "attention_mask")}
    with torch.inference_mode():
        expected = classifier.model(**inputs).logits[0].cpu().numpy()
        hidden = encoder.eval()(**inputs).last_hidden_state[0].float().cpu().numpy()
    names = name_tags(classifier.names, model).names
    columns = [TagTable(head.labels, head.scheme).names.index(name) for name in names]
    gap = float(np.abs(hidden @ head.W[columns].T + head.b[columns] - expected).max())
    if not gap <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
        problem = (
            f"its logits are not a linear function of its encoder's vectors (they differ by up to {gap:.2g})."
        )
        raise HoneError(Errors.H705.format(model=model, problem=problem))


def _describe(parts: dict[str, Any]) -> str:
    return ", ".join(f"{name} ({type(part).__name__})" for name, part in parts.items()) or "empty"
