"""Systems take turns, so that a busy machine slows them all."""

from collections.abc import Iterator, Sequence

from tqdm import tqdm


def in_turn(systems: Sequence[str], rounds: int, *, what: str = "") -> Iterator[tuple[int, str]]:
    """(round, system): round 0 is for warming up; odd rounds go there, even ones back. what: before the bar."""
    for i in tqdm(range(rounds + 1), desc=what, unit=" rounds", disable=None, leave=False):
        yield from ((i, system) for system in (systems if i % 2 else systems[::-1]))


def choose(names: str, known: Sequence[str], *, mark: str = ",") -> list[str]:
    """Names with a mark between them; all that are known if there is none."""
    chosen = [name.strip() for name in names.split(mark)] if names else list(known)
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise SystemExit(f"No system is called {', '.join(unknown)}; there are: {', '.join(known)}.")
    return chosen
