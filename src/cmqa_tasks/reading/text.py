"""A text in the views in which it is read, and where its sentences begin and end."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property

from cmqa_tasks.reading.folding import has_han, latin
from cmqa_tasks.reading.lexicon import Lexicon

_LONGEST = 8
"""Letters of the longest abbreviation that is worth a look."""
_STOP = re.compile(r"[.!?;](?=[\s\"')\]]|$)|(?<=[\u3400-\u9fff])\.|[\n|。！？；!?;](?=[\u3400-\u9fff])|[\n|。]")


class Text:
    """Folded text without markup, in the lexicons' languages.

    Every view has the same length, so that a position means the same in all of them.
    """

    def __init__(self, cased: str, lexicons: Sequence[Lexicon]) -> None:
        self.cased = cased
        self.low = cased.lower()
        self.lexicons = lexicons
        han = has_han(cased)
        words = self.low if not han else latin(self.low) if re.search("[a-z]", self.low) else ""
        views = {"words": words, "characters": self.low if han else ""}
        self.spoken = [(lexicon, views[lexicon.script]) for lexicon in lexicons if views[lexicon.script]]
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
