"""What a number without the unit of its kind is: a value all the same, a count of something else, or no value at all."""

from __future__ import annotations

from cmqa_tasks.reading.mention import BARE, FOREIGN, Mention
from cmqa_tasks.reading.numbers import Number, marks_item
from cmqa_tasks.reading.numerals import LABEL, english, known_units, quantity


def previous_word(low: str, start: int) -> str:
    """The word before a position when only white space lies between."""
    words = low[max(0, start - 18) : start].split()
    return words[-1] if words else ""


def in_date_or_time(low: str, number: Number) -> bool:
    """Whether a number is a piece of a date, a time or an identifier: ``8:30``, ``2026-03-03``, ``March 3``, ``SKU-12``."""
    start, end, patterns = number.start, number.end, english().patterns
    after = low[end : end + 2]
    if after and after[0] in ":-" and after[1:].isdigit():
        return True
    if start >= 2 and low[start - 1] in ":-" and (low[start - 2].isdigit() or low[start - 2].isalpha()):
        return True
    if number.unit in ("st", "nd", "rd", "th") or (number.unit and patterns["date_after"].match(low, end) is not None):
        return True
    return start >= 4 and low[start - 1] == " " and patterns["date_before"].search(low, max(0, start - 20), start) is not None


def labelled(low: str, number: Number) -> bool:
    """Whether a number numbers something: *Image 1*, ``#12``, a list's ``2.``, *two sources*."""
    words, start = english(), number.start
    if number.unit in words.counted:
        return number.unit != "of" and number.unit not in words.function_words
    if start and low[start - 1] == "#":
        return True
    if low[number.end : number.end + 2] in (". ", ") ") and marks_item(low, start, number.end):
        return True
    return start > 0 and low[start - 1] == " " and previous_word(low, start).strip("(") in words.labels


def plain(low: str, number: Number) -> Mention | None:
    """The mention of a number that carries no unit of the kind; None for labels and pieces of dates."""
    start, end, values, unit = number.start, number.end, number.values, number.unit
    if unit == LABEL or (number.han and number.spelled and values == (1.0,) and unit and unit not in known_units()):
        return None  # 一个 counts nothing
    if unit in known_units() or (number.han and unit):
        return Mention(start, number.unit_end, (f"{quantity(values[0])} {unit}",), FOREIGN)
    if not number.han:
        if labelled(number.low, number) or in_date_or_time(number.low, number):
            return None
        functional = unit in english().function_words
        fraction = low[end : end + 1] == "/" or (start > 0 and low[start - 1] == "/")
        pronoun = number.spelled and values == (1.0,) and functional  # "one is", "one and the other"
        if (unit and not functional and unit != "/") or fraction or pronoun:
            return Mention(start, end, (f"{quantity(values[0])} {unit}".strip(),), FOREIGN)
    return Mention(start, end, tuple(map(quantity, values)), BARE)
