"""Typographic variants as plain characters, the views in which a text of two scripts is read, and its sentences.

Everything here keeps the length of a text, so that positions mean the same in every view of it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property, lru_cache

from cmqa_tasks.reading.lexicon import Lexicon, lexicon

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
_LETTER = re.compile("[a-z]")
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


_LONGEST = 8
"""Letters of the longest abbreviation that is worth a look."""
_STOP = re.compile(r"[.!?;](?=[\s\"')\]]|$)|(?<=[\u3400-\u9fff])\.|[\n|。！？；!?;](?=[\u3400-\u9fff])|[\n|。]")


def spoken_in(low: str, lexicons: Sequence[Lexicon]) -> list[Lexicon]:
    """The languages that may be spoken in a folded text in lower case, by its characters."""
    scripts = {"characters"} if has_han(low) else set()
    if not scripts or _LETTER.search(low):
        scripts.add("words")
    return [lexicon for lexicon in lexicons if lexicon.script in scripts]


class Text:
    """Folded text without markup, in the lexicons' languages.

    Every view has the same length, so that a position means the same in all of them.
    """

    def __init__(self, cased: str, lexicons: Sequence[Lexicon]) -> None:
        self.cased = cased
        self.low = cased.lower()
        self.lexicons = lexicons
        words = latin(self.low) if has_han(cased) else self.low
        self.spoken = [(lexicon, words if lexicon.script == "words" else self.low) for lexicon in spoken_in(self.low, lexicons)]
        """The languages that may be spoken in it, each with the view that it is read in: in lower case, and for words with
        blanks for Chinese characters."""

    def part(self, start: int, end: int) -> Text:
        """A piece of the text, read by itself."""
        return Text(self.cased[start:end].strip(" \n\t.!\"'`*"), self.lexicons)

    def sentence(self, at: int) -> tuple[int, int]:
        """Begin and end of the sentence around a position. Lines, table cells and semicolons end a sentence too."""
        index = bisect_right(self._starts, at) - 1
        return self._starts[index], self._starts[index + 1] if index + 1 < len(self._starts) else len(self.cased)

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for match in _STOP.finditer(self.cased):
            at = match.start()
            if self.cased[at] != "." or not self._inside(at, starts[-1]):
                starts.append(at + 1)
        return starts

    def _inside(self, at: int, start: int) -> bool:
        """Whether a full stop belongs to an abbreviation or to the number of a list item."""
        space = max(self.cased.rfind(" ", max(start, at - _LONGEST), at), start - 1)
        if at - space > _LONGEST:
            return False
        last = self.cased[space + 1 : at].lower().strip("(\"'\n")
        if last.isdigit():
            return len(last) <= 2 and at - len(last) <= start + 2
        following = self.cased[at + 1 : at + 3].strip()
        return bool(following) and any(
            last in lexicon.abbreviations or (last in lexicon.soft_abbreviations and not following[:1].isupper())
            for lexicon in self.lexicons
        )
