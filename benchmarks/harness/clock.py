"""Where the time of a piece of work goes: functions under a clock, each without those that it calls."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import wraps
from time import perf_counter
from typing import Any

Watched = tuple[Any, str, str]
"""(object, attribute, part): the function `object.attribute` is counted as a part."""


class Clock:
    """Attribute `seconds`: of each part, without the parts inside it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inside: list[float] = []  # seconds of the parts inside each part that is running

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count the block."""
        self._inside.append(0.0)
        begin = perf_counter()
        try:
            yield
        finally:
            passed = perf_counter() - begin
            self.seconds[name] = self.seconds.get(name, 0.0) + passed - self._inside.pop()
            if self._inside:
                self._inside[-1] += passed

    def wrap(self, name: str, function: Callable) -> Callable:
        """The function, counted; and the callback, where it gives (output, callback) as thinc's layers do."""

        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.part(name):
                found = function(*args, **kwargs)
            if isinstance(found, tuple) and len(found) == 2 and callable(found[1]):
                return found[0], self.wrap(name, found[1])
            return found

        return timed

    @contextmanager
    def watch(self, watched: Sequence[Watched]) -> Iterator[None]:
        """Count these functions while the block runs."""
        with ExitStack() as stack:
            for owner, attribute, name in watched:
                function = getattr(owner, attribute)
                stack.enter_context(replaced(owner, attribute, self.wrap(name, function)))
            yield


@contextmanager
def replaced(owner: Any, attribute: str, value: Any) -> Iterator[None]:
    """Another value of an attribute while the block runs."""
    has_own = attribute in getattr(owner, "__dict__", {attribute})
    before = getattr(owner, attribute)
    setattr(owner, attribute, value)
    try:
        yield
    finally:
        if has_own:
            setattr(owner, attribute, before)
        else:
            delattr(owner, attribute)
