"""Readers of the kinds that are a number with a unit: money, count, percent, rating, level, rate, distance, dose.

Each takes a folded text in lower case and returns its mentions in order. They decide what a number *is*; which of the
two expected values it equals is decided later, so the same readers serve passages of evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cmqa_tasks.reading.listing import marks_item
from cmqa_tasks.reading.mention import BARE, FOREIGN, TYPED, Mention
from cmqa_tasks.reading.numbers import Number, scan
from cmqa_tasks.reading.units import (
    COUNTED_SOURCES,
    CURRENCIES,
    FUNCTION_WORDS,
    KNOWN_UNITS,
    LABELS,
    SCALES,
    SYMBOLS,
    UNITS,
    amount,
    quantity,
)
from cmqa_tasks.reading.words_en import words

_DATE_AFTER = re.compile(r"(?:st|nd|rd|th)?[ ,](?:of )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b")
_DATE_BEFORE = re.compile(r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? (?:[0-9]{1,2}(?:st|nd|rd|th)?, )?$")
_ORDINAL = frozenset({"st", "nd", "rd", "th"})


def _in_date_or_time(text: str, number: Number) -> bool:
    """Whether a number is a piece of a date, a time or an identifier: ``8:30``, ``2026-03-03``, ``March 3``, ``SKU-12``."""
    start, end = number.start, number.end
    after = text[end : end + 2]
    if after and after[0] in ":-" and after[1:].isdigit():
        return True
    if start >= 2 and text[start - 1] in ":-" and (text[start - 2].isdigit() or text[start - 2].isalpha()):
        return True
    if number.unit and number.unit[:3] in _MONTHS and _DATE_AFTER.match(text, end) is not None:
        return True
    if number.unit in _ORDINAL:
        return True
    return start >= 4 and text[start - 1] == " " and _DATE_BEFORE.search(text, max(0, start - 20), start) is not None


_MONTHS = words("jan feb mar apr may jun jul aug sep oct nov dec")


def previous_word(text: str, start: int) -> str:
    """The word before a position when only white space lies between."""
    words = text[max(0, start - 18) : start].split()
    return words[-1] if words else ""


def _labelled(text: str, number: Number) -> bool:
    """Whether a number numbers something: *Image 1*, ``#12``, a list's ``2.``, *two sources*."""
    start = number.start
    if number.unit in COUNTED_SOURCES:
        return number.unit != "of" and number.unit not in FUNCTION_WORDS
    if start and text[start - 1] == "#":
        return True
    if text[number.end : number.end + 2] in (". ", ") ") and marks_item(text, start, number.end):
        return True
    return start > 0 and text[start - 1] == " " and previous_word(text, start).strip("(") in LABELS


def _plain(text: str, number: Number) -> Mention | None:
    """The mention of a number that carries no unit of the kind; ``None`` for labels and pieces of dates."""
    start, end, values, unit = number.start, number.end, number.values, number.unit
    if unit in KNOWN_UNITS:
        return Mention(start, number.unit_end, (f"{quantity(values[0])} {unit}",), FOREIGN)
    if _labelled(text, number) or _in_date_or_time(text, number):
        return None
    counts = bool(unit) and unit not in FUNCTION_WORDS and unit != "/"
    fraction = text[end : end + 1] == "/" or (start > 0 and text[start - 1] == "/")
    pronoun = number.spelled and values == (1.0,) and unit in FUNCTION_WORDS  # "one is", "one and the other"
    if counts or fraction or pronoun:
        return Mention(start, end, (f"{quantity(values[0])} {unit}".strip(),), FOREIGN)
    return Mention(start, end, tuple(map(quantity, values)), BARE)


def _currency_before(text: str, start: int) -> tuple[str, int]:
    """The currency written before a number and where it begins."""
    at = start - 1
    if at >= 0 and text[at] == " ":
        at -= 1
    if at < 0:
        return "", start
    char = text[at]
    if char in SYMBOLS:
        lead = text[max(0, at - 2) : at]
        if char == "$" and lead[-1:].isalpha():
            prefix = {"us": "USD", "a": "AUD", "c": "CAD", "ca": "CAD", "au": "AUD", "nz": "NZD", "hk": "HKD"}
            name = lead.split()[-1]
            if name in prefix:
                return prefix[name], at - len(name)
        return SYMBOLS[char], at
    if char.isalpha():
        word = text[max(0, at - 3) : at + 1].split()[-1].strip("(:")
        if UNITS.get(word) in CURRENCIES and len(word) == 3:
            return UNITS[word], at - 2
    return "", start


