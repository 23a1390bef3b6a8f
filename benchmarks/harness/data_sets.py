"""The data sets of the quality figures and what their users train on them, as a table.

They are read from `../shared/data` beside the repository, or from HONE_DATA.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from spacy.tokens import Doc

from harness.readers import ROOT, read_conllu, read_files, read_posts

DATA = Path(os.environ.get("HONE_DATA", ROOT.parent / "shared" / "data"))
MINILM = "sentence-transformers/all-MiniLM-L6-v2"

STOCK = {"@tokenizers": "spacy.Tokenizer.v1"}
MIXED = {"@tokenizers": "hone.MixedTokenizer.v1"}
CHARACTERS = {"@tokenizers": "spacy.zh.ChineseTokenizer", "segmenter": "char"}


@dataclass(frozen=True)
class DataSet:
    """One data set.

    files: read one after another; of two the second is the test part, of three the second is for choosing.
    read: gives the documents of each file. learn_rate: peak rate. updates: optimiser steps, unless others are
    asked for. batch_size: documents an update.
    tokenizer: the `[nlp.tokenizer]` block that makes from raw text the tokens of the file; documents of which the
    spaces are unknown keep their tokens.
    clip: tokens of a document that are kept, for all systems. task: a name in `harness.tasks`.
    changes: of the config. positive: the label that is looked for, if one of two is.
    """

    lang: str
    files: tuple[str, ...]
    encoder: str
    config: str
    learn_rate: float
    tokenizer: dict[str, str]
    batch_size: int = 16
    updates: int = 240
    clip: int | None = None
    task: str = "ents"
    read: Callable[..., list[list[Doc]]] = read_files
    changes: Mapping[str, str] = field(default_factory=dict)
    positive: str | None = None

    @property
    def paths(self) -> list[Path]:
        """Where the files lie."""
        return [DATA / file for file in self.files]


DATA_SETS = {
    "tasteset": DataSet("en", ("tasteset/TASTEset.csv",), MINILM, "ner_trf.cfg", 1e-4, STOCK),
    "clner": DataSet(
        "zh",
        ("clner/test.txt", "clner/validation.txt"),
        "zh-mini",
        "ner_trf_zh.cfg",
        3e-4,
        CHARACTERS,
        updates=360,
    ),
    "wnut17": DataSet(
        "en",
        ("wnut17/wnut17train.conll", "wnut17/emerging.dev.conll", "wnut17/emerging.test.annotated"),
        MINILM,
        "ner_trf.cfg",
        3e-4,
        STOCK,
        updates=400,
        read=partial(read_files, gold_tokens=True),
    ),
    "conll2000": DataSet(
        "en",
        ("conll2000/train.txt", "conll2000/test.txt"),
        MINILM,
        "chunks_trf.cfg",
        3e-4,
        STOCK,
        updates=300,
        task="chunks",
        read=partial(read_files, gold_tokens=True, spans_key="chunks", on_error="repair"),
    ),
    "ud_en_ewt": DataSet(
        "en",
        (
            "ud_en_ewt/en_ewt-ud-train.assembled.conllu.gz",
            "ud_en_ewt/en_ewt-ud-dev.conllu",
            "ud_en_ewt/en_ewt-ud-test.conllu",
        ),
        MINILM,
        "tagger_trf.cfg",
        3e-4,
        STOCK,
        updates=300,
        task="pos",
        read=read_conllu,
        changes={
            "components.tagger.attr": "pos",
            "training.score_weights.pos_acc": "1.0",
            "training.score_weights.tag_acc": "0.0",
        },
    ),
    "banking77": DataSet(
        "en",
        ("banking77/train.csv", "banking77/test.csv"),
        MINILM,
        "textcat_trf.cfg",
        3e-4,
        STOCK,
        updates=600,
        task="cats",
    ),
    "cooking": DataSet(
        "en",
        ("spacy_cooking_multilabel/cooking-train.jsonl", "spacy_cooking_multilabel/cooking-dev.jsonl"),
        MINILM,
        "textcat_multilabel_trf.cfg",
        3e-4,
        STOCK,
        updates=250,
        clip=64,
        task="multi_cats",
    ),
    "legal": DataSet(
        "zh",
        (
            "legal_qa_zh/lawyer_llama/legal_advice.json",
            "legal_qa_zh/lawyer_llama/zixun_gpt4.json",
            "tnews_fewclue/unlabeled.json",
            "bustm_fewclue/unlabeled.json",
        ),
        "zh-mini",
        "textcat_trf_zh.cfg",
        3e-4,
        MIXED,
        updates=300,
        task="cats",
        read=partial(read_posts, legal=600),
        changes={"components.textcat.positive_label": "legal"},
        positive="legal",
    ),
}
