"""Settings that may change in training: numbers or schedules, checked when they are used."""

import math
from collections.abc import Iterator
from numbers import Real
from typing import Any

from ..errors import Errors, HoneError

Schedule = float | list[float] | Iterator[float]


class Ramp:
    """A setting as a function of the updates made so far.

    name (str): the name of the setting, for errors.
    schedule (float | list[float] | Iterator[float]): a constant, or a value for each update, as thinc's
        schedules yield them. After the last value it stays.
    highest (float): the largest value allowed.
    positive (bool): whether values must be above 0; if not, the smallest is 0.

    Raises H405, also in training, when the schedule arrives at a value outside. A pickled copy (a worker of
    `nlp.pipe`) knows the values up to now.
    """

    def __init__(self, name: str, schedule: Schedule, highest: float = math.inf, positive: bool = False):
        self.name = name
        self.highest = highest
        self.positive = positive
        self._values: list[float] = []
        self._is_list = isinstance(schedule, list)
        self._rest: Iterator[Any] = iter(schedule if isinstance(schedule, list | Iterator) else [schedule])
        if not self._advance():
            raise self._error(schedule)

    def __call__(self, step: int) -> float:
        """The value after `step` updates."""
        while len(self._values) <= step and self._advance():
            pass
        return self._values[min(step, len(self._values) - 1)]

    def look_ahead(self, steps: int) -> None:
        """Look at the values of so many updates, and at all of a list; a generator may go on for ever."""
        while (self._is_list or len(self._values) < steps) and self._advance():
            pass

    def is_zero(self, steps: int = 1000) -> bool:
        """Whether it is 0 in all of the first updates."""
        return not any(map(self, range(steps)))

    def __reduce__(self) -> tuple:
        return Ramp, (self.name, list(self._values), self.highest, self.positive)

    def _advance(self) -> bool:
        for value in self._rest:
            if not isinstance(value, Real) or not self._is_allowed(float(value)):
                raise self._error(value)
            self._values.append(float(value))
            return True
        return False

    def _is_allowed(self, value: float) -> bool:
        return 0 <= value <= self.highest and math.isfinite(value) and not (self.positive and value == 0)

    def _error(self, value: object) -> HoneError:
        lowest = "above 0" if self.positive else "0 or more"
        bounds = lowest if math.isinf(self.highest) else f"from 0 to {self.highest:g}"
        name = f"{self.name} after {len(self._values)} updates" if self._values else self.name
        return HoneError(Errors.H405.format(name=name, value=value, expected=f"a number, {bounds}"))
