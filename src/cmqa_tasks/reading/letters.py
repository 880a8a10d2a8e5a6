"""The letter of the option that a response settles on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cmqa_tasks.reading.places import Places, places

_CHOOSE = "我[选選][择擇]?|[应應故][该該]?[选選]|[选選][择擇]?|答案?(?:[应應][该該]?)?|[选選][项項]|[结結][论論果]|回答"
_LEAD = re.compile(
    r"^[\W_]*(?i:(?:(?:the|my)\s+)?(?:final\s+|correct\s+|best\s+)?(?:answer|option|choice|letter|verdict|conclusion|result)(?:\s+is|\s*[:：])?\s*(?:option\s+)?"
    rf"|(?:{_CHOOSE})\s*(?:是|为|為|[选選]|[:：])?\s*)?[\W_]*"
    r"([A-Za-z])(?![A-Za-z'’])(?:(?<![Aa])|(?!\s+[a-z]))"  # "A piece …" begins with an article
)
_ONE = r"(?!(?-i:a)\s)([A-Z])(?![A-Za-z'’])"  # not the article of "the answer is a price"
_ALONE = r"(?!\s*(?:/|or\s|and\s|[和或与])\W*[A-Z](?![a-z]))"
_SETTLED = re.compile(
    r"(?<!not )(?<!n't )(?<!neither )"
    r"(?:answer|(?:correct|right|best) (?:option|choice|letter)|the letter|choose|pick|select|go(?:ing)? with)"
    rf"\s*(?:is|would be|should be|must be|[:：])?\s*(?:option|choice)?[\W_]*{_ONE}{_ALONE}"
    rf"|(?:option|choice) {_ONE} is (?:the )?(?:correct|right|best)(?![a-z])"
    rf"|(?<![a-z]){_ONE} is (?:the )?(?:correct|right|best) (?:answer|option|choice|letter)"
    rf"|(?<![a-z])(?:it's|it is|i'd say|i would say|i think|so|but|hence|therefore|thus)[,:]? \W{{0,3}}{_ONE}\W*$"
    rf"|(?<!不)(?:{_CHOOSE})\s*(?:是|为|為|[选選]|[:：])?\s*(?:[选選][项項])?[\W_]*{_ONE}{_ALONE}",
    re.IGNORECASE,
)
"""Words that settle on an option wherever they stand."""
_SAID = re.compile(
    rf"(?:answer|option|choice|choose|pick|select|go with)\s*(?:is|[:：])?\s*[\W_]*{_ONE}"
    rf"|(?:{_CHOOSE})\s*(?:是|为|為|[:：])?\s*[\W_]*{_ONE}",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^[\W_]*([A-Za-z])\s*[.):、]")


def letter(response: str, letters: Sequence[str]) -> str | None:
    """The letter of the option that a response settles on; None when it names none, or several without a final answer.

    A marked final answer counts first, then a letter that leads the response, then one that leads its last line; then the
    last words that settle on a letter (*so the correct answer is C*), and last the only letter named at the beginning. A
    list of the options, copied from the question, is none of these.
    """
    where = places(response)
    first, last = _beyond_list(where, letters)
    for place in (where.marked, first, last):
        match = _LEAD.match(place)
        if match and match[1].upper() in letters:
            return match[1].upper()
    settled = _letters(_SETTLED, where.tail)
    if settled and settled[-1] in letters:
        return settled[-1]
    said = set(_letters(_SAID, where.head)) & set(letters)
    return said.pop() if len(said) == 1 else None


def _letters(pattern: re.Pattern[str], text: str) -> list[str]:
    """The letters that a pattern finds, in order."""
    return [next(filter(None, match.groups())).upper() for match in pattern.finditer(text)]


def _beyond_list(where: Places, letters: Sequence[str]) -> tuple[str, str]:
    """The beginning and the last line of a response; empty where they are items of a copied list of options."""
    items = [match[1].upper() if (match := _ITEM.match(line)) else "" for line in (*where.lines[:3], *where.lines[-3:])]
    listed = [bool(one) and one in letters for one in items]
    head = "" if listed[:2] == [True, True] and items[0] != items[1] and len(where.lines) > 1 else where.head
    last = where.lines[-1] if where.lines else ""
    if len(where.lines) > 1 and listed[-2:] == [True, True] and items[-1] != items[-2]:
        last = ""
    return head, last
