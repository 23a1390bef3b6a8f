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
    H709 = (
        "[H709] To optimise a pipeline takes {package}, which is not installed: pip install 'spacy-hone[{extra}]'. What "
        "comes out of it runs with 'spacy-hone[onnx]' or 'spacy-hone[openvino]' alone."
    )
    H710 = (
        "[H710] The pipeline {model} has no component with the factory `transformer`, so there is nothing to optimise. It "
        "has: {factories}. An encoder inside another component cannot be taken out of it: train with a `transformer` that "
        "the others listen to. A pipeline with `hone_encoder` is optimised already."
    )
    H711 = "[H711] The pipeline {model} has several transformers ({names}); one can be optimised."
    H712 = (
        "[H712] Component '{name}' has the architecture {architecture}, which is not known here. Expected "
        "hone.TransformerModel.v1, hone.TransformerEncoder.v1 or spacy-transformers.TransformerModel.v1 to v3."
    )
    H713 = (
        "[H713] Component '{name}' cuts documents by {getter}, which only its own code knows. Expected the span getters of "
        "spacy-transformers (strided_spans, doc_spans, sent_spans)."
    )
    H714 = (
        "[H714] The tokenizer of component '{name}' gives token types other than 0 ({types}), which the optimised encoder "
        "does not take."
    )
    H715 = "[H715] The encoder {encoder} cannot be exported to ONNX: {problem}. Nothing was written."
    H716 = (
        "[H716] The encoder {encoder} has {size:.1f} GB of weights, and an ONNX file holds 2 GB. Distil it into a smaller "
        "student first."
    )
    H717 = (
        "[H717] The {what} gives other vectors than the encoder: they differ by up to {gap:.2g}, and {limit:.0e} is allowed. "
        "Nothing was written."
    )
    H718 = (
        "[H718] Component '{name}' {problem}. Components can follow that listen by "
        "spacy-transformers.TransformerListener.v1, pooled by one of: {poolings}."
    )
    H719 = (
        "[H719] In fp32 the pipeline must decide as it did, but document {doc} of {path} differs (the first five "
        "spans).\nOnly before: {before}\nOnly after: {after}\nNothing was written."
    )
    H720 = (
        "[H720] The score falls by {drop:.4f}, from {before:.4f} to {after:.4f} at best, and {max_drop} is allowed. The scores "
        "that were tried, in int8 with ever more of the encoder in float32: {trials}. Nothing was written: allow more by "
        "--max-drop, take a larger corpus for --prune-vocab, or leave that out with --precision fp32."
    )
    H721 = (
        "[H721] Nothing in {path} can be scored: the pipeline is weighed by {weights}, for which the documents have no "
        "annotation. Name a corpus that has it."
    )
    H722 = "[H722] {path} is there already. Name another folder, or add --overwrite."
    H723 = "[H723] {path} is {problem} the pipeline {model}, which must stay as it is. Name another folder."
    H724 = "[H724] {option} = {value}: {problem}"
    H725 = "[H725] The vocabulary cannot be pruned: {problem} Leave out --prune-vocab."
    H726 = "[H726] {path} cannot be written to ({problem}). Name another folder."
    H727 = (
        "[H727] This processor ({processor}) has no VNNI, without which 8-bit products saturate: {bits}, "
        "and int8 gains little here. Compare with --precision fp32 (`python -m spacy hone benchmark`)."
    )
    H728 = (
        "[H728] Which instructions this processor has is not known, so weights were given 7 bits, as for one where 8-bit "
        "products saturate."
    )
    H729 = (
        "[H729] The pipeline was made for processors with VNNI. On others its sums can saturate: there, take one made with "
        "--reduce-range."
    )
    H730 = (
        "[H730] Component '{name}' had set_extra_annotations = {setter}: what it set on documents (doc._.trf_data too) is "
        "there no more."
    )
    H733 = (
        "[H733] {n} of {total} documents on dev have spans of more wordpieces than the encoder takes. The ends of these "
        "have vectors now, which they had not in the torch pipeline: what is found there may be something else."
    )
    H732 = (
        "[H732] {names}: computed by torch, as before: the result needs it, and spacy-hone[train]. Only what listens to the "
        "component '{encoder}' does without; train with one `transformer` that all listen to."
    )
    H750 = "[H750] --batch-size takes whole numbers of at least 1, with commas between them (1,32,256), not {text!r}."
    H751 = "[H751] A plot can be written to a file that ends in {suffixes}; {path} does not."
    H752 = "[H752] To draw a plot takes matplotlib, which is not installed: pip install 'spacy-hone[report]'."
    H753 = (
        "[H753] The process that was to load the pipeline '{model}' and run texts through it ended with {code}:\n{output}\n"
        "A code below 0 is the signal that ended it; -9 often means that the memory was full."
    )
    H754 = (
        "[H754] No font here has all characters of {names}, so the plot calls the pipelines by number. Install one that has, "
        "such as Noto Sans CJK for Chinese."
    )
    H731 = (
        "[H731] The pipeline that was written decides otherwise when it is loaded again, in document {doc}. Please report "
        "that. Nothing was written.\nExpected: {before}\nFound: {after}"
    )
