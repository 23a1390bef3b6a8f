"""`hone extend`: the config that teaches a trained pipeline new labels; and a Hugging Face classifier as such a pipeline."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ..deploy.from_hf import from_hf as write_pipeline
from ..errors import Errors, HoneError
from ..training.extend import Choices, check, extend


def parse_layers(text: str) -> list[int]:
    """Numbers of layers with commas. Raises H526."""
    layers = [layer.strip() for layer in text.split(",") if layer.strip()]
    if bad := [layer for layer in layers if not layer.isdecimal()]:
        raise HoneError(Errors.H526.format(option="--freeze-layers", value=", ".join(bad), expected="0,1,2"))
    return list(map(int, layers))


def extend_cli(
    model: Annotated[
        str, typer.Argument(help="A trained pipeline, path or name; with --from-hf where it goes")
    ],
    output: Annotated[
        Path | None, typer.Argument(metavar="[OUT.cfg]", help="Where the config goes", show_default=False)
    ] = None,
    *,
    corpus: Annotated[
        Path | None, typer.Option(help="A .spacy file or a folder, annotated with the new labels")
    ] = None,
    from_hf: Annotated[
        str | None,
        typer.Option(
            metavar="CHECKPOINT", help="Make MODEL of this token classifier, a folder or a name on the hub"
        ),
    ] = None,
    lang: Annotated[
        str | None, typer.Option(help="Language of the pipeline of --from-hf; en if left out")
    ] = None,
    tokenizer: Annotated[
        str | None, typer.Option(help="Its tokenizer, by its registered name, if not the language's own")
    ] = None,
    dev: Annotated[Path | None, typer.Option(help="The dev corpus, best annotated with all labels")] = None,
    labels: Annotated[
        str, typer.Option(help="The new labels, with commas; all of the corpus if left out")
    ] = "",
    component: Annotated[
        str | None, typer.Option(help="The component to extend, if there are several")
    ] = None,
    replay: Annotated[Path | None, typer.Option(help="A corpus annotated with the old labels")] = None,
    relabel: Annotated[
        str | None,
        typer.Option(
            help="Tokens that are O in CORPUS: none, hard or soft (entities; see hone_ner)",
            show_default="soft; under a CRF hard",
        ),
    ] = None,
    threshold: Annotated[
        float, typer.Option(help="Confidence from which the old pipeline is believed, with --relabel hard")
    ] = 0.5,
    alpha: Annotated[
        float | None,
        typer.Option(
            help="Share of the annotation in the loss; the rest is distillation's",
            show_default="1 with --relabel soft, else and under a CRF 0.5",
        ),
    ] = None,
    temperature: Annotated[float, typer.Option(help="Of the distillation, where alpha is below 1")] = 2.0,
    freeze_embeddings: Annotated[bool, typer.Option("--freeze-embeddings", help="Of the encoder")] = False,
    freeze_layers: Annotated[str, typer.Option(help="Layers of the encoder, as 0,1,2; 0 is the lowest")] = "",
    steps: Annotated[int, typer.Option(min=1, help="Updates")] = 240,
    learn_rate: Annotated[
        float | None,
        typer.Option(
            help="Peak learning rate",
            show_default="that of MODEL's training, else 1e-4, without a transformer 1e-3",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="What is written may be there already")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="No teacher: plain fine-tuning, to compare with; it forgets")
    ] = False,
) -> None:
    """Write a config that adds labels to a trained pipeline, which stays the teacher of the old ones.

    The head's rows are copied, the encoder goes on from where it is. What is O in the new corpus may be an old
    label: the old pipeline says so. Read the config, then run `python -m spacy train OUT.cfg`.

    `--from-hf CHECKPOINT` first makes the pipeline: `transformer` and `ner` with the checkpoint's encoder and head, which
    decide of the first wordpiece of each word as it does. OUT.cfg and --corpus can then be left out, both.
    """
    console = Console(highlight=False, markup=False, emoji=False)  # brackets in names are no markup
    try:
        choices = Choices(
            labels=[label.strip() for label in labels.split(",") if label.strip()],
            component=component,
            dev=dev,
            replay=replay,
            relabel=relabel,
            relabel_threshold=threshold,
            alpha=alpha,
            temperature=temperature,
            freeze_embeddings=freeze_embeddings,
            freeze_layers=parse_layers(freeze_layers),
            steps=steps,
            learn_rate=learn_rate,
            plain=plain,
        )
        if from_hf is None or output is not None or corpus is not None:
            output, corpus = need("OUT.cfg", output), need("--corpus", corpus)
            check(output, choices, overwrite=overwrite)
        if from_hf is None:
            refuse({"--lang": lang, "--tokenizer": tokenizer}, "to be left out without --from-hf")
        else:
            made = make_pipeline(from_hf, Path(model), lang or "en", tokenizer, overwrite=overwrite)
            console.print(f"  transformer, ner: {', '.join(made)}\nWritten: {model}.", soft_wrap=True)
        if output is None or corpus is None:
            return
        config, counts = extend(model, corpus, output, choices, overwrite=overwrite)
    except HoneError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    [settings] = config["initialize"]["components"].values()
    for label in settings["labels"]:
        console.print(f"  {label}: " + (f"new, {counts[label]:,} in the corpus" if counts[label] else "kept"))
    console.print(
        f"Written: {output}. Read it, then: python -m spacy train {output} --output DIR"
        + ("" if dev else " --paths.dev DEV.spacy"),
        soft_wrap=True,
    )


def make_pipeline(
    checkpoint: str, out_dir: Path, lang: str, tokenizer: str | None, *, overwrite: bool = False
) -> tuple[str, ...]:
    """Write the pipeline of a checkpoint, see `write_pipeline`. RETURNS: its labels. Raises H525 if something is there
    already and not to be replaced, and the errors of `write_pipeline`."""
    if out_dir.exists() and not overwrite:
        raise HoneError(Errors.H525.format(path=out_dir))
    nlp = write_pipeline(checkpoint, out_dir, lang, tokenizer)
    return tuple(nlp.get_pipe("ner").labels)  # type: ignore[attr-defined]


def need(name: str, value: Path | None) -> Path:
    """An argument that is there. Raises H528."""
    if value is None:
        raise HoneError(Errors.H528.format(missing=name))
    return value


def refuse(options: dict[str, str | None], expected: str) -> None:
    """Raise H526 for options that are given."""
    for option, value in options.items():
        if value is not None:
            raise HoneError(Errors.H526.format(option=option, value=value, expected=expected))
