"""Sentences of a response: found when first asked for, then looked up by position."""

from __future__ import annotations

import re
from bisect import bisect_right

from cmqa_tasks.reading.cues import Cues

_LONGEST = 6
"""Letters of the longest abbreviation that is worth a look."""
_STOP = re.compile(r"[.!?;](?=[\s\"')\]]|$)|[\n|]")


class Sentences:
    """Where the sentences of a text begin and end. Lines, table cells and semicolons end a sentence too."""

    __slots__ = ("_starts", "cased", "cues")

    def __init__(self, cased: str, cues: Cues) -> None:
        self.cased, self.cues = cased, cues
        self._starts: list[int] | None = None

    def around(self, at: int) -> tuple[int, int]:
        """Begin and end of the sentence around a position."""
        if self._starts is None:
            self._starts = self._find()
        index = bisect_right(self._starts, at) - 1
        return self._starts[index], self._starts[index + 1] if index + 1 < len(self._starts) else len(self.cased)

    def _find(self) -> list[int]:
        starts = [0]
        cased = self.cased
        for match in _STOP.finditer(cased):
            at = match.start()
            if cased[at] == "." and self._inside(at, starts[-1]):
                continue
            starts.append(at + 1)
        return starts

    def _inside(self, at: int, start: int) -> bool:
        """Whether a full stop belongs to an abbreviation or to the number of a list item."""
        space = self.cased.rfind(" ", max(start, at - _LONGEST - 2), at)
        if space < 0:
            space = start - 1
        if at - space > _LONGEST + 2:
            return False
        last = self.cased[space + 1 : at].lower().strip("(\"'\n")
        if last.isdigit():
            return len(last) <= 2 and at - len(last) <= start + 2
        if last in self.cues.abbreviations or last in self.cues.soft_abbreviations:
            following = self.cased[at + 1 : at + 3].strip()
            return bool(following) and (last in self.cues.abbreviations or not following[:1].isupper())
        return False


_STOP_ZH = re.compile(r"[\u3002!?;\n|]|(?<=[\u3400-\u9fff])\.|\.(?=[\s\u3400-\u9fff\"')\]]|$)")


class SentencesZh(Sentences):
    """Sentences of a folded text with Chinese characters; a full stop behind a Chinese character needs no blank."""

    __slots__ = ()

    def _find(self) -> list[int]:
        starts = [0]
        for match in _STOP_ZH.finditer(self.cased):
            at = match.start()
            if self.cased[at] == "." and self._inside(at, starts[-1]):
                continue
            starts.append(at + 1)
        return starts
