"""Messages of evaluation: H6xx."""


class EvaluationErrors:
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
        "[H605] The pipeline predicts nothing that the corpus has: none of its components ({components}) sets {where}. "
        "Evaluate one that does, or choose a span group with --spans-key."
    )
    H606 = (
        "[H606] Corpus and pipeline have no label in common.\nCorpus: {corpus}\nPipeline: {pipeline}\n"
        "Is it the right corpus? If only the names differ: `python -m spacy hone convert --map-labels`."
    )
    H607 = "[H607] Cannot write {path}: {error}. Nothing was written."
    H608 = (
        "[H608] The pipeline cannot predict these labels of the corpus ({unit}): {labels}. "
        "Each of them counts as missed. It predicts: {pipeline}."
    )
    H609 = (
        "[H609] {name} differs from these scores by {difference:.2e} where the definitions are the same: "
        "do not trust either, and report it."
    )
    H610 = "[H610] GPU {gpu_id} cannot be used: {error}. Leave out --gpu-id for the CPU."
    H611 = "[H611] hone.textcat_scorer.v1 needs scikit-learn: pip install 'spacy-hone[train]'."
    H612 = "[H612] {what} needs scikit-learn: pip install 'spacy-hone[train]'."
    H613 = (
        "[H613] --predictions writes tokens and their tags, but neither entities nor tags are compared here. Take "
        "--documents, which has the categories."
    )
    H614 = "[H614] These categories of the corpus belong to none of the components ({components}) and are left out: {labels}."
    H615 = (
        "[H615] --fit-thresholds has no place for what it fits: the pipeline '{model}' is an installed package. Give the "
        "folder that it was packaged from, and package that again."
    )
    H616 = "[H616] --fit-thresholds needs a component hone_textcat or hone_textcat_multilabel; the pipeline has: {components}."
    H617 = (
        "[H617] {option} does not go with --fit-thresholds, which compares on the corpus that it fits to. Leave it out, and "
        "evaluate the fitted pipeline on another corpus."
    )
    H618 = "[H618] Component '{name}': no document holds {labels}, so there is nothing to fit. What was decided before stays."
    H619 = (
        "[H619] Component '{name}': no temperature is best, so it stays {temperature}: the corpus is too small, or one that the "
        "component was trained on."
    )
    H620 = (
        "[H620] --before {model} cannot be compared: {problem} Name the pipeline that this one was trained from, or a corpus that "
        "has its labels."
    )
    H621 = (
        "[H621] No component predicts these categories, which hold in gold documents: {labels}. {n} documents, of a "
        "component's exclusive labels with one more, count as missed; elsewhere such categories count nothing."
    )
