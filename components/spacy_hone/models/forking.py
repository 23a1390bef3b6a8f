"""Workers of `nlp.pipe(n_process=2)`.

They inherit torch's thread pool without its threads and would wait for them for ever.
"""

import os
import sys
from functools import cache

PARALLELISM = "TOKENIZERS_PARALLELISM"


@cache
def make_fork_safe() -> None:
    """From now on forked processes compute with one torch thread each, where there is torch; they are many, so
    nothing is lost.

    The tokenizers library turns its own threads off in a child, and warns unless it was told to.
    """
    if hasattr(os, "register_at_fork"):
        state = _Parallelism()
        os.register_at_fork(before=state.turn_off, after_in_parent=state.restore)
        os.register_at_fork(after_in_child=_use_one_thread)


def _use_one_thread() -> None:
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


class _Parallelism:
    """The tokenizers library's variable around a fork."""

    def turn_off(self) -> None:
        self.before = os.environ.get(PARALLELISM)
        os.environ[PARALLELISM] = "false"

    def restore(self) -> None:
        if self.before is None:
            os.environ.pop(PARALLELISM, None)
        else:
            os.environ[PARALLELISM] = self.before
