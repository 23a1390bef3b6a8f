"""Cut mixed Chinese and Latin text: Chinese by character; words, numbers, telephones whole; signs alone."""

import re

from .spacing import CJK

_PHONES = (
    r"\+\d{1,3}(?:[ -]?\(\d{1,4}\)|[ -]\d{2,4})(?:[ -]\d{2,4}){1,3}(?!\d)",  # +86 138 0000 1111
    r"[+＋]\d{1,3}-1[3-9]\d{9}(?!\d)",  # +86-13800001111
    r"[+＋]\d{1,3}(?= ?1[3-9]\d{9}(?!\d))",  # +86 of +86 13800001111
    r"\+\d{6,15}(?!\d)",
    r"(?<!\d)\(0\d{2,3}\)[ -]?\d{7,8}(?!\d)",  # (0571)88880000
    r"(?<!\d)0\d{2,3}-\d{7,8}(?:-\d{1,6})?(?!\d)",  # 0571-88880000-12
    r"(?<!\d)[48]00-\d{3,4}-\d{3,4}(?!\d)",  # 400-811-1111
    r"(?<!\d)1[3-9]\d([ -])\d{4}\1\d{4}(?!\d)",  # 138 0000 1111
    r"(?<!\d)\d{3}-\d{3}-\d{4}(?!\d)",  # 555-123-4567
    r"(?<!\d)\d{3,4}-\d{4}(?!\d)",  # 8888-0000
)
_LETTER = rf"(?![{CJK}])[^\W\d_]"
_PIECE = re.compile("|".join((*_PHONES, r"\d+(?:\.\d+)?", rf"(?:{_LETTER}[\u0300-\u036f]*)+", r"\s+", ".")))


def segment(text: str) -> tuple[list[str], list[bool]]:
    """Words and whether a space follows each; together they spell the text, as spaCy's `Doc` wants it.

    >>> segment("由SF Express送，电话0571-88880000")[0]
    ['由', 'SF', 'Express', '送', '，', '电', '话', '0571-88880000']
    """
    words: list[str] = []
    spaces: list[bool] = []
    for match in _PIECE.finditer(text):
        piece = match[0]
        if piece.isspace() and words and piece[0] == " " and not spaces[-1] and not words[-1].isspace():
            spaces[-1] = True
            piece = piece[1:]
        if piece:
            words.append(piece)
            spaces.append(False)
    return words, spaces