def money(text: str) -> list[Mention]:
    """Sums of money: symbol or code before, unit word behind, cents alone or after a whole amount."""
    found: list[Mention] = []
    whole: tuple[int, int, float, str] | None = None  # an amount that cents may still follow
    for number in scan(text):
        values = number.values
        if number.unit == "cents":
            cents = values[0] / 100
            if whole is not None and text[whole[1] : number.start] in (" and ", " ", ", ", ", and "):
                found[-1] = Mention(whole[0], number.unit_end, (amount(whole[2] + cents, whole[3]),), TYPED)
            else:
                names = ("GBP",) if text[number.end : number.unit_end].strip() == "pence" else ("USD", "EUR")
                readings = tuple(amount(cents, name) for name in names)
                found.append(Mention(number.start, number.unit_end, readings, TYPED))
            whole = None
            continue
        currency, start = _currency_before(text, number.start)
        end = number.end
        if number.unit in CURRENCIES:
            end = number.unit_end
            currency = number.unit
        if not currency:
            if whole is not None and text[whole[1] : number.start] == " " and values[0] < 100 and whole[2] == int(whole[2]):
                found[-1] = Mention(whole[0], number.end, (amount(whole[2] + values[0] / 100, whole[3]),), TYPED)
                whole = None
                continue
            mention = _plain(text, number)
            if mention is not None:
                found.append(mention)
            whole = None
            continue
        readings = tuple(amount(value, currency) for value in values)
        if currency == "JPY" and "\u00a5" in text[start:end]:
            readings += tuple(amount(value, "CNY") for value in values)
        found.append(Mention(start, end, readings, TYPED))
        whole = (start, end, values[0], currency) if number.unit == currency else None
    return found


def count(text: str) -> list[Mention]:
    """Whole numbers, whatever noun they count, unless they belong to another kind."""
    found: list[Mention] = []
    for number in scan(text):
        values = tuple(value for value in number.values if value == int(value))
        if not values or _currency_before(text, number.start)[0]:
            continue
        pronoun = number.spelled and values == (1.0,) and (number.unit in FUNCTION_WORDS or number.unit in ("", "other"))
        if pronoun and (number.start or number.end < len(text.rstrip(". "))):
            continue
        if number.unit in KNOWN_UNITS:
            found.append(Mention(number.start, number.unit_end, (f"{quantity(values[0])} {number.unit}",), FOREIGN))
            continue
        if _labelled(text, number) or _in_date_or_time(text, number):
            continue
        if text[number.end : number.end + 1] == "/" or (number.start and text[number.start - 1] == "/"):
            continue
        found.append(Mention(number.start, number.end, tuple(map(quantity, values)), BARE))
    return found


_FRACTION = re.compile(
    r"(?<![a-z-])(?:(?P<three>three[ -]quarters)|(?P<one>(?:a|one)[ -]quarter)|half(?! (?:a|past)\b))(?![a-z])"
)


def percent(text: str) -> list[Mention]:
    """Percentages; a bare decimal up to one may also be a share."""
    found: list[Mention] = []
    for number in scan(text):
        if number.unit == "percent":
            found.append(Mention(number.start, number.unit_end, tuple(map(quantity, number.values)), TYPED))
            continue
        if _currency_before(text, number.start)[0]:
            continue
        mention = _plain(text, number)
        if mention is None:
            continue
        if mention.level == BARE and 0 < number.values[0] < 1:
            mention = mention._replace(readings=(*mention.readings, quantity(round(number.values[0] * 100, 6))))
        found.append(mention)
    if "half" in text or "quarter" in text:
        for match in _FRACTION.finditer(text):
            share = "75" if match["three"] else "25" if match["one"] else "50"
            found = [one for one in found if one.end <= match.start() or one.start >= match.end()]
            found.append(Mention(match.start(), match.end(), (share,), BARE))
        found.sort()
    return found


