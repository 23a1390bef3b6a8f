"""Work that other threads do while its results are read."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def run_ahead(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Iterator[tuple[Item, Callable[[], Result]]]:
    """Each item, in order, with the function that gives what was made of it, or raises what went wrong.

    items: read in the caller's thread. threads: work on so many items after the one that is given out; 0: none is
    touched before it is asked for.
    """
    if not threads:
        for item in items:
            yield item, partial(work, item)
        return
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="spacy_hone")
    try:
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) > threads:
                yield _result(waiting)
        while waiting:
            yield _result(waiting)
    finally:
        pool.shutdown(cancel_futures=True)


def _result(waiting: deque[tuple[Item, "Future[Result]"]]) -> tuple[Item, Callable[[], Result]]:
    item, future = waiting.popleft()
    return item, future.result
