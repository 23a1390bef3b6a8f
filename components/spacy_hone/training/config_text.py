"""Configs written so that one can read them."""

import re

from thinc.api import Config

SECTIONS = ("paths", "vars", "system", "nlp", "components", "corpora", "training", "initialize")


def to_text(config: Config) -> str:
    """A config as `spacy train` reads it, each section followed by its parts. What was read as it stands, PRP$ say, would
    be escaped when written."""
    text = config.to_str(interpolate=False).replace("$$", "$")
    ranks: dict[tuple[str, ...], int] = {(name,): rank for rank, name in enumerate(SECTIONS)}

    def rank(section: str) -> list[int]:
        names = tuple(section[1 : section.index("]")].split("."))
        return [ranks.setdefault(names[:n], len(ranks)) for n in range(1, len(names) + 1)]

    sections = re.split(r"^(?=\[)", text, flags=re.MULTILINE)
    return "\n\n".join(section.strip() for section in sorted(filter(None, sections), key=rank))
