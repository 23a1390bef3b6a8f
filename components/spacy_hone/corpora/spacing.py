"""Does a space stand between two tokens? None beside Chinese and Japanese characters, one between others."""

import re
from itertools import pairwise

CJK = (
    "\u2e80-\u2fdf\u3000-\u30ff\u3100-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe10-\ufe1f"
    "\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
)
IS_CJK = re.compile(f"[{CJK}]")
QUOTES = frozenset("“”‘’…—·")  # Chinese punctuation where the text is Chinese


class Edges(dict[str, tuple[bool, bool]]):
    """Token -> whether its first and its last character take no space beside them, in Chinese text.

    It begins anew at 100,000 tokens.
    """

    def __missing__(self, token: str) -> tuple[bool, bool]:
        if len(self) >= 100_000:
            self.clear()
        self[token] = tuple(char in QUOTES or bool(IS_CJK.match(char)) for char in (token[0], token[-1]))  # type: ignore[assignment]
        return self[token]


def guess_spaces(tokens: list[str], edges: Edges) -> list[bool]:
    """Whether a space follows each token; the last has one.

    edges: a cache, kept by the caller for as long as it likes.
    """
    blob = "".join(tokens)
    if blob.isascii() or not IS_CJK.search(blob):
        return [True] * len(tokens)
    known = [edges[token] for token in tokens]
    return [not (left[1] or right[0]) for left, right in pairwise(known)] + [True]


def spaces_from_text(tokens: list[str], text: str) -> list[bool] | None:
    """Whether a space follows each token in the text that they come from; None if they do not spell it."""
    spaces: list[bool] = []
    at = 0
    for token in tokens:
        if not text.startswith(token, at):
            return None
        at += len(token)
        end = at
        while end < len(text) and text[end].isspace():
            end += 1
        spaces.append(end > at)
        at = end
    return spaces if at == len(text) else None
