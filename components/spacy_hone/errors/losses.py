"""Messages of losses: H4xx."""


class LossesErrors:
    H401 = "[H401] Unknown link '{link}'. Expected one of: {links}."
    H402 = "[H402] label_smoothing is {value}, but must be from 0 to below 1."
    H403 = (
        "[H403] The annotation allows no legal path of tags that gets to row {row} of the batch, so a CRF cannot learn "
        "from it: a tag stands there or before where it cannot follow its neighbours, or on a token that cannot have it."
    )
    H404 = (
        "[H404] A CRF has a loss of its own, the likelihood of a whole sequence, and cannot train by {loss}. Take "
        'hone.CrossEntropy.v1 with link = "softmax" and label_smoothing = 0 (weights are allowed), by itself or as `hard` '
        "of hone.Distillation.v1, or set crf = false in the model."
    )
    H405 = "[H405] {name} is {value!r}, but must be {expected}."
    H406 = (
        "[H406] Cannot read weights = {setting!r}: {fault}. Expected 'none', 'balanced', 'effective', "
        '\'effective(0.999)\', or pairs such as [["PER", 3.0], ["LOC", 1.5]] that name each label once.'
    )
    H407 = (
        "[H407] weights names what is no label: {unknown}. Labels: {labels}. "
        "(Weights are by label, not by tag; that of O is outside_weight.)"
    )
    H408 = (
        "[H408] weights = '{method}' is computed from examples, but the training data has none of: {labels}. Add "
        "some, leave these labels out, or choose weights: [[label, weight], ...]."
    )
    H409 = (
        "[H409] outside_weight is the weight of O, which this component does not have. Labels: {labels}. "
        "Leave it out (null), or give weights as [[label, weight], ...]."
    )
    H410 = (
        "[H410] Targets are probabilities, under softmax with the sum 1, but row {row}, column {column}{label} is "
        "none (link: {link}). The row begins: {values}. Mask rows without annotation."
    )
    H411 = "[H411] The shape of the {what} is {found}, but must be {expected} to fit the logits and the link."
    H412 = (
        "[H412] {loss} goes by labels but does not know them: call `bind(labels, counts, total)` first, as the "
        "component's `initialize` does."
    )
    H413 = (
        "[H413] hone.Dice.v1 with gamma = {gamma:g} cannot teach {n_labels} exclusive labels: where they are equally "
        "likely, it moves away from the right one. Take a gamma below {limit}, such as 0.01, which its authors run."
    )
    H414 = (
        "[H414] The teacher's logits must be numbers, and -inf in columns that it does not know, but row {row}, "
        "column {column}{label} is {value}. Mask rows that the teacher says nothing of."
    )
    H415 = (
        "[H415] hone.Distillation.v1 with tokens = 'entity' learns where teacher or annotation finds an entity, but "
        "this component has no O: its labels are {labels}. Take 'all' or 'confident'."
    )
