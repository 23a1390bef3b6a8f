"""A Hugging Face token classifier as a spaCy pipeline: `transformer` and `hone_ner`, head included."""

from pathlib import Path
from typing import Any

import spacy
from catalogue import RegistryError
from spacy.language import Language
from spacy.training import Example
from thinc.api import ConfigValidationError, Model

from ..corpora.staging import staging
from ..errors import Errors, HoneError
from ..types import Precision
from .hf_head import Head, check_head, read_head

LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "pooling": {"@layers": "reduce_first.v1"},
}


def from_hf(
    checkpoint: str | Path,
    out_dir: Path,
    lang: str = "en",
    tokenizer: str | None = None,
    name: str = "pipeline",
) -> Language:
    """Write the pipeline of a checkpoint to a folder, all of it or nothing. The arguments and errors are those of
    `build_from_checkpoint`; besides H127 if the folder cannot be written to, H708 if it is in use for something else.

    RETURNS (Language): the pipeline.
    """
    out_dir = Path(out_dir)
    held = sorted(path.name for path in out_dir.iterdir()) if out_dir.is_dir() else []
    if held and not {"meta.json", "config.cfg"} <= set(held):
        raise HoneError(Errors.H708.format(path=out_dir, names=", ".join(held[:3])))
    with staging(out_dir) as folder:
        nlp = build_from_checkpoint(checkpoint, lang, tokenizer=tokenizer, name=name)
        nlp.to_disk(folder)
    return nlp


def build_from_checkpoint(
    checkpoint: str | Path,
    lang: str = "en",
    *,
    tokenizer: str | None = None,
    name: str = "pipeline",
    precision: Precision = "auto",
) -> Language:
    """Make a pipeline `transformer` and `ner` (hone_ner) of a token classifier, with its encoder and its head.

    Each token gets the logits of its first wordpiece, in windows as long as the encoder's maximum: as far as a text
    fits into one, they are the checkpoint's. The decisions are, too, where its best tags can follow each other; where
    not, the best legal tags are taken. BIO and BILUO (BIOES, BMES) tags stay what they are. Where all are I- and O,
    tokens of one type in a row are one entity, and a CRF sees to that (see `join`): it can be trained further by
    cross-entropy only. That B- stands between neighbours only (IOB1) does not show in the names of tags: such a
    checkpoint is taken for BIO.

    checkpoint (str | Path): folder, or name on the Hugging Face hub.
    lang (str): language of the pipeline, for its tokenizer and its defaults.
    tokenizer (str | None): in place of the language's own, a registered one without settings.
    name (str): of the pipeline, without the language.
    precision (str): see `build_transformer_model`. With "auto" (or "bf16") logits may differ by bfloat16's rounding.

    Raises H704 without torch and transformers, H705 for a head of another shape, H706 for one without names, H707 for
    lang and tokenizer, H914 and H915 for a checkpoint that cannot be found or read, and the H2xx errors of encoders.
    """
    nlp, model = _blank(lang, tokenizer, name), str(checkpoint)
    try:
        from ..teachers.checkpoint import load_classifier
    except ImportError as err:
        package = (err.name or "transformers").partition(".")[0]
        raise HoneError(Errors.H704.format(package=package)) from err
    classifier = load_classifier(model, window=0)
    head = read_head(classifier, model)
    encoder: dict[str, Any] = {"@architectures": "hone.TransformerModel.v1", "name": model}
    encoder |= {"precision": precision, "window": 0}
    nlp.add_pipe("transformer", config={"model": encoder, "max_batch_items": 16384})
    layers: dict[str, Any] = {"@architectures": "hone.TokenClassifier.v1", "tok2vec": LISTENER}
    layers |= {"dropout": head.dropout, "crf": head.transitions is not None}
    ner: Any = nlp.add_pipe("hone_ner", "ner", config={"scheme": head.scheme, "model": layers})
    for label in head.labels:
        ner.add_label(label)
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc("a"), {})])
    _fill(ner.model, head)
    transformer: Any = nlp.get_pipe("transformer")
    check_head(classifier, transformer.model.shims[0].transformer, head, model)
    return nlp


def _blank(lang: str, tokenizer: str | None, name: str) -> Language:
    config = {"nlp": {"tokenizer": {"@tokenizers": tokenizer}}} if tokenizer else {}
    try:
        return spacy.blank(lang, config=config, meta={"name": name})
    except (ImportError, RegistryError, ConfigValidationError) as err:
        problem = str(err).strip().splitlines()[0]
        raise HoneError(Errors.H707.format(lang=lang, tokenizer=tokenizer, problem=problem)) from err


def _fill(model: Model, head: Head) -> None:
    """Put the head into the model of hone_ner."""
    output = model.get_ref("output")
    output.set_param("W", output.ops.asarray2f(head.W))  # type: ignore[arg-type]
    output.set_param("b", output.ops.asarray1f(head.b))  # type: ignore[arg-type]
    if head.transitions is not None:
        crf = model.get_ref("crf")
        crf.set_param("transitions", crf.ops.asarray2f(head.transitions))  # type: ignore[arg-type]
