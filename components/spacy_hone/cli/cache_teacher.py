"""`python -m spacy hone cache-teacher`: ask a teacher about all texts once, and keep what it says."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from click import NoSuchOption
from spacy.cli._util import import_code, parse_config_overrides
from spacy.tokens import Doc
from tqdm import tqdm

from ..errors import Errors, HoneError
from ..models.devices import use_device
from ..teachers.configured import choose_corpora, find_teacher, make_tokenizer, read_config, stream_texts
from ..teachers.fill import Filled, fill
from ..teachers.pipeline import make_pipeline_teacher
from ..teachers.store import Header, Store

Progress = Callable[[Iterable[Doc | str], int], Iterable[Doc | str]]
CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}  # for overrides of the config


class Cached(NamedTuple):
    """header: the teacher. filled: hits and misses. texts, size: of the whole file, size in bytes. device: that the
    teacher ran on."""

    header: Header
    filled: Filled
    texts: int
    size: int
    device: str


def cache_teacher_cli(
    context: typer.Context,
    config: Annotated[
        Path, typer.Argument(help="A training config with the teacher; leave it out for --teacher")
    ],
    out: Annotated[Path | None, typer.Argument(help="The file to write, or to go on with")] = None,
    *,
    teacher: Annotated[
        str | None, typer.Option(help="A trained pipeline, path or name, in place of the config's teacher")
    ] = None,
    component: Annotated[
        str | None,
        typer.Option(help="Of the config, the one that is taught; of --teacher, the one that teaches"),
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            help="A name of [corpora], or a file: .spacy (or a folder of them), .jsonl with a text a line, plain "
            "lines. May be repeated; left out, the training corpus."
        ),
    ] = None,
    vectors: Annotated[bool, typer.Option("--vectors", help="Keep the teacher's token vectors too")] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Documents at a time")] = 128,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="Number of the GPU; -1 for the CPU")] = -1,
    code: Annotated[Path | None, typer.Option("--code", "-c", help="Python file to import first")] = None,
) -> None:
    """Run a teacher over texts and write its logits, for hone.CachedTeacher.v1.

    Takes the teacher from [initialize.components.NAME.teacher] of CONFIG (of a hone.CachedTeacher.v1, its `teacher`),
    and the texts as training reads them. Settings of the config are overridden as for `spacy train`: --paths.train
    corpus/train.spacy.

    A file is of one teacher. Texts that are in it are skipped, so it is safe to interrupt (or kill) this at any
    moment and to run it again, and to add more texts later. Two processes may write one file.
    """
    source, target = (config, out) if out else (None, config)
    options: dict[str, Any] = {"teacher": teacher, "component": component, "corpora": corpus or ()}
    options |= {"vectors": vectors, "batch_size": batch_size, "gpu_id": gpu_id, "progress": _bar}
    if source is None and teacher is None:
        raise typer.BadParameter("Give CONFIG and OUT, or --teacher and OUT.")
    try:
        overrides = parse_config_overrides(context.args)
    except NoSuchOption as error:  # of click itself, which typer need not know
        raise typer.BadParameter(error.message) from error
    import_code(code)
    try:
        done = cache_teacher(source, target, overrides=overrides, **options)
    except HoneError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        typer.echo(
            f"Interrupted. What {target} holds is kept; the same command goes on from there.", err=True
        )
        raise typer.Exit(130) from None
    typer.echo(f"Teacher   {done.header}")
    typer.echo(f"Device    {done.device}")
    typer.echo(
        f"Documents {sum(done.filled):,}: {done.filled.hits:,} were there, {done.filled.misses:,} asked"
    )
    typer.echo(f"Cache     {target}: {done.texts:,} texts, {done.size / 2**20:,.1f} MiB")


def cache_teacher(
    config: Path | None,
    out: Path,
    *,
    teacher: str | None = None,
    component: str | None = None,
    corpora: Sequence[str] = (),
    overrides: Mapping[str, Any] | None = None,
    vectors: bool = False,
    batch_size: int = 128,
    gpu_id: int = -1,
    progress: Progress = lambda texts, total: texts,
) -> Cached:
    """Run a teacher over the texts that `out` lacks. All texts are read once before the teacher is loaded.

    config: None needs `teacher` and `corpora`.
    overrides: values for the config, by dotted name.
    progress: wraps the texts, of which it is told the number, as `tqdm` does. The others: see `cache_teacher_cli`.

    Raises HoneError: H107 to H124 for faults of the texts, H610 for the device, H908 to H918 for the teacher, H930
    to H940 for config and cache.
    """
    settings = read_config(config, overrides or {})
    names = choose_corpora(settings, corpora)
    if teacher is None:
        chosen = find_teacher(settings, config, component)
    else:
        chosen = make_pipeline_teacher(teacher, component)
    total = sum(1 for _ in stream_texts(settings, names, make_tokenizer(settings)))
    if not total:
        raise HoneError(Errors.H109.format(where=", ".join(names), detail="", expected="texts"))
    device = use_device(gpu_id)
    with Store.create(out, Header.of(chosen)) as store:
        texts = progress(stream_texts(settings, names, make_tokenizer(settings)), total)
        nlp = make_tokenizer(settings)  # of its own: it forgets
        filled = fill(store, chosen, texts, nlp, vectors=vectors, batch_size=batch_size)
        return Cached(store.header, filled, len(store), out.stat().st_size, device)


def _bar(texts: Iterable[Doc | str], total: int) -> Iterable[Doc | str]:
    return tqdm(texts, "teacher", total, unit=" docs", delay=2, leave=False, disable=None)
