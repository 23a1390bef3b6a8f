"""`hone optimize`: the same pipeline with an encoder of ONNX Runtime or OpenVINO, in float32 or in 8 bits."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ..deploy.optimize.choices import Choices, require_packages
from ..deploy.optimize.placing import beside, check_place
from ..errors import HoneError
from ..evaluation.golds import read_golds
from ..evaluation.predict import load_pipeline
from ..evaluation.tables import make_console

if TYPE_CHECKING:
    from ..deploy.optimize.report import Report


def optimize_cli(
    model: Annotated[str, typer.Argument(help="Path of a pipeline, or name of an installed one")],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the optimised pipeline")],
    *,
    dev: Annotated[Path, typer.Option(help="A .spacy file or a folder: what scores are measured on")],
    precision: Annotated[str, typer.Option(help="Of the encoder's weights: int8 or fp32")] = "int8",
    max_drop: Annotated[
        float, typer.Option(help="How far the weighted score may fall before layers stay in float32")
    ] = 0.005,
    prune_vocab: Annotated[
        Path | None,
        typer.Option(
            metavar="CORPUS", help="Texts (.txt, .jsonl, .spacy); wordpieces that they never have are dropped"
        ),
    ] = None,
    reduce_range: Annotated[
        bool | None,
        typer.Option(
            "--reduce-range/--full-range",
            help="Weights of 7 bits, for processors without VNNI; else as this one needs",
        ),
    ] = None,
    threads: Annotated[int, typer.Option(help="Of the encoder; 0: one for each core")] = 0,
    provider: Annotated[str, typer.Option(help="What the encoder runs on: cpu or cuda")] = "cpu",
    engine: Annotated[
        str, typer.Option(help="What computes the encoder: onnxruntime, or openvino (faster in int8)")
    ] = "onnxruntime",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="OUT may be a pipeline already")] = False,
) -> None:
    """Write a pipeline that computes its transformer by ONNX Runtime or OpenVINO, and needs no torch.

    All components that listen to the transformer follow, with their weights. In float32 the decisions on DEV stay the
    same; in int8 the score is measured again, and as many layers stay in float32 as --max-drop takes. MODEL stays as it
    is, and OUT is written as a whole or not at all.
    """
    console = make_console()
    try:
        choices = Choices(
            dev=dev,
            precision=cast(Any, precision),
            max_drop=max_drop,
            prune_vocab=prune_vocab,
            reduce_range=reduce_range,
            threads=threads,
            provider=cast(Any, provider),
            engine=cast(Any, engine),
        )
        with console.status("") as status:
            report = optimize(model, output, choices, overwrite=overwrite, log=status.update)
    except HoneError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    from ..deploy.optimize.report import print_report

    print_report(report, console)
    console.print(f"Written: {output}", soft_wrap=True)


def optimize(
    model: str,
    output: Path,
    choices: Choices,
    *,
    overwrite: bool = False,
    log: Callable[[str], Any] = lambda step: None,
) -> "Report":
    """Optimise a pipeline and write it, all of it or nothing.

    model: path of the pipeline, or name of its package; it stays as it is. output: the new folder. overwrite: whether a
    pipeline may be there already. log: is told each step.

    Raises HoneError: the codes H708 to H731, H601 to H603 for a pipeline or a corpus that cannot be read, and those of
    `hone_encoder` (H217 to H223).
    """
    choices.check()
    check_place(output, model, overwrite)
    require_packages(choices.engine, choices.provider)
    from ..deploy.optimize.build import build

    nlp = load_pipeline(model)
    golds = read_golds(choices.dev, nlp.vocab)
    with beside(output) as folder:
        return build(nlp, model, golds, choices, folder=folder, log=log)
