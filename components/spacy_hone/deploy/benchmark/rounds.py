"""The order of the measurements: turn by turn, so that what slows the machine slows every pipeline."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle, islice
from typing import NamedTuple

from ...evaluation.predict import WARM_UP
from .contender import Contender

Step = Callable[[], None]


class Rounds(NamedTuple):
    """batch_sizes: documents at a time. repeats: passes with each. singles: texts that are timed alone.
    starts: fresh processes for each pipeline."""

    batch_sizes: Sequence[int]
    repeats: int
    singles: int
    starts: int


def plan_starts(
    contenders: Sequence[Contender], texts: Sequence[str], rounds: Rounds, gpu_id: int
) -> Iterator[Step]:
    """Fresh processes, each with two of the largest batches."""
    largest = max(rounds.batch_sizes)
    for turn in _turns(contenders, rounds.starts):
        yield from (partial(one.start, texts[: 2 * largest], largest, gpu_id) for one in turn)


def plan_passes(contenders: Sequence[Contender], texts: Sequence[str], rounds: Rounds) -> Iterator[Step]:
    """Passes over all texts with each batch size, and single texts, in every round a share of them."""
    yield from (partial(_warm_up, one, texts) for one in contenders)
    singles = list(islice(cycle(texts), rounds.singles))
    for i, turn in enumerate(_turns(contenders, rounds.repeats)):
        for size in rounds.batch_sizes:
            yield from (partial(one.run_batches, texts, size) for one in turn)
        yield from (partial(one.run_single, singles[i :: rounds.repeats]) for one in turn)


def _turns(contenders: Sequence[Contender], times: int) -> Iterator[Sequence[Contender]]:
    """There and back again: none is always the first."""
    return (contenders if i % 2 == 0 else contenders[::-1] for i in range(times))


def _warm_up(contender: Contender, texts: Sequence[str]) -> None:
    for _ in contender.nlp.pipe(texts[:WARM_UP]):
        pass
