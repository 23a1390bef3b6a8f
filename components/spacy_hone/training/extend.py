"""A config that teaches a trained pipeline new labels and lets it keep the old ones."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import spacy
from spacy.language import Language
from thinc.api import Config

from ..corpora.docs import docbin_paths, read_docs
from ..errors import Errors, HoneError
from ..pipes.relabel import Relabel
from ..teachers.references import referred
from .annotations import needed_annotations
from .config_text import to_text
from .freeze_layers import find_encoders, make_freeze_layers

DISTILLATION = "hone.Distillation.v1"
OPTIMIZER = "hone.AdamW.v1"
EXTENDABLE = ("hone_ner", "hone_tagger", "hone_textcat", "hone_textcat_multilabel")
ENCODERS = {"transformer", "curated_transformer", "hone_encoder"}
NO_TEACHER = "to be left out with --plain, which has no teacher"
RATE, RATE_PRETRAINED = 1e-3, 1e-4  # of spaCy's CNN, of a transformer
HEADER = """# {model}, its component {component} with the labels {labels} added to {old}.
#
#   python -m spacy train {path} --output training/extended{dev_option}
#   python -m spacy hone evaluate training/extended/model-best {dev} --before {model}
#
# {corpus} is annotated with {annotated}; an O in it may be any other label, which the old pipeline tells.
"""
REPLAYED = """# {path} (replayed) is annotated with {annotated}.
"""
SHARED = """#
# {names}: not trained, but reads the same encoder, which changes. Freeze all of it (--freeze-embeddings,
# --freeze-layers), or look at the scores (`hone evaluate --before`).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How a pipeline is extended. relabel, relabel_threshold: of hone_ner. alpha, temperature: of
    hone.Distillation.v1. By default relabelling is "soft" and alpha 1, under a CRF, which takes no soft targets, "hard"
    and 0.5; alpha is 0.5 where relabelling is not soft, and in other components. freeze_layers: layers of the
    encoder that stay as they are. learn_rate: the peak; by default that of the training before, see `default_rate`. replay:
    a corpus of the old labels. plain: without a teacher, for comparison: the annotation is taken for complete, and the old
    labels are forgotten."""

    labels: Sequence[str] = ()
    component: str | None = None
    dev: Path | None = None
    replay: Path | None = None
    relabel: str | None = None
    relabel_threshold: float = 0.5
    alpha: float | None = None
    temperature: float = 2.0
    freeze_embeddings: bool = False
    freeze_layers: Sequence[int] = ()
    steps: int = 240
    learn_rate: float | None = None
    plain: bool = False


def extend(
    model: str, corpus: Path, output: Path, choices: Choices, *, overwrite: bool = False
) -> tuple[Config, Counter[str]]:
    """Write the training config that adds the labels of a corpus to a trained pipeline.

    model: path or name of the pipeline. corpus: a .spacy file or a folder, annotated with the new labels.
    output: the config's path. overwrite: whether it may be there already.
    RETURNS: the config, and how often the corpus has each of the new labels.

    Raises H521 (nothing to extend, or several candidates), H512 and H514 (a corpus that is empty, or not annotated), H522
    (labels of the corpus that would be dropped), H523 (labels that the corpus does not have), H524 (nothing new), H525 (the
    file is there already), H526 (a choice that cannot be), H527 (no such pipeline), H529 (labels of the replay corpus that
    would be dropped), H124 (no such corpus), H520 and H207 (no encoder, or layers, to be frozen).
    """
    check(output, choices, overwrite=overwrite)
    for path in filter(None, (corpus, choices.dev, choices.replay)):
        docbin_paths(path)
    try:
        nlp = spacy.load(model)
    except (OSError, ValueError) as error:
        raise HoneError(Errors.H527.format(model=model, problem=error)) from error
    name = _find_component(nlp, model, choices.component)
    counts = _count_labels(nlp, name, corpus, "new")
    old = _labels(nlp, name)
    new = _choose_labels(counts, old, choices.labels, corpus)
    annotated = {"new": sorted(set(counts) | set(new))}
    if choices.replay:
        replayed = _count_labels(nlp, name, choices.replay, "replay")
        _check_replay(replayed, [*old, *new], choices.replay)
        annotated["replay"] = sorted(replayed)
    paths: dict[str, str | None] = {"model": model, "train": str(corpus)}
    config = _make_config(nlp, name, paths, choices, labels=[*old, *new], annotated=annotated)
    header = HEADER.format(
        model=model,
        component=name,
        labels=", ".join(new),
        old=", ".join(old),
        path=output,
        dev=choices.dev or "DEV.spacy",
        dev_option="" if choices.dev else " --paths.dev DEV.spacy",
        corpus=corpus,
        annotated=", ".join(annotated["new"]),
    )
    if choices.replay:
        header += REPLAYED.format(path=choices.replay, annotated=", ".join(annotated["replay"]) or "no label")
    if sharing := _sharing(nlp, name):
        header += SHARED.format(names=", ".join(sharing))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(f"{header}\n{to_text(config)}\n", encoding="utf8")
    return config, Counter({label: counts[label] for label in new})


def check(output: Path, choices: Choices, *, overwrite: bool = False) -> None:
    """Refuse what would fail when the config is written or trained. Raises H525 and H526."""
    if output.exists() and not overwrite:
        raise HoneError(Errors.H525.format(path=output))
    relabel = choices.relabel or "soft"
    alpha = 1.0 if choices.alpha is None else choices.alpha
    rate = RATE if choices.learn_rate is None else choices.learn_rate
    for option, value, is_right, expected in (
        ("--alpha", alpha, 0 < alpha <= 1, "above 0, and at most 1"),  # 0 would learn nothing new
        ("--temperature", choices.temperature, choices.temperature > 0, "above 0"),
        ("--threshold", choices.relabel_threshold, 0 <= choices.relabel_threshold <= 1, "from 0 to 1"),
        ("--learn-rate", rate, rate > 0, "above 0"),
        ("--relabel", relabel, relabel in get_args(Relabel), ", ".join(get_args(Relabel))),
        ("--relabel", choices.relabel, not (choices.plain and choices.relabel), NO_TEACHER),
        ("--alpha", choices.alpha, not (choices.plain and choices.alpha is not None), NO_TEACHER),
    ):
        if not is_right:
            raise HoneError(Errors.H526.format(option=option, value=value, expected=expected))


def _find_component(nlp: Language, model: str, wanted: str | None) -> str:
    factories = {name: nlp.get_pipe_meta(name).factory for name in nlp.pipe_names}
    found = [name for name, factory in factories.items() if factory in EXTENDABLE and wanted in (None, name)]
    if len(found) != 1:
        what = "several components" if found else f"no component{f' {wanted!r}' if wanted else ''}"
        names = ", ".join(f"{name} ({factory})" for name, factory in factories.items()) or "none"
        raise HoneError(
            Errors.H521.format(model=model, found=what, names=names, factories=", ".join(EXTENDABLE))
        )
    return found[0]


def _labels(nlp: Language, name: str) -> list[str]:
    pipe: Any = nlp.get_pipe(name)
    return list(pipe.labels)


def _count_labels(nlp: Language, name: str, corpus: Path, which: str) -> Counter[str]:
    """How often a corpus has each label. Raises H512 for an empty one, H514 for one without such annotation."""
    kind = needed_annotations(nlp.config.interpolate())[name]
    counts: Counter[str] = Counter()
    documents = tokens = annotated = 0
    for documents, doc in enumerate(read_docs(corpus, nlp.vocab), 1):
        tokens += len(doc)
        if len(doc) and kind.is_in(doc):
            annotated += 1
            counts.update(kind.labels(doc))
    where = {"split": which, "path": corpus, "documents": documents}
    if not tokens:
        raise HoneError(Errors.H512.format(**where))
    if not annotated:
        raise HoneError(Errors.H514.format(component=name, kind=kind.name, **where))
    return counts


def _choose_labels(
    counts: Counter[str], old: Sequence[str], wanted: Iterable[str], corpus: Path
) -> list[str]:
    """The labels to add, in order. Old ones always stay."""
    named = list(dict.fromkeys(wanted))
    listed = ", ".join(f"{label} ({n})" for label, n in counts.most_common())
    if missing := [label for label in named if label not in counts]:
        raise HoneError(Errors.H523.format(labels=", ".join(missing), corpus=corpus, found=listed))
    dropped = [label for label in counts if named and label not in named and label not in old]
    if dropped:
        raise HoneError(Errors.H522.format(labels=", ".join(dropped), corpus=corpus, wanted=", ".join(named)))
    new = [label for label in named or sorted(counts) if label not in old]
    if not new:
        raise HoneError(Errors.H524.format(corpus=corpus, found=listed or "none", old=", ".join(old)))
    return new


def _check_replay(counts: Counter[str], labels: Sequence[str], corpus: Path) -> None:
    if dropped := [f"{label} ({n})" for label, n in counts.most_common() if label not in labels]:
        raise HoneError(Errors.H529.format(corpus=corpus, labels=", ".join(dropped)))


def _make_config(
    nlp: Language,
    name: str,
    paths: dict[str, str | None],
    choices: Choices,
    *,
    labels: list[str],
    annotated: dict[str, list[str]],
) -> Config:
    config = nlp.config.copy()
    rate = default_rate(config) if choices.learn_rate is None else choices.learn_rate
    component = config["components"][name]
    loss = component["loss"]
    hard = (
        loss if loss["@losses"] != DISTILLATION else loss.get("hard") or {"@losses": "hone.CrossEntropy.v1"}
    )
    taught = {"alpha": _alpha(nlp, name, choices), "temperature": choices.temperature, "hard": hard}
    component["loss"] = hard if choices.plain else {"@losses": DISTILLATION, **taught}
    for other in config["components"]:
        if other != name:
            config["components"][other] = {"source": "${paths.model}"}
    config["corpora"] = _corpora(annotated, choices)
    _set_training(config["training"], choices, frozen=_other_heads(nlp, name))
    config["initialize"] = _initialize(nlp, name, labels, choices)
    paths = paths | {"dev": str(choices.dev) if choices.dev else None}
    if choices.replay:
        paths["replay"] = str(choices.replay)
    config["paths"] = referred("paths", config) | paths
    config["vars"] = referred("vars", config) | {"learn_rate": rate}
    if not config.get("pretraining"):
        config.pop("pretraining", None)
    return config


def default_rate(config: Config) -> float:
    """The peak learning rate that a config gives hone.AdamW.v1, as a number or as `initial_rate`; if there is none to be
    read, what suits the encoder."""
    optimizer = config.interpolate().get("training", {}).get("optimizer") or {}
    rate = optimizer.get("learn_rate")
    rate = rate.get("initial_rate") if isinstance(rate, dict) else rate
    if optimizer.get("@optimizers") == OPTIMIZER and isinstance(rate, int | float) and rate > 0:
        return float(rate)
    factories = {settings.get("factory") for settings in config["components"].values()}
    return RATE_PRETRAINED if factories & ENCODERS else RATE


def _relabel(nlp: Language, name: str, choices: Choices) -> str | None:
    """What relabels; None: nothing, in components that have no O."""
    if nlp.get_pipe_meta(name).factory != "hone_ner":
        return None
    return choices.relabel or ("hard" if _has_crf(nlp, name) else "soft")


def _alpha(nlp: Language, name: str, choices: Choices) -> float:
    if choices.alpha is not None:
        return choices.alpha
    return 1.0 if _relabel(nlp, name, choices) == "soft" and not _has_crf(nlp, name) else 0.5


def _has_crf(nlp: Language, name: str) -> bool:
    pipe: Any = nlp.get_pipe(name)
    return pipe.crf is not None


def _other_heads(nlp: Language, name: str) -> list[str]:
    """What has labels of its own, and so is not an encoder, and is not to be trained."""
    return [each for each in nlp.pipe_names if each != name and getattr(nlp.get_pipe(each), "labels", False)]


def _sharing(nlp: Language, name: str) -> list[str]:
    """The other heads that listen to what a component listens to, and what is trained with it."""
    pipes: list[Any] = [pipe for _, pipe in nlp.pipeline if getattr(pipe, "is_trainable", False)]
    heard = [set(getattr(pipe, "listening_components", ())) for pipe in pipes]
    return [each for each in _other_heads(nlp, name) if any({each, name} <= both for both in heard)]


def _corpora(annotated: dict[str, list[str]], choices: Choices) -> dict[str, Any]:
    """annotated: the labels that each corpus has. Where others are O in it, they are told by the teacher."""
    paths = {"new": "${paths.train}", "replay": "${paths.replay}"}
    readers = {
        key: {"@readers": "hone.Corpus.v1", "path": paths[key], "annotated": None if choices.plain else labels}
        for key, labels in annotated.items()
    }
    return {
        "train": {"@readers": "hone.Corpora.v1", "*": readers},
        "dev": {"@readers": "hone.Corpus.v1", "path": "${paths.dev}"},
    }


def _set_training(training: dict[str, Any], choices: Choices, *, frozen: list[str]) -> None:
    training.update(
        dev_corpus="corpora.dev",
        train_corpus="corpora.train",
        max_steps=choices.steps,
        max_epochs=0,
        frozen_components=frozen,
        before_to_disk=None,
        logger={"@loggers": "hone.ConsoleLogger.v1"},
        optimizer={
            "@optimizers": OPTIMIZER,
            "accumulate_gradient": "${training.accumulate_gradient}",
            "learn_rate": {
                "@schedules": "warmup_linear.v1",
                "initial_rate": "${vars.learn_rate}",
                "warmup_steps": choices.steps // 10,
                "total_steps": "${training.max_steps}",
            },
        },
    )


def _freeze(nlp: Language, name: str, choices: Choices) -> dict[str, Any]:
    """What hone.FreezeLayers.v1 needs for the encoder that a component reads. It is tried."""
    heard = {each: getattr(pipe, "listening_components", ()) for each, pipe in nlp.components}
    read = [each for each in find_encoders(nlp) if name in {each, *heard[each]}]
    settings: dict[str, Any] = {
        "component": read[0] if read else name,
        "embeddings": choices.freeze_embeddings,
        "layers": list(choices.freeze_layers),
    }
    make_freeze_layers(**settings)(nlp)
    return settings


def _initialize(nlp: Language, name: str, labels: list[str], choices: Choices) -> dict[str, Any]:
    settings: dict[str, Any] = {"init_from": "${paths.model}", "labels": labels}
    if not choices.plain:
        teacher = {"@misc": "hone.PipelineTeacher.v1", "model": "${paths.model}", "component": name}
        settings["teacher"] = teacher
        if relabel := _relabel(nlp, name, choices):
            settings |= {"relabel": relabel, "relabel_threshold": choices.relabel_threshold}
    callbacks: dict[str, Any] = {"optimizer": {"@callbacks": "hone.BindOptimizer.v1"}}
    if choices.freeze_embeddings or choices.freeze_layers:
        callbacks["freeze"] = {"@callbacks": "hone.FreezeLayers.v1", **_freeze(nlp, name, choices)}
    base = {"tokenizer": "${paths.model}", "vocab": "${paths.model}"}  # special cases, word vectors
    before: dict[str, Any] = {
        "check": {"@callbacks": "hone.CheckCorpora.v1"},
        "copy": {"@callbacks": "spacy.copy_from_base_model.v1", **base},
    }
    return {
        "before_init": {"@callbacks": "hone.Callbacks.v1", "*": before},
        "after_init": {"@callbacks": "hone.Callbacks.v1", "*": callbacks},
        "components": {name: settings},
        "tokenizer": nlp.config["initialize"].get("tokenizer", {}),
    }
