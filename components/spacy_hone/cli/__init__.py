"""`python -m spacy hone ...`: one file a verb, each a pair: `x_cli` parses and prints, a plain function works."""

import typer
from spacy.cli._util import app

from .benchmark import benchmark_cli
from .cache_teacher import CONTEXT, cache_teacher_cli
from .convert import convert_cli
from .evaluate import evaluate_cli
from .extend import extend_cli
from .optimize import optimize_cli

hone_cli = typer.Typer(
    name="hone",
    help="Convert, evaluate and sharpen: what spaCy's own commands leave out.",
    no_args_is_help=True,
)
hone_cli.command("benchmark")(benchmark_cli)
hone_cli.command("cache-teacher", context_settings=CONTEXT)(cache_teacher_cli)
hone_cli.command("convert")(convert_cli)
hone_cli.command("evaluate")(evaluate_cli)
hone_cli.command("extend")(extend_cli)
hone_cli.command("optimize")(optimize_cli)
app.add_typer(hone_cli)
