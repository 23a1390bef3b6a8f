"""Messages of pipes: H3xx."""


class PipesErrors:
    H301 = "[H301] Unknown tag scheme '{scheme}'. Expected one of: {schemes}."
    H302 = (
        "[H302] Component '{name}' found no annotation to learn from in {source}: {n_docs} documents were read. "
        "Is it the right corpus? For doc.spans, `spans_key` must be the key that the corpus uses."
    )
    H303 = (
        "[H303] Component '{name}' found annotated documents ({n_docs}) but no entities in {source}, so there "
        "are no labels to learn. Train on a corpus that has entities, or list the labels in "
        "[initialize.components.{name}]."
    )
    H304 = (
        "[H304] The annotation has an entity of type '{label}', which is not a label of the component. Add it "
        "to the labels in [initialize.components], or call add_label before training; to leave the type out, "
        "remove it from the corpus (`python -m spacy hone convert --map-labels`). Labels: {labels}."
    )
    H305 = (
        "[H305] Component '{name}' takes entity types as labels, but was given the tags of a scheme: {labels}. "
        "Expected PER rather than B-PER: convert the corpus again (`python -m spacy hone convert`), naming its "
        "scheme; labels that only look like tags can be renamed (--map-labels)."
    )
    H306 = "[H306] Component '{name}' cannot add the label {label!r}: a label is a string that is not empty."
    H307 = (
        "[H307] The output layer of component '{name}' has {n_outputs} outputs, but its {n_labels} labels need "
        "{n_columns}. Leave nO out of its model's config; for a saved pipeline, its labels and "
        "its weights must be from one training."
    )
    H308 = (
        "[H308] The spans '{first}' and '{second}' of doc.spans['{key}'] share a token, in: {text!r}. A token "
        "classifier gives a token one tag: remove one of them, or put them under different keys."
    )
    H309 = (
        "[H309] The loss of component '{name}' is not a finite number. Lower [training.optimizer] learn_rate "
        "or lengthen its warm-up."
    )
    H311 = (
        "[H311] Component '{name}' writes token.pos_, which cannot be {label!r}. Expected one of: {names}. For "
        'other tags set attr = "tag".'
    )
    H312 = (
        "[H312] The annotation has the tag '{tag}', which is not a label of component '{name}'. Add it to the "
        "labels in [initialize.components], or call add_label before training. Labels: {labels}."
    )
    H313 = (
        "[H313] Component '{name}' has {option} = {value!r}, but hone_transition_ner knows no beams: their updates take "
        "no other loss. Leave {option} at {expected!r}, or take the factory beam_ner."
    )
    H314 = (
        "[H314] The loss of component '{name}' has {option} = {value!r}. The transition parser chooses one of its "
        "moves, and of several right ones any: its loss must have {option} = {expected!r}."
    )
    H315 = (
        "[H315] Component '{name}' ({kind}) needs a loss with link = '{expected}', but its loss has "
        "'{found}'. Set `link` in [components.{name}.loss], or take the factory {other}."
    )
    H316 = (
        "[H316] In {place} the category '{label}' is {value!r}. Expected 1 (it holds) or 0 (it does not); leave out "
        "what is unknown."
    )
    H317 = (
        "[H317] In {place} several of the exclusive labels hold: {labels}. Correct the document, or take the "
        "factory hone_textcat_multilabel."
    )
    H318 = (
        "[H318] Component '{name}' has one label ({label}), and exclusive labels are at least two. For a single one "
        "that holds or not, take the factory hone_textcat_multilabel, or write its opposite as a second category."
    )
    H319 = (
        "[H319] Component '{name}' has no label '{label}', which its config names as positive_label. {near}"
    )
    H320 = "[H320] Component '{name}' has no label '{label}' to set a threshold for. {near}"
    H321 = "[H321] Component '{name}': the threshold of '{label}' is {value!r}, but must be a number from 0 to 1."
    H322 = (
        "[H322] Component '{name}' decides for the likeliest of its exclusive labels, so '{label}' cannot have a "
        "threshold: only the positive label can (positive_label is {positive_label!r}). Set positive_label in "
        "[components.{name}], or take the factory hone_textcat_multilabel."
    )
    H323 = "[H323] Component '{name}': the temperature is {value!r}, but must be a finite number above 0."
    H324 = (
        "[H324] Component '{name}' found no categories to learn from in doc.cats: of {n_docs} documents none says "
        "which {what}. Is it the right corpus?"
    )
    H325 = (
        "[H325] Component '{name}' has a teacher, but its loss ({loss}) would not listen to it. Take "
        'hone.Distillation.v1 as its loss (with this one as `hard`), or, in hone_ner, relabel = "hard" or "soft" '
        "beside `annotated` in [initialize.components.{name}]."
    )
    H326 = "[H326] Component '{name}' cannot continue that of {path}: {problem}"
    H327 = (
        "[H327] Component '{name}' cannot continue that of {path}: {setting} is {ours!r} here and {theirs!r} there. Set it "
        "to the same in [components.{name}]."
    )
    H328 = (
        "[H328] Component '{name}' cannot take over what the other has learned: {problem}. Their models must have the "
        "same architecture and encoder; labels may only be added."
    )
    H329 = "[H329] {setting} is {value!r}. Expected: {expected}."
    H330 = (
        "[H330] Component '{name}' is to learn a teacher's vectors, but has no teacher. Add the block "
        "[initialize.components.{name}.teacher], or take `vectors` out."
    )
    H331 = (
        "[H331] Component '{name}' cannot learn a teacher's vectors: its model ({model}) does not begin with the layer that "
        'its reference "tok2vec" names. Take hone.TokenClassifier.v1 or hone.TextClassifier.v1, or take `vectors` out of '
        "[initialize.components.{name}]."
    )
    H332 = (
        "[H332] Component '{name}' is to learn a teacher's vectors, but {teacher} gives none for its texts. Take a single "
        "pipeline or checkpoint as the teacher, or take `vectors` out of [initialize.components.{name}]."
    )
    H333 = (
        "[H333] The loss of component '{name}' takes nothing from the annotation (alpha = 0), and there is no teacher: "
        "nothing would be learned. Add the block [initialize.components.{name}.teacher], or raise alpha in "
        "[components.{name}.loss]."
    )
    H334 = (
        "[H334] Component '{name}' is to learn from a teacher, but has no labels: there are no entities in its corpus. "
        'List those that it is to learn in [initialize.components.{name}]: labels = ["PER","LOC"].'
    )
    H335 = (
        "[H335] Component '{name}' cannot learn a teacher's vectors in layers of its own: {problem}. In `layers` of "
        "hone.TeacherVectors.v1 give null in place of a layer of the student, for the vectors that its head reads."
    )
    H336 = (
        "[H336] Component '{name}' has relabel = {relabel!r}, but no teacher to do it. Add the block "
        "[initialize.components.{name}.teacher], or take `relabel` out."
    )
    H337 = "[H337] Component '{name}': `annotated` names what is no label of it: {unknown}. {near} Labels: {labels}."
    H338 = (
        "[H338] Component '{name}' gives each token one tag, so its loss must have link = 'softmax', but has '{found}'. Leave "
        "`link` out of [components.{name}.loss]."
    )
    H339 = (
        "[H339] The loss of component '{name}' learns from a teacher, but there is none in [initialize.components.{name}]: "
        "it learns from the annotation alone, and from texts without annotation nothing. Add the block "
        "[initialize.components.{name}.teacher], or take another loss."
    )
