"""Messages of deploy: H7xx."""


class DeployErrors:
    H701 = (
        "[H701] The wheels could not be installed into a clean environment.\nCommand: {command}\n{output}\n"
        "If a version could not be found, compare constraints.txt with the package registry."
    )
    H702 = "[H702] The installed pipeline '{name}' did not load or predict:\n{output}"
    H703 = (
        "[H703] The installed pipeline '{name}' differs from the trained one in document {doc}.\n"
        "Expected: {expected}\nFound: {found}\nWas it packaged from another training? Run the package step again."
    )
    H704 = (
        "[H704] To read a Hugging Face checkpoint takes {package}, which is not installed: pip install "
        "'spacy-hone[train]'. What comes out of it is loaded with the same packages."
    )
    H705 = (
        "[H705] The checkpoint {model!r} cannot become a hone_ner pipeline with the same decisions: {problem} As a "
        "teacher (hone.HuggingFaceTeacher.v1), or as the encoder of a new pipeline, it may serve all the same."
    )
    H706 = (
        "[H706] The checkpoint {model!r} does not say what its outputs mean: it calls them {names}. Write their tags "
        '(O, B-PER, I-PER ...) into "id2label" of its config.json.'
    )
    H707 = (
        "[H707] No pipeline can be made with lang = {lang!r} and tokenizer = {tokenizer!r}: {problem}. Give a language "
        "code of spaCy and a name of its registry `tokenizers`, such as hone.MixedTokenizer.v1."
    )
    H708 = (
        "[H708] {path} holds files that are no spaCy pipeline ({names} ...). Name a folder that is empty, new, or a "
        "pipeline to be replaced."
    )
