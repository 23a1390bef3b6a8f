"""An update of a transition parser that has a teacher."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from spacy.training import Example, validate_examples
from thinc.api import set_dropout_rate

from ..losses.distillation import Distillation
from .state_targets import StateTeacher
from .states import Walk

if TYPE_CHECKING:
    from .transition_ner import TransitionNER


def update_states(
    parser: "TransitionNER", taught: StateTeacher, examples: Sequence[Example], drop: float
) -> float:
    """Walk through some documents as the parser decides, and add up the gradients of its states.

    RETURNS: the sum of the losses of the states.
    """
    validate_examples(examples, "TransitionNER.update")
    docs = [eg.predicted for eg in examples]
    if not any(map(len, docs)):
        return 0.0
    targets = taught.begin(docs)
    set_dropout_rate(parser.model, drop)
    step_model, backprop = parser.model.begin_update(docs)
    walk = Walk(parser, taught.moves, docs)
    golds = {
        owner: parser.moves.init_gold(state, examples[owner])
        for owner, state in zip(walk.owners.tolist(), walk.states)
        if parser.moves.has_gold(examples[owner])
    }
    losses = {parser.name: 0.0}
    while walk.states:
        scores, backprop_scores = step_model.begin_update(walk.states)
        valid = walk.valid()
        backprop_scores(_teach(parser, walk, golds, scores=scores, soft=targets(walk, valid), losses=losses))
        walk.advance(scores, valid)
    backprop(docs)
    step_model.clear_memory()
    return losses[parser.name]


def _teach(
    parser: "TransitionNER",
    walk: Walk,
    golds: Mapping[int, Any],
    *,
    scores: NDArray[np.float32],
    soft: NDArray[np.floating],
    losses: dict[str, float],
) -> NDArray[np.float32]:
    """The gradient of some states, of which the annotation, the teacher or both say something.

    golds: the annotation of the documents that have some, by their number. soft: the teacher's logits.
    losses: the states' losses are added to it.
    """
    loss = cast(Distillation, parser.loss)
    wide: Any = scores.astype("float64")
    d_scores, values, q = np.zeros_like(scores), np.zeros(len(scores)), np.zeros(scores.shape)
    owners = walk.owners.tolist()
    annotated = [row for row, owner in enumerate(owners) if owner in golds]
    if annotated:
        states, their_golds = zip(*((walk.states[row], golds[owners[row]]) for row in annotated))
        found = parser.annotated_rows(states, their_golds, scores[annotated])
        d_scores[annotated], values[annotated], q[annotated] = found
    has_entity = (q.sum(axis=1) > 0) & (q[:, walk.moves.closings[0]] == 0)
    share = 1 - loss.alpha(parser.step)
    d_soft, soft_values, counted = loss.soft_rows(
        wide, cast(Any, soft), step=parser.step, labels=walk.moves.types, found=has_entity
    )
    counted[annotated] = True
    parser.count(float(values.sum() + share * soft_values.sum()), int(counted.sum()), losses)
    return d_scores + (share * d_soft).astype(d_scores.dtype)
