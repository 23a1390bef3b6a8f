"""Milliseconds per update of the optimiser alone, on MiniLM's parameters, as a Markdown table.

    python benchmarks/optimizer.py

`hone.AdamW.v1` and the stock `Adam.v1` (with weight decay and clipping, without averages) each update a
transformer component, torch's `clip_grad_norm_` and `AdamW.step` the module of a third: by turns in one
process, with the same new gradients every round. Times are medians over the rounds, the ratio is the median
of the rounds' ratios.
"""

import os
import time
from collections.abc import Callable
from statistics import median
from typing import Annotated, Any

import spacy
import torch
import typer
from thinc.api import Adam

from spacy_hone.training.gradients import bind_optimizer
from spacy_hone.training.optimizer import make_adamw

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
STOCK, OURS, TORCH = "thinc Adam.v1", "hone.AdamW.v1", "torch alone"


def set_gradients(modules: list[torch.nn.Module]) -> None:
    """Give the same parameter of every module the same new random gradient."""
    for parameters in zip(*(module.parameters() for module in modules)):
        gradient = torch.randn_like(parameters[0])
        for parameter in parameters:
            parameter.grad = gradient.clone()


def make_steps(encoder: str) -> tuple[list[torch.nn.Module], dict[str, Callable[[], object]]]:
    """A module for each optimiser, and what one update of each is."""
    settings = {"model": {"@architectures": "hone.TransformerModel.v1", "name": encoder}}
    pipelines = [spacy.blank("en") for _ in (STOCK, OURS, TORCH)]
    pipes: list[Any] = [nlp.add_pipe("transformer", config=settings) for nlp in pipelines]
    for nlp in pipelines:
        nlp.initialize()
    bind_optimizer(pipelines[1])
    modules = [pipe.model.shims[0].transformer for pipe in pipes]
    stock_optimizer = Adam(1e-5, L2=0.01, use_averages=False)
    our_optimizer = make_adamw(1e-5)
    torch_optimizer = torch.optim.AdamW(modules[2].parameters(), lr=1e-5, fused=True)

    def step_ours() -> None:
        dict(pipelines[1].pipeline)["transformer"].finish_update(our_optimizer)  # type: ignore[attr-defined]
        our_optimizer.step_schedules()

    def step_torch() -> None:
        torch.nn.utils.clip_grad_norm_(modules[2].parameters(), 1.0)
        torch_optimizer.step()

    return modules, {
        STOCK: lambda: pipes[0].finish_update(stock_optimizer),
        OURS: step_ours,
        TORCH: step_torch,
    }


def main(
    encoder: Annotated[str, typer.Option(help="name or path of the encoder")] = MINILM,
    rounds: Annotated[int, typer.Option(help="timed updates of each optimiser")] = 30,
    threads: Annotated[int, typer.Option(help="torch threads; 0: one for each processor")] = 0,
) -> None:
    """Print the table."""
    torch.set_num_threads(threads or os.cpu_count() or 1)
    modules, steps = make_steps(encoder)
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds + 3):
        set_gradients(modules)
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(1000 * (time.perf_counter() - start))
    n_parameters = sum(p.numel() for p in modules[0].parameters())
    print(f"{encoder}: {n_parameters / 1e6:.1f} million parameters, {torch.get_num_threads()} threads\n")
    print("| optimiser | ms per update | times as fast as stock |\n|---|---:|---:|")
    for name, all_rounds in times.items():
        timed = all_rounds[3:]  # the first rounds allocate the moments
        ratio = median(s / t for s, t in zip(times[STOCK][3:], timed))
        print(f"| {name} | {median(timed):.1f} | {ratio:.2f} |")


if __name__ == "__main__":
    typer.run(main)