_OUT_OF = re.compile(
    r"(?: ?stars?)? ?(?:/|out of|of) ?"
    r"(?:a (?:possible|maximum|total)(?: of)? )?(5|10|100|five|ten)(?:\.0)?(?![0-9.]*[0-9])(?: ?stars?| ?points?)?"
)
_STARS = re.compile(
    "[\u2605\u2b50\U0001f31f](?: ?[\u2605\u2b50\U0001f31f\u00bd\u2bea\u2bd6\u2606\u2bea\u2729\u2730]| 1/2)*|(?<=[a-z: ])\u2606{5}"
)
_TOP = {"5": 5.0, "five": 5.0, "10": 10.0, "ten": 10.0, "100": 100.0}


def _out_of(text: str, top: float, unit: str) -> list[Mention]:
    """Marks out of ``top``; marks on another scale are converted, since the picture may suggest either."""
    found: list[Mention] = []
    behind = 0
    for number in scan(text):
        if number.start < behind:
            continue
        scale = _OUT_OF.match(text, number.end)
        if scale is not None:
            behind = scale.end()
            readings = tuple(quantity(round(value * top / _TOP[scale[1]], 6)) for value in number.values)
            found.append(Mention(number.start, behind, readings, TYPED))
        elif unit and number.unit == unit:
            found.append(Mention(number.start, number.unit_end, tuple(map(quantity, number.values)), TYPED))
        elif not _currency_before(text, number.start)[0]:
            mention = _plain(text, number)
            if mention is not None:
                if mention.level == BARE and previous_word(text, number.start) == unit:
                    mention = mention._replace(level=TYPED)
                found.append(mention)
    return found


def rating(text: str) -> list[Mention]:
    """Stars out of five, in figures, words or drawn stars."""
    found = _out_of(text, 5.0, "stars")
    if not text.isascii():
        drawn = [
            Mention(
                match.start(),
                match.end(),
                (quantity(sum(match[0].count(star) for star in "\u2605\u2b50\U0001f31f") + 0.5 * _half(match[0])),),
                TYPED,
            )
            for match in _STARS.finditer(text)
            if not (match.start() and text[: match.start()].rstrip()[-1:].isdigit())
        ]
        if drawn:
            found = sorted([*found, *drawn])
    return found


def _half(stars: str) -> bool:
    return any(mark in stars for mark in ("\u00bd", "\u2bea", "\u2bd6", "1/2"))


def level(text: str) -> list[Mention]:
    """Marks out of ten."""
    return _out_of(text, 10.0, "level")


def rate(text: str) -> list[Mention]:
    """Beats per minute."""
    return _with_unit(text, frozenset({"bpm"}), bare_unit=True)


def _with_unit(text: str, units: frozenset[str], bare_unit: bool = False) -> list[Mention]:
    found: list[Mention] = []
    for number in scan(text):
        if number.unit in units:
            suffix = "" if bare_unit else f" {number.unit}"
            found.append(Mention(number.start, number.unit_end, tuple(quantity(v) + suffix for v in number.values), TYPED))
        elif not _currency_before(text, number.start)[0]:
            if bare_unit and text[number.end : number.end + 4] == "/min":
                found.append(Mention(number.start, number.end + 4, tuple(map(quantity, number.values)), TYPED))
                continue
            mention = _plain(text, number)
            if mention is not None:
                found.append(mention)
    return found


_LENGTHS = frozenset(unit for unit, (system, _) in SCALES.items() if system in ("length", "imperial"))
_DOSES = frozenset(unit for unit, (system, _) in SCALES.items() if system in ("mass", "volume"))


def distance(text: str) -> list[Mention]:
    """Lengths, metric or imperial."""
    return _with_unit(text, _LENGTHS)


def dose(text: str) -> list[Mention]:
    """Masses and volumes."""
    return _with_unit(text, _DOSES)


READERS: dict[str, Callable[[str], list[Mention]]] = {
    "money": money,
    "count": count,
    "percent": percent,
    "rating": rating,
    "level": level,
    "rate": rate,
    "distance": distance,
    "dose": dose,
}
