"""The letter of an option that a response settles on.

>>> from cmqa_tasks.reading.response import parse
>>> letter_of(parse("**B.** They contradict each other"), ("A", "B", "C", "D"))
'B'
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from cmqa_tasks.reading.lexicon import Languages, shipped
from cmqa_tasks.reading.response import LIMIT, Response

HEAD = 400
"""Characters at the beginning and at the end of a response in which a yes, a no or a letter is looked for."""
_ITEM = re.compile(r"^[\W_]*([A-Za-z])\s*[.):、]")


def letter_of(response: Response, letters: Sequence[str], languages: Languages | None = None) -> str | None:
    """The letter of the option that a response settles on; None when it names none, ``""`` where it names several.

    A marked final answer counts first, then a letter that leads the response, then one that leads its last line; then the
    last words that settle on a letter (*so the correct answer is C*). A list of the options, copied from the question, is
    none of these.
    """
    languages = languages or shipped()
    first, last = _beyond_list(response, letters)
    for stretch in (response.answer[:HEAD], first, last):
        low = stretch.lower()
        match = languages.letter.match(low)
        if match and match[1].upper() in letters:
            return "" if _several(languages, low, match, letters) else match[1].upper()
    low = response.shown[-HEAD:].lower()
    settled = [match for match in languages.settled.finditer(low) if (match[1] or match[2]).upper() in letters]
    if not settled:
        low = response.shown[:HEAD].lower()
        settled = [match for match in languages.settled.finditer(low) if (match[1] or match[2]).upper() in letters]
        if len({match[1] or match[2] for match in settled}) > 1:
            return ""
    if not settled:
        return None
    return "" if _several(languages, low, settled[-1], letters) else (settled[-1][1] or settled[-1][2]).upper()


def _several(languages: Languages, low: str, match: re.Match[str], letters: Sequence[str]) -> bool:
    """Whether a further letter is named with one (*C and D*)."""
    more = languages.further.match(low, match.end())
    return more is not None and more[1].upper() in letters and more[1] != (match[1] or match[match.lastindex or 1])


def _beyond_list(response: Response, letters: Sequence[str]) -> tuple[str, str]:
    """The beginning and the last line of a response; empty where they are items of a copied list of options."""
    lines = response.lines
    if without_list(response, letters) is not response and len(lines) == 1:
        return "", ""
    items = [match[1].upper() if (match := _ITEM.match(line)) else "" for line in (*lines[:3], *lines[-3:])]
    listed = [bool(item) and item in letters for item in items]
    head = "" if listed[:2] == [True, True] and items[0] != items[1] and len(lines) > 1 else response.shown[:HEAD]
    last = lines[-1][:HEAD] if lines else ""
    if len(lines) > 1 and listed[-2:] == [True, True] and items[-1] != items[-2]:
        last = ""
    return head, last


def without_list(response: Response, letters: Collection[str]) -> Response:
    """A response without a list of the options that is copied from the question."""
    lines = re.sub(r"[ \t]+(?=\(?[A-Za-z][.):、]\s)", "\n", response.shown[:LIMIT]).split("\n")
    listed = [(match := _ITEM.match(line)) is not None and match[1].upper() in letters for line in lines]
    if sum(listed) < min(3, len(letters)):
        return response
    unlisted = "\n".join(line for line, item in zip(lines, listed, strict=True) if not item)
    return replace(response, shown=unlisted, marked=-1, answered=bool(unlisted.strip()))
