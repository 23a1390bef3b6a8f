"""Every message a user can meet, with its code: what is wrong, where, and what to do.

H1xx corpora, H2xx models, H3xx pipes, H4xx losses, H5xx training, H6xx evaluation, H7xx deploy, H8xx command line.
"""


class HoneError(ValueError):
    """A coded error of spacy-hone. The text begins with the code: `[H101] ...`."""


class Errors:
    """Message templates; fill them with `.format(...)` and raise with `HoneError`."""

    # H1xx corpora
    H100 = (
        "[H100] {total} in {files}: {kinds}. Correct them, or choose what happens to them with "
        "--on-error repair or --on-error skip.\n{listing}"
    )
    H101 = (
        "[H101] {where}: {found} columns where the file has {columns}: {row!r}. Is the tag missing, or is there a "
        "space inside a token?"
    )
    H102 = (
        "[H102] {where}: {token!r} has the tag {tag!r}. Expected O, or one of {letters} followed by - or _ and a "
        "label (scheme {scheme}; prefixes are upper case)."
    )
    H103 = (
        "[H103] {where}: {token!r} has the tag {tag!r}, a prefix of another scheme than the file's {scheme} "
        "({letters}, O). --scheme sets the scheme."
    )
    H104 = "[H104] {where}: space inside the token {token!r}. Give each of its words a line of its own."
    H105 = "[H105] {where}: {token!r}: {tag} after {previous} is illegal in {scheme}; expected {expected}."
    H106 = "[H106] {where}: empty token (its tag is {tag!r})."
    H107 = "[H107] {where}: not valid UTF-8 text: '{token}'. Save the file as UTF-8."
    H108 = "[H108] {where}: a binary file, or text in another encoding than UTF-8. Save it as UTF-8 text."
    H109 = "[H109] {where}: no documents in it{detail}. Expected {expected}."
    H110 = "[H110] {where}: there is no such file{detail}."
    H111 = (
        "[H111] {where}: no column (of {columns}) holds mostly tags such as O, B-PER, I-PER (prefixes are upper "
        "case); the last holds {examples}. Expected a token and its tag in each line. If they are there, name the tag's column with "
        "--tag-column (counted from 1), or take --scheme IO for bare labels such as PER."
    )
    H112 = "[H112] {where}: the span {start}-{end} {label!r} lies outside the text of {length} characters, or is empty."
    H113 = "[H113] {where}: the spans {first} and {second} overlap; doc.ents cannot hold both."
    H114 = "[H114] {where}: {problem}. Expected {expected}."
    H115 = "[H115] {where}: the column {column} is missing; the header has {header}."
    H116 = "[H116] {where}: labels that no input has: {unknown}. The inputs have: {known}."
    H117 = (
        "[H117] {where}: not a list of [from, to] pairs ({problem}). Expected JSON or YAML such as "
        '[["PER", "PERSON"], ["MISC", null]]; null drops a label.'
    )
    H118 = (
        "[H118] --split {split}: {problem}. Expected two or three shares that sum to 1, such as 0.8,0.1,0.1."
    )
    H119 = "[H119] {option} {value!r} is none of: {allowed}."
    H120 = "[H120] {first} and {second} would both be written to {target}: rename one, or convert them apart."
    H121 = "[H121] --script {script} needs OpenCC: pip install 'spacy-hone[zh]'."
    H122 = "[H122] {where}: {option} {value} is not between 1 and {columns}, the number of columns."
    H123 = "[H123] --lang {lang} with --tokenizer {tokenizer} cannot be loaded: {problem}"
    H124 = (
        "[H124] {where}: {problem}. Expected a corpus in spaCy's binary format (.spacy), or a folder of such "
        "files: make one with `python -m spacy hone convert`, or say where it lies (`spacy train`: --paths.train "
        "and --paths.dev)."
    )
    H125 = "[H125] {where}: of {total} documents none would be in {part}: too few for --split {split}."
    H126 = "[H126] {where} is a file; the last argument is the folder to write to."
    H127 = "[H127] {where}: cannot be made or written to ({problem}). Name another output folder."
    H128 = (
        "[H128] {where}: more than {rows:,} lines without a blank line or a document mark. Expected a blank line "
        "after each sentence."
    )

    # H2xx models
    H201 = (
        "[H201] The encoder {name!r} cannot be found. Tried:\n{tried}\nGive the path of a folder that holds "
        "config.json, the weights and the tokenizer, or a name on the Hugging Face hub while there is a network."
    )
    H202 = (
        "[H202] The weights of {name!r} in {path} are not the published ones: SHA-256 is {found}, expected "
        "{expected}. Reinstall the package that they are in."
    )
    H203 = "[H203] The encoder {name!r} in {path} cannot be used: {problem}"
    H204 = (
        '[H204] precision = "bf16", but this {device} has no bfloat16 arithmetic (a CPU needs {flags}, a GPU '
        'CUDA 8.0). Take precision = "auto" or "fp32"; a saved pipeline can be loaded with '
        'spacy.load(path, config={{"components.transformer.model.precision": "auto"}}).'
    )
    H205 = (
        "[H205] The tokenizer of {name!r} ({tokenizer}) is not a fast one, so it gives no character offsets to "
        "align tokens by. Take an encoder with a tokenizer.json, or leave use_fast = true in tokenizer_config."
    )
    H206 = (
        "[H206] {model} has no list of {n_layers} layers of its own to freeze one by one (ALBERT's layers share "
        "their weights). Leave freeze_layers empty."
    )
    H207 = (
        "[H207] freeze_layers: no layers {bad}; this encoder has 0 to {last}, 0 being next to the embeddings."
    )
    H208 = "[H208] {option} = {value}: {problem}"
    H209 = (
        "[H209] The saved weights do not fit the encoder that they were saved with ({problem}). They were saved "
        "by transformers {saved}, this is {installed}: install that version, or train again."
    )
    H210 = (
        "[H210] hone.TransformerEncoder.v1 has no tokenizer yet. Let one be trained from the corpus: write\n"
        '[initialize.before_init]\n@callbacks = "hone.TrainWordpieces.v1"\npath = ${paths.train}\n'
        "into the config, take that of an encoder by its `name`, or call set_tokenizer()."
    )
    H211 = "[H211] The encoder has its weights and a tokenizer that belongs to them: no other can be set."
    H212 = "[H212] The texts have no characters to make wordpieces of: is the training corpus empty?"
    H213 = "[H213] The encoder has no weights yet: call nlp.initialize(), or load a trained pipeline."

    # H3xx pipes
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
        "scheme."
    )
    H306 = "[H306] Component '{name}' cannot add the label {label!r}: a label is a string that is not empty."
    H307 = (
        "[H307] The output layer of component '{name}' has {n_outputs} outputs, but {n_labels} labels make "
        "{n_tags} tags under {scheme}. Leave nO out of its model's config; for a saved pipeline, its labels and "
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

    # H4xx losses
    H401 = "[H401] Unknown link '{link}'. Expected one of: {links}."
    H402 = "[H402] label_smoothing is {value}, but must be from 0 to below 1."

    # H5xx training
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
        "another scheme than its own? Convert it again and look at the scheme in the report."
    )
    H516 = (
        "[H516] Entities in the {split} corpus {path} begin or end in whitespace, which no component can predict "
        "({n} in all, first: {first}). Convert the corpus again with `hone convert`, which trims them."
    )
    H517 = "[H517] {n} of {total} documents in the dev corpus are in the train corpus too: the scores will be too high."

    # H6xx evaluation
    H601 = (
        "[H601] There is no pipeline '{model}': neither a path (seen from {cwd}) nor an installed package. "
        "Train it first, correct the path, or install its wheel."
    )
    H602 = "[H602] The pipeline '{model}' is there but cannot be loaded: {error}"
    H603 = "[H603] The corpus {path} has no documents. Make it again with `python -m spacy hone convert`."
    H604 = (
        "[H604] No document of {path} has annotation in {where}, so there is nothing to compare with. {hint}"
    )
    H605 = (
        "[H605] The pipeline finds no entities: none of its components ({components}) sets {where}. "
        "Evaluate one that does, or choose the span group with --spans-key."
    )
    H606 = (
        "[H606] Corpus and pipeline have no label in common.\nCorpus: {corpus}\nPipeline: {pipeline}\n"
        "Is it the right corpus? If only the names differ: `python -m spacy hone convert --map-labels`."
    )
    H607 = "[H607] Cannot write {path}: {error}. Nothing was written."
    H608 = (
        "[H608] The pipeline cannot predict these labels of the corpus (entities): {labels}. "
        "Each of them counts as missed. It predicts: {pipeline}."
    )
    H609 = (
        "[H609] {name} differs from these scores by {difference:.2e} where the definitions are the same: "
        "do not trust either, and report it."
    )
    H610 = "[H610] GPU {gpu_id} cannot be used: {error}. Leave out --gpu-id for the CPU."

    # H7xx deploy
    H701 = (
        "[H701] The wheels could not be installed into a clean environment.\nCommand: {command}\n{output}\n"
        "If a version could not be found, compare constraints.txt with the package registry."
    )
    H702 = "[H702] The installed pipeline '{name}' did not load or predict:\n{output}"
    H703 = (
        "[H703] The installed pipeline '{name}' differs from the trained one in document {doc}.\n"
        "Expected: {expected}\nFound: {found}\nWas it packaged from another training? Run the package step again."
    )

    # H8xx command line and project
    H801 = "[H801] This step should have made {paths}: look at its messages above."
    H802 = "[H802] {path} has the MD5 {found}, project.yml says {expected}: fetch it again."
    H803 = "[H803] {path} is missing: `python -m spacy project assets`, or put a copy of {url} there."
    H804 = "[H804] Building the wheel of {source} failed:\n{output}"
    H805 = "[H805] {packages} has no wheel of {name}: run the step that packages it."
    H806 = "[H806] project.yml declares no asset with a checksum below {folder}."
