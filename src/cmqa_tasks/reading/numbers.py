"""Numbers in running text, in digits or in English words, with the unit that follows each.

>>> [(n.values, n.unit) for n in scan("twelve hundred seats at $1,200.50, or 2.4 km")]
[((1200.0,), 'seats'), ((1200.5,), ''), ((2.4,), 'km')]
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cmqa_tasks.reading.units import UNITS

MAX_DIGITS = 15
"""Longer runs of digits are no quantities (and would lose precision as floats)."""


class Number(NamedTuple):
    """One number in a text."""

    start: int
    end: int
    """Behind the number and its multiplier, before the unit."""
    values: tuple[float, ...]
    """What it may mean, most likely first: ``1.200`` is 1.2, or 1200 to a European."""
    unit: str
    """The canonical unit that follows, or the next word when it is no known unit, or ``''``."""
    unit_end: int
    spelled: bool


_DIGITS = re.compile(  # one leading class, for only then does the engine skip to the next digit
    r"[0-9](?:[0-9]{0,2}(?: [0-9]{3})+(?![0-9])(?:[.,][0-9]{1,2}(?![0-9]))?|[0-9]*(?:[.,'][0-9]+)*)"
)
_AFTER = re.compile(
    r"(?P<k>k(?![a-z0-9]))|[ -]?(?P<mag>hundred|thousand|million|dozen)\b|\s?(?P<vulgar>[\u00bd\u00bc\u00be])"
    r"|[ -]and[ -](?:a|one)[ -]half\b|[ -](?P<frac>[13]/[24])(?![0-9/])"
)
_WORD = "[a-z\u00df-\u00ff\u0100-\u024f]+"  # Latin letters: *Stück* is one word
_UNIT = re.compile(rf"[ \t]?-?[ \t]?(?P<word>[%\u00b0$\u20ac\u00a3\u00a5\u00a2\u2605\u2b50]|{_WORD})(?:'s)?")
_SECOND = re.compile(rf"[ -]?(?:(?:a|per|an|/)[ -]?)?({_WORD})|/[ ]?({_WORD})")
_MAGNITUDE = {"hundred": 100.0, "thousand": 1000.0, "million": 1e6, "dozen": 12.0}
_VULGAR = {"\u00bd": 0.5, "\u00bc": 0.25, "\u00be": 0.75, "1/2": 0.5, "1/4": 0.25, "3/4": 0.75}

_ONES = {
    "zero": 0, "nil": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_WORDS = (*_ONES, *_TENS, *_MAGNITUDE, "half", "point")
_WORD_GROUPS = (
    ("teen", tuple(word for word in _WORDS if word.endswith("teen"))),
    ("ty", tuple(word for word in _WORDS if word.endswith("ty"))),
    ("", tuple(word for word in _WORDS if not word.endswith(("teen", "ty")))),
)


def number_words(text: str) -> list[tuple[int, str]]:
    """The number words of a lower-case text with their positions, in order.

    Searched word by word with ``in``, which is far faster than one alternation: most texts hold none or one of them.
    """
    found: list[tuple[int, str]] = []
    for ending, words in _WORD_GROUPS:
        if ending not in text:
            continue
        for word in words:
            if word in text:
                at, size = text.find(word), len(word)
                while at >= 0:
                    end = at + size
                    if not (at and text[at - 1].isalnum()) and not text[end : end + 1].isalpha():
                        found.append((at, word))
                    at = text.find(word, end)
    if len(found) > 1:
        found.sort()
    return found


def parse_digits(raw: str) -> tuple[float, ...]:
    """The values that a run of digits and separators may have; none when it is no number (a version, a date)."""
    if raw.isdigit():
        return (float(raw),) if len(raw) <= MAX_DIGITS else ()
    if len(raw) > MAX_DIGITS + 6:
        return ()
    head, mark, tail = raw.partition(".")
    if mark and len(tail) < 3 and head.isdigit() and tail.isdigit():  # by far the most common
        return (float(raw),)
    if "'" in raw or " " in raw:
        raw = raw.replace("'", "").replace(" ", "")
        if raw.isdigit():
            return (float(raw),)
    dot, comma = raw.rfind("."), raw.rfind(",")
    if dot >= 0 and comma >= 0:
        point, group = (".", ",") if dot > comma else (",", ".")
        whole, _, decimals = raw.rpartition(point)
        return (float(f"{whole.replace(group, '')}.{decimals}"),) if point not in whole else ()
    mark = "." if dot >= 0 else ","
    groups = raw.split(mark)
    grouped = len(groups[0]) <= 3 and groups[0] != "0" and all(len(group) == 3 for group in groups[1:])
    if len(groups) > 2:
        return (float("".join(groups)),) if grouped else ()
    decimal = float(f"{groups[0]}.{groups[1]}")
    if not grouped:
        return (decimal,)
    return (float("".join(groups)),) if mark == "," else (decimal, float("".join(groups)))


def unit_after(text: str, at: int) -> tuple[str, int]:
    """The unit or word that follows a number, and where it ends."""
    match = _UNIT.match(text, at)
    if match is None:
        if text[at : at + 2] == "/1" or text[at : at + 2] == "/5":
            return "/", at
        return "", at
    word, end = match["word"], match.end()
    if word in _COMPOUND_HEADS:
        second = _SECOND.match(text, end)
        if second is not None:
            both = f"{word} {second[1] or second[2]}"
            if both in UNITS:
                return UNITS[both], second.end()
    return UNITS.get(word, word), end


_COMPOUND_HEADS = frozenset(unit.split()[0] for unit in UNITS if " " in unit)


def _digits(text: str) -> list[Number]:
    found: list[Number] = []
    behind = 0  # what an earlier number took in, such as the fraction of 3 1/2
    for match in _DIGITS.finditer(text):
        start, end = match.span()
        before = text[start - 1] if start else " "
        if start < behind:
            continue
        if before.isalpha() and before not in "x$":
            continue
        values = parse_digits(match[0])
        if not values:
            continue
        if before == "." and (start < 2 or text[start - 2] in " ($"):
            start -= 1
            values = (float(f"0.{match[0]}"),) if match[0].isdigit() else values
        following = text[end : end + 1]
        if following and following in "k -hdtm\u00bd\u00bc\u00be":
            after = _AFTER.match(text, end)
            if after is not None:
                end = behind = after.end()
                if after["k"]:
                    values = tuple(value * 1000 for value in values)
                elif after["mag"]:
                    values = tuple(round(value * _MAGNITUDE[after["mag"]], 6) for value in values)
                else:
                    values = (values[0] + _VULGAR.get(after["vulgar"] or after["frac"] or "1/2", 0.5),)
                following = text[end : end + 1]
        if not following or following in ",.;)\n":
            found.append(Number(start, end, values, "", end, False))
            continue
        unit, unit_end = unit_after(text, end)
        found.append(Number(start, end, values, unit, unit_end, False))
    return found


def spelled_numbers(text: str, found_words: list[tuple[int, str]]) -> list[Number]:
    """Numbers in words. A word that cannot continue the number before it starts a new one: *eight thirty* is two."""
    found: list[Number] = []
    total = current = 0.0
    start = end = -1
    place = 0.0  # of the next decimal, behind the word "point"
    room = 0.0  # the next word must be smaller than this to be added; 0 when nothing more fits

    def close() -> None:
        if start >= 0:
            unit, unit_end = unit_after(text, end)
            found.append(Number(start, end, (total + current,), unit, unit_end, True))

    for at, word in found_words:
        behind = at + len(word)
        gap = text[end:at] if start >= 0 and at - end <= 7 else "?"
        joined = gap in (" ", "-", " and ", "-and-")
        if word == "half":
            if start >= 0 and gap in (" and a ", "-and-a-", " and one "):
                current, end, room = current + 0.5, behind, 0.0
            elif text[behind : behind + 3] == " a " and not text.startswith("dozen", behind + 3):
                close()
                total, current, start, end, room = 0.0, 0.5, at, behind + 2, 0.0
            continue
        if word == "point":
            if start >= 0 and gap == " ":
                end, room, place = behind, 0.0, 0.1
            continue
        if word in _MAGNITUDE:
            size = _MAGNITUDE[word]
            if joined and gap in (" ", "-") and 0 < current < size:
                if word == "hundred" or word == "dozen":
                    current *= size
                else:
                    total, current = total + current * size, 0.0
                end, room = behind, size
                continue
            close()
            lead = text[max(0, at - 7) : at]
            if lead.endswith("half a "):
                total, current, start = 0.0, size / 2, at - 7
            elif lead.endswith((" a ", " an ")) or lead in ("a ", "an "):
                total, current, start = 0.0, size, at - 2
            elif word == "dozen":
                total, current, start = 0.0, size, at
            else:  # "hundreds of", or the multiplier of a number in digits
                start = -1
                continue
            end, room = behind, size
            continue
        value = float(_ONES.get(word, _TENS.get(word, 0)))
        if place and gap == " " and value < 10:
            current, end, place = round(current + value * place, 6), behind, place / 10
            continue
        place = 0.0
        fits = joined and 0 < value < room and (gap in (" ", "-") or room >= 100)
        if fits:
            current += value
        else:
            close()
            total, current, start = 0.0, value, at
        end = behind
        room = 10.0 if word in _TENS else 0.0
    close()
    return found


def scan(text: str) -> list[Number]:
    """All numbers of a folded, lower-case text in order."""
    found = _digits(text)
    words = number_words(text)
    if words:
        spelled = spelled_numbers(text, words)
        if spelled:
            found = sorted([*found, *spelled]) if found else spelled
    return found
