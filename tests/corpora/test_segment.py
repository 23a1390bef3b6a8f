"""Segmentation of mixed text."""

import pytest

from spacy_hone.corpora.segment import segment


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("顺丰SF Express到了", ["顺", "丰", "SF", "Express", "到", "了"]),
        ("电话0571-88880000。", ["电", "话", "0571-88880000", "。"]),
        ("+86 138 0000 1111，谢谢", ["+86 138 0000 1111", "，", "谢", "谢"]),
        ("请拨400-811-1111转2", ["请", "拨", "400-811-1111", "转", "2"]),
        ("13800001111", ["13800001111"]),
        ("138-0000-1111或138 0000 1111", ["138-0000-1111", "或", "138 0000 1111"]),
        ("3号楼2-1", ["3", "号", "楼", "2", "-", "1"]),
        ("单号SF1234567", ["单", "号", "SF", "1234567"]),
        ("3.5kg，共10.2元", ["3.5", "kg", "，", "共", "10.2", "元"]),
        ("café naïve", ["café", "naïve"]),
        ("𠮷野家", ["𠮷", "野", "家"]),
        ("ひらカナ", ["ひ", "ら", "カ", "ナ"]),
        ("Ａ座", ["Ａ", "座"]),
        ("“好”……", ["“", "好", "”", "…", "…"]),
        ("a_b", ["a", "_", "b"]),
        ("Привет мир", ["Привет", "мир"]),
        ("12 34", ["12", "34"]),
        ("电话+86 13800001111", ["电", "话", "+86", "13800001111"]),
        ("＋86-13800001111", ["＋86-13800001111"]),
        ("", []),
    ],
)
def test_segments(text: str, words: list[str]) -> None:
    assert segment(text)[0] == words


@pytest.mark.parametrize("text", ["a  b", " a", "a \n b", "\n\n", "你 好\t吗  ", "  ", "a\u3000b ", "x\r\ny"])
def test_words_and_spaces_spell_the_text(text: str) -> None:
    words, spaces = segment(text)
    assert "".join(word + " " * space for word, space in zip(words, spaces)) == text
    assert all(words)


def test_white_space_as_spacy_has_it() -> None:
    spacy = pytest.importorskip("spacy")
    nlp = spacy.blank("xx")
    for text in ("a  b", " a", "a \n b", "a\n\nb", "a \n", "  ", "a   b  "):
        doc = nlp(text)
        assert segment(text) == ([token.text for token in doc], [bool(token.whitespace_) for token in doc]), (
            text
        )
