"""The bar below the console's table."""

from collections.abc import Mapping
from typing import IO, Any, Literal

from tqdm import tqdm

Goal = Literal["evaluation", "end"]


class Progress:
    """Updates made and to come, with the time left; drawn on a terminal only.

    training: `[training]` of the config. toward: What is to come, the next evaluation or `max_steps`. The time
    left to the end counts evaluating and saving too.
    """

    def __init__(self, training: Mapping[str, Any], stream: IO[str], *, shown: bool, toward: Goal) -> None:
        self.frequency, self.max_steps = training["eval_frequency"], training["max_steps"]
        self.toward = toward
        self.style = {"unit": " updates", "leave": False, "disable": None if shown else True, "file": stream}
        self.bar: tqdm | None = None

    def update(self) -> None:
        """Count an update."""
        if self.bar is not None:
            self.bar.update()

    def hide(self) -> None:
        """Make room for lines of text."""
        if self.bar is not None:
            self.bar.clear()

    def show(self, step: int) -> None:
        """Draw it again below those lines. step: The update that was just evaluated."""
        if self.toward == "evaluation":
            self.close()
            left = min(self.frequency, self.max_steps - step) if self.max_steps else self.frequency
            desc = "to evaluation" if left == self.frequency else "to the end"
            self.bar = tqdm(total=left, desc=desc, **self.style) if left else None
        elif self.bar is None:
            total = self.max_steps or None
            self.bar = tqdm(total=total, desc="training", initial=step, smoothing=0, **self.style)
        else:
            self.bar.update()
            self.bar.refresh()

    def close(self) -> None:
        """Wipe it away."""
        if self.bar is not None:
            self.bar.close()
