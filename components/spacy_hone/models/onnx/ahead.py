"""Work that other threads do while its results are read."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Event, local
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_thread = local()  # `stop`: an event, in the threads of this module: that nobody waits for what they do


class Stopped(Exception):
    """Raised in work that nobody waits for any more."""


def run_ahead(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Generator[tuple[Item, Callable[[], Result]], None, None]:
    """Each item, in order, with the function that gives what was made of it, or raises what went wrong.

    items: read in the caller's thread. If reading them fails, what has been read comes first. threads: work on so many
    items after the one that is given out; 0: none is touched before it is asked for. Closing the iterator does not wait
    for them; where work calls this function in turn, it is stopped at the next item.
    """
    if not threads:
        for item in items:
            check_stopped()
            yield item, partial(work, item)
        return
    pool = _Pool(threads)
    waiting: deque[tuple[Item, Callable[[], Result]]] = deque()
    problems: list[Exception] = []
    try:
        for item in _until_error(items, problems):
            check_stopped()
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) > threads:
                yield waiting.popleft()
        while waiting:
            check_stopped()
            yield waiting.popleft()
        if problems:
            raise problems.pop()
    finally:
        pool.close()


def check_stopped() -> None:
    """Raise `Stopped` in work that nobody waits for."""
    if (stop := getattr(_thread, "stop", None)) is not None and stop.is_set():
        raise Stopped


def _until_error(items: Iterable[Item], problems: list[Exception]) -> Iterator[Item]:
    """The items up to an error, which is put into the list."""
    try:
        yield from items
    except Exception as err:
        problems.append(err)


class _Pool:
    """Threads of this process. Elsewhere, in a forked child, and where there can be no thread (the interpreter is being
    shut down, or has too many), the caller works itself."""

    def __init__(self, threads: int):
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix="spacy_hone")
        self.process, self.stop = os.getpid(), Event()

    @property
    def is_here(self) -> bool:
        return os.getpid() == self.process

    def submit(self, work: Callable[[Item], Result], item: Item) -> Callable[[], Result]:
        """Begin a piece of work. RETURNS: what gives its result."""

        def run() -> Result:
            _thread.stop = self.stop
            return work(item)

        if self.is_here:
            with suppress(RuntimeError):
                future = self.executor.submit(run)
                return lambda: future.result() if self.is_here else work(item)
        return partial(work, item)

    def close(self) -> None:
        """Stop without waiting."""
        self.stop.set()
        if self.is_here:
            self.executor.shutdown(wait=False, cancel_futures=True)
