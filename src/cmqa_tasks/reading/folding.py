"""Typographic variants as plain characters, and the views of a text that hold two scripts.

Everything here keeps the length of a text, so that positions mean the same in every view of it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cmqa_tasks.reading.lexicon import lexicon

_FOLDED: dict[int, str] = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if code != 0xFF0C},  # full-width forms
    **dict.fromkeys([0xA0, 0x3000, 0x202F, 0x205F, 0xFE0F, 0xFEFF, 0x2060, 0x2028, 0x2029, *range(0x2000, 0x200E)], " "),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2015\u2212\ufe63\u02d7\u207b\u208b\u2796"), "-"),
    **dict.fromkeys(map(ord, "\u2018\u2019\u201b\u02bc\u2032\u00b4"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\u2033\u00ab\u00bb「」『』《》〈〉"), '"'),
    **dict.fromkeys(map(ord, "\ufe62\u207a\u208a\u2795"), "+"),
    **dict.fromkeys(map(ord, "\u00b5\u03bc"), "u"),
    **dict.fromkeys(map(ord, "\u2044\u2215"), "/"),
    **dict.fromkeys(map(ord, "【〔［"), "["),
    **dict.fromkeys(map(ord, "】〕］"), "]"),
    **dict.fromkeys(map(ord, "\u25cb\u25ef"), "〇"),
    ord("\u2236"): ":",
    ord("\u00d7"): "x",
    ord("\u2022"): "-",
    ord("\u0130"): "I",  # the one character whose lower case is longer than itself
    ord("\uffe5"): "\u00a5",
    ord("\uffe1"): "\u00a3",
    ord("\ufe6a"): "%",
    ord("\uff61"): "。",
    ord("\u2103"): "度",
}
"""Typographic variants, always one character for one. The full stop and the comma of Chinese stay: they stand in no number."""

HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
"""One Chinese character."""
_RUN = re.compile("[\u3400-\u9fff\uf900-\ufaff\u3007]+")
_COLON = re.compile("(?<![0-9]):")
"""A colon that stands in no time or score."""


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    pairs = lexicon("zh").traditional
    return {**_FOLDED, **{ord(old): new for old, new in zip(pairs[::2], pairs[1::2], strict=True)}}


def fold(text: str) -> str:
    """Typographic variants as plain ASCII and traditional characters as simplified ones, one character for one."""
    if text.isascii():
        return text
    text = text.translate(_table())
    return text if HAN.search(text) else text.replace("，", ",").replace("。", ".")


def has_han(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return not text.isascii() and HAN.search(text) is not None


def is_han(char: str) -> bool:
    """Whether a character is a Chinese one; false for none at all."""
    return "\u3400" <= char <= "\u9fff"


def latin(text: str) -> str:
    """A folded text with white space for its Chinese characters: what a sentence in it looks like to a reader of words.

    Inside a run of them it is no blank but a separator, so that patterns that skip blanks do not try every stretch of it.
    """
    return _RUN.sub(_blanks, text).replace("。", ".").replace("，", ",").replace("、", ",")


def islands(text: str) -> str:
    """A folded text with tildes for its Chinese characters, so that two numbers never become one: for readers of values."""
    text = _RUN.sub(lambda match: "~" * (match.end() - match.start()), text)
    return _COLON.sub(";", text.replace("。", ";").replace("，", ";").replace("、", ";"))


def _blanks(match: re.Match[str]) -> str:
    size = match.end() - match.start()
    return " " if size == 1 else " " + "\x1f" * (size - 2) + " "
