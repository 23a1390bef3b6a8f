"""Messages of training: H5xx."""


class TrainingErrors:
    H501 = (
        "[H501] hone.AdamW.v1 was called with the parameter '{name}' of a pipeline it does not know, so it cannot clip by "
        "the norm of all gradients. Add to the config:\n\n[initialize.after_init]\n@callbacks = "
        '"hone.BindOptimizer.v1"\n\nor, where nlp.initialize() is not called, call '
        "spacy_hone.training.gradients.bind_optimizer(nlp) before the first update."
    )
    H502 = "[H502] hone.AdamW.v1: {name} is {value}, but must be {allowed}."
    H503 = (
        "[H503] The gradient of {names} is not finite; no parameter was changed. Lower "
        '[training.optimizer] learn_rate or lengthen its warm-up, or train with precision = "fp32".'
    )

    H504 = "[H504] hone.batch_by_wordpieces.v1: {name} is {value}, but must be 1 or more."
    H505 = (
        "[H505] hone.batch_by_wordpieces.v1: the encoder '{encoder}' has no fast tokenizer ({path} is missing). Leave "
        "`encoder` out to estimate the wordpieces from the characters."
    )
    H507 = (
        "[H507] hone.TrainWordpieces.v1: the pipeline has no component '{component}' with a hone.TransformerEncoder.v1 "
        "that still needs a tokenizer. Components: {names}. Set the callback's `component`, or leave it out."
    )
    H512 = "[H512] The {split} corpus {path} is empty: {documents} documents, 0 tokens."
    H513 = (
        "[H513] The dev corpus has the label '{label}' in {kind} ({n} in all, first in document {number}), but the train "
        "corpus lacks it, so no model can learn it.{near} Train has: {known}. Rename or drop it when converting "
        "(--map-labels), or split the data again."
    )
    H514 = (
        "[H514] The component '{component}' trains on {kind}, but none of the {documents} documents in the {split} corpus "
        "{path} has it. Convert the corpus with that annotation, or take the component out of the pipeline."
    )
    H515 = (
        "[H515] The {split} corpus {path} has tags of a scheme where labels belong: {labels}. Was it converted with "
        "another scheme than its own? Convert it again and look at the scheme in the report; labels that only look like "
        "tags can be renamed (--map-labels)."
    )
    H516 = (
        "[H516] Entities in the {split} corpus {path} begin or end in whitespace, which no component can predict "
        "({n} in all, first: {first}). Convert the corpus again with `hone convert`, which trims them."
    )
    H517 = "[H517] {n} of {total} documents in the dev corpus are in the train corpus too: the scores will be too high."
    H518 = "[H518] {logger} cannot write {path}: {problem}. Name another place in [training.logger]; nothing was trained."
    H519 = (
        "[H519] {logger} needs torch and tensorboard ({problem}): pip install 'spacy-hone[tensorboard]', or take the "
        "logger out of [training.logger]."
    )
    H520 = (
        "[H520] hone.FreezeLayers.v1: the component '{component}' has no encoder of hone.TransformerModel.v1. The pipeline "
        "has: {names}."
    )
    H521 = (
        "[H521] {model} has {found} whose labels can be extended. It has: {names}. What can be extended is made by: "
        "{factories}; --component chooses among several."
    )
    H522 = (
        "[H522] {corpus} has labels that would be dropped: {labels}. --labels names only {wanted}: add them, or remove them "
        "from the corpus (`python -m spacy hone convert --map-labels`)."
    )
    H523 = "[H523] {corpus} has no annotation with {labels}, which --labels names. It has: {found}."
    H524 = "[H524] {corpus} has nothing new. Its labels: {found}. The pipeline's: {old}."
    H525 = "[H525] {path} is there already: choose another name, or --overwrite it."
    H529 = (
        "[H529] {corpus}, named by --replay, has labels that neither the pipeline nor the new corpus has, and that would be "
        "dropped: {labels}. Rename or remove them (`python -m spacy hone convert --map-labels`)."
    )
    H530 = "[H530] hone.CopyEncoder.v1: the pipeline {path} cannot be loaded: {problem}"
    H531 = (
        "[H531] hone.CopyEncoder.v1: in {whose} the component '{component}' has no encoder of hone.TransformerModel.v1. It "
        "has: {found}. Set the callback's `component`."
    )
    H532 = (
        "[H532] The component '{name}' is in [training] frozen_components, but has no weights yet, and what is frozen is not "
        'initialised. Take it from a trained pipeline (source = "..." in [components.{name}]), or take it out of the list: '
        "freeze_embeddings and freeze_layers of hone.TransformerModel.v1 freeze parts of a pretrained encoder."
    )
    H533 = (
        "[H533] The train corpus has texts without annotation alone ({paths}), from which the component '{name}' can learn "
        "if a teacher tells it of labels that are listed. [initialize.components.{name}] lacks {lacking}."
    )
    H534 = "[H534] [initialize.components.{name}] is of no component. {near}The pipeline has: {names}."
    H526 = "[H526] {option} is {value!r}. Expected: {expected}."
    H527 = "[H527] {model} cannot be loaded as a pipeline to extend: {problem}"
    H528 = (
        "[H528] {missing} is missing: `hone extend MODEL OUT.cfg --corpus NEW.spacy`. Only with --from-hf can both be left "
        "out."
    )
