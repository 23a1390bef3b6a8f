"""`hone extend`: the config that teaches a trained pipeline new labels."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ..errors import Errors, HoneError
from ..training.extend import Choices, extend


def parse_layers(text: str) -> list[int]:
    """Numbers of layers with commas. Raises H526."""
    layers = [layer.strip() for layer in text.split(",") if layer.strip()]
    if bad := [layer for layer in layers if not layer.isdecimal()]:
        raise HoneError(Errors.H526.format(option="--freeze-layers", value=", ".join(bad), expected="0,1,2"))
    return list(map(int, layers))


def extend_cli(
    model: Annotated[str, typer.Argument(help="Path of a trained pipeline")],
    output: Annotated[Path, typer.Argument(metavar="OUT.cfg", help="Where the config goes")],
    *,
    corpus: Annotated[Path, typer.Option(help="A .spacy file or a folder, annotated with the new labels")],
    dev: Annotated[Path | None, typer.Option(help="The dev corpus, best annotated with all labels")] = None,
    labels: Annotated[
        str, typer.Option(help="The new labels, with commas; all of the corpus if left out")
    ] = "",
    component: Annotated[
        str | None, typer.Option(help="The component to extend, if there are several")
    ] = None,
    replay: Annotated[Path | None, typer.Option(help="A corpus annotated with the old labels")] = None,
    relabel: Annotated[
        str, typer.Option(help="Tokens that are O in CORPUS: none, hard or soft (entities; see hone_ner)")
    ] = "hard",
    threshold: Annotated[
        float, typer.Option(help="Confidence from which the old pipeline is believed")
    ] = 0.5,
    alpha: Annotated[
        float, typer.Option(help="Share of the annotation in the loss; the rest is the teacher's")
    ] = 0.5,
    temperature: Annotated[float, typer.Option(help="Of the distillation")] = 2.0,
    freeze_embeddings: Annotated[bool, typer.Option("--freeze-embeddings", help="Of the encoder")] = False,
    freeze_layers: Annotated[str, typer.Option(help="Layers of the encoder, as 0,1,2; 0 is the lowest")] = "",
    steps: Annotated[int, typer.Option(min=1, help="Updates")] = 240,
    learn_rate: Annotated[float, typer.Option(help="Peak learning rate")] = 1e-4,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="OUT.cfg may be there already")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="No teacher: plain fine-tuning, to compare with; it forgets")
    ] = False,
) -> None:
    """Write a config that adds labels to a trained pipeline, which stays the teacher of the old ones.

    The head's rows are copied, the encoder goes on from where it is. What is O in the new corpus may be an old
    label: the old pipeline says so. Read the config, then run `python -m spacy train OUT.cfg`.
    """
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
        config, counts = extend(model, corpus, output, choices, overwrite=overwrite)
    except HoneError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    console = Console(highlight=False)
    [settings] = config["initialize"]["components"].values()
    for label in settings["labels"]:
        console.print(f"  {label}: " + (f"new, {counts[label]:,} in the corpus" if counts[label] else "kept"))
    console.print(
        f"Written: {output}. Read it, then: python -m spacy train {output} --output DIR", soft_wrap=True
    )
