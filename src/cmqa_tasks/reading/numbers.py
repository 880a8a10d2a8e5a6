"""Numbers in running text, in digits, words and Chinese numerals, with the unit that follows each.

Which of them are a price, a count, a dose is for the readers of kinds to say (:mod:`~cmqa_tasks.reading.amounts`).

    >>> [(n.values, n.unit) for n in scan("twelve hundred seats at $1,200.50, or 2.4 km, 两公里半")]
    [((1200.0,), 'seats'), ((1200.5,), ''), ((2.4,), 'km'), ((2.5,), 'km')]
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from cmqa_tasks.reading.mention import clear_of, longest, overlapping
from cmqa_tasks.reading.numerals import (
    LABEL,
    LONGEST,
    chinese,
    codes,
    english,
    han_unit,
    known_units,
    parse_digits,
    unit_after,
    value_of,
)
from cmqa_tasks.reading.text import has_han, is_han, islands


class Number(NamedTuple):
    """One number in a text."""

    start: int
    end: int
    """Behind the number and its multiplier, before the unit."""
    values: tuple[float, ...]
    """What it may mean, most likely first: ``1.200`` is 1.2, or 1200 to a European."""
    unit: str
    """The canonical unit that follows, or the next word when it is no known unit, or ``''``, or :data:`LABEL`."""
    unit_end: int
    spelled: bool
    low: str
    """The view of the text in which it was read."""
    han: bool = False
    """Whether Chinese characters write it or touch it."""


# --- digits and words ------------------------------------------------------------------------------------------------


def _digits(low: str) -> list[Number]:
    numbers: list[Number] = []
    behind = 0  # what an earlier number took in, such as the fraction of 3 1/2
    for match in english().patterns["digits"].finditer(low):
        start, end = match.span()
        before = low[start - 1] if start else " "
        values = parse_digits(match[0])
        if start < behind or not values or (before.isalpha() and before != "x" and low[start - 3 : start] not in codes()):
            continue
        if before == "." and (start < 2 or low[start - 2] in " ($"):
            start -= 1
            values = (float(f"0.{match[0]}"),) if match[0].isdigit() else values
        after = english().patterns["after_number"].match(low, end)
        if after is not None:
            end = behind = after.end()
            if after["k"]:
                values = tuple(value * 1000 for value in values)
            elif after["scale"]:
                values = tuple(round(value * english().numerals.scales[after["scale"]], 6) for value in values)
            else:
                values = (values[0] + english().numerals.fractions[after["vulgar"] or after["fraction"] or "1/2"],)
        numbers.append(Number(start, end, values, *unit_after(low, end), False, low))
    return numbers


@lru_cache(maxsize=1)
def _number_word() -> re.Pattern[str]:
    numerals = english().numerals
    words = (*numerals.ones, *numerals.tens, *numerals.scales, numerals.half, numerals.point)
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(sorted(words, key=len, reverse=True))})(?![a-z])")


class _Spelled:
    """The number in words that is being put together; ``room``: the next word must be smaller than this to be added."""

    def __init__(self, low: str) -> None:
        self.low = low
        self.numbers: list[Number] = []
        self.start = self.end = -1
        self.total = self.current = self.decimal = self.room = 0.0

    def close(self) -> None:
        if self.start >= 0:
            self.numbers.append(
                Number(self.start, self.end, (self.total + self.current,), *unit_after(self.low, self.end), True, self.low)
            )

    def open(self, start: int, end: int, value: float, room: float) -> None:
        self.close()
        self.total, self.current, self.start, self.end, self.room = 0.0, value, start, end, room

    def scale(self, at: int, word: str, size: float, gap: str) -> None:
        """*hundred*, *thousand*: multiplies the number before it, or stands for itself behind an article."""
        end = at + len(word)
        if gap in (" ", "-") and 0 < self.current < size:
            if size < 1000:
                self.current *= size
            else:
                self.total, self.current = self.total + self.current * size, 0.0
            self.end, self.room = end, size
            return
        lead = self.low[max(0, at - 7) : at]
        if lead.endswith("half a "):
            self.open(at - 7, end, size / 2, size)
        elif lead.endswith((" a ", " an ")) or lead in ("a ", "an "):
            self.open(at - 2, end, size, size)
        elif word == "dozen":
            self.open(at, end, size, size)
        else:  # "hundreds of", or the multiplier of a number in digits
            self.close()
            self.start = -1

    def add(self, at: int, end: int, value: float, gap: str, ten: bool) -> None:
        if self.decimal and gap == " " and value < 10:
            self.current, self.end, self.decimal = round(self.current + value * self.decimal, 6), end, self.decimal / 10
            return
        self.decimal = 0.0
        joined = gap in (" ", "-") or (gap in (" and ", "-and-") and self.room >= 100)
        if joined and 0 < value < self.room:
            self.current, self.end = self.current + value, end
        else:
            self.open(at, end, value, 0.0)
        self.room = 10.0 if ten else 0.0


def spelled_numbers(low: str) -> list[Number]:
    """Numbers in words. A word that cannot continue the number before it starts a new one: *eight thirty* is two."""
    numerals = english().numerals
    spelled = _Spelled(low)
    for match in _number_word().finditer(low):
        (at, end), word = match.span(), match[0]
        gap = low[spelled.end : at] if spelled.start >= 0 and at - spelled.end <= 7 else "?"
        if word == numerals.half:
            if spelled.start >= 0 and gap in (" and a ", "-and-a-", " and one "):
                spelled.current, spelled.end, spelled.room = spelled.current + 0.5, end, 0.0
            elif low[end : end + 3] == " a " and not low.startswith("dozen", end + 3):
                spelled.open(at, end + 2, 0.5, 0.0)
        elif word == numerals.point:
            if spelled.start >= 0 and gap == " ":
                spelled.end, spelled.room, spelled.decimal = end, 0.0, 0.1
        elif word in numerals.scales:
            spelled.scale(at, word, numerals.scales[word], gap)
        else:
            ten = word in numerals.tens
            spelled.add(at, end, float(numerals.tens[word] if ten else numerals.ones[word]), gap, ten)
    spelled.close()
    return spelled.numbers


# --- Chinese numerals ------------------------------------------------------------------------------------------------


def _in_word(low: str, start: int, end: int, unit: str, value: float) -> bool:
    """Whether numerals are part of a word (*一致*, *三明治*, *十分可信*)."""
    words, before, after = chinese(), low[start - 1 : start], low[end : end + 1]
    if not unit and is_han(after) and after not in words.function_words:
        return True
    if end - start > 1:
        return low[start:end] in words.counted
    if value == 1 and words.patterns["one_in_word"].search(low, max(0, start - 1), end + 1):
        return True
    if not unit and is_han(before) and words.patterns["stands_behind"].match(before) is None:
        return True
    return low[start] == "十" and unit == "points" and is_han(low[end + 1 : end + 2]) and low[end + 1] not in "中制满里"


def marks_item(low: str, start: int, end: int) -> bool:
    """Whether the digits between two positions mark an item of a list.

    They begin a line, are small, and the number before or behind theirs is marked alike: an answer may begin with its
    value and go on in a sentence.
    """
    written, mark = low[start:end], low[end : end + 1]
    if (
        len(written) > 2
        or not (written.isdigit() and written.isascii())
        or low[low.rfind("\n", 0, start) + 1 : start].strip(" -(")
    ):
        return False
    number = int(written)
    return any(
        re.compile(rf"(?:^|[ \n(-]){neighbour}{re.escape(mark)}(?![0-9])").search(low, begin, stop)
        for neighbour, begin, stop in ((number + 1, end, min(len(low), end + 2000)), (number - 1, max(0, start - 2000), start))
    )


def _han_label(low: str, start: int, end: int, value: float, unit: str) -> bool:
    """Whether a number numbers something, or counts the evidence itself."""
    patterns = chinese().patterns
    if patterns["ordinal_before"].search(low, max(0, start - 6), start):
        return True
    if value in (1.0, 2.0) and not unit and patterns["source_before"].search(low, max(0, start - 5), start):
        return True
    if patterns["sources_counted"].match(low, end) or (value == 2 and patterns["pair"].match(low, end)):
        return True
    return low[end : end + 1] in (".", "、", ")") and not low[end + 1 : end + 2].isdigit() and marks_item(low, start, end)


def _embedded(low: str, start: int, ascii_only: bool) -> bool:
    """Whether what stands before a run makes it a piece of something else: ``A4``, ``8:30``, ``3.5/5``."""
    before = low[start - 1 : start]
    if not before or not before.isascii():
        return False
    if before.isalpha() or (before.isdigit() and ascii_only):
        return True
    return ascii_only and before in ".,/:-" and low[start - 2 : start - 1].isdigit()


def _han_values(run: str, start: int, end: int, ascii_only: bool) -> tuple[tuple[float, ...], int]:
    """What a run may mean and where it ends: of *三点五十* and *8点30* only the hour is a number."""
    if ascii_only:
        return parse_digits(run), end
    whole, mark, fraction = run.partition("点")
    if mark and (any(char in "十百千万亿" for char in fraction) or (run.replace("点", "").isascii() and len(fraction) == 2)):
        run = whole
    run = run.rstrip()
    value = value_of(run)
    return (() if value is None else (value,)), start + len(run)


def _han(low: str) -> list[Number]:
    """All numbers that Chinese characters write or touch, in order."""
    numbers: list[Number] = []
    for match in chinese().patterns["numerals"].finditer(low):
        (start, end), run = match.span(), match[0]
        if end - start > LONGEST or _embedded(low, start, run.isascii()):
            continue
        if run[-1] == "千" and low[end : end + 1] in ("米", "克") and (run[:-1].isascii() or value_of(run) is None):
            run, end = run[:-1], end - 1  # 2.4千米 are kilometres
        ascii_only = run.isascii()
        values, end = _han_values(run, start, end, ascii_only)
        if not values:
            continue
        more = end + (low[end : end + 1] in ("多", "余", "来", "几") and not low[end + 1 : end + 2].isdigit())
        unit, unit_end = han_unit(low, more)
        if _han_label(low, start, end, values[0], unit):
            numbers.append(Number(start, end, values, LABEL, end, not ascii_only, low, True))
            continue
        joined = bool(numbers) and numbers[-1].unit_end == start  # the last figure of 24块9毛9
        if ascii_only and not joined:
            after = low[end : end + 1]
            if (not unit and not is_han(after)) or (after in ("/", ":", "-") and low[end + 1 : end + 2].isdigit()):
                continue  # as in English
        elif not joined and _in_word(low, start, end, unit, values[0]):
            continue
        if unit and low[unit_end : unit_end + 1] == "半" and values[0] == int(values[0]):  # 两公里半, 三颗半星
            values, unit_end = (values[0] + 0.5,), unit_end + 1
            if unit in ("颗", "个"):
                unit, unit_end = han_unit(low, unit_end)
        numbers.append(Number(start, end, values, unit, unit_end, not ascii_only, low, True))
    return sorted([*numbers, *_halves(low)]) if "半" in low else numbers


def _halves(low: str) -> list[Number]:
    """*半公里*, *半克*, *半颗星*: a half without a number before it."""
    numbers: list[Number] = []
    for match in re.finditer(r"半[个颗]?", low):
        before = low[match.start() - 1 : match.start()]
        if before and (before.isdigit() or before in "零〇一二两三四五六七八九十百千万亿点星颗分个里米克升元块"):
            continue
        unit, unit_end = han_unit(low, match.end())
        if unit in known_units() and unit not in ("points", "percent", "days", "years", "months"):
            numbers.append(Number(match.start(), match.end(), (0.5,), unit, unit_end, True, low, True))
    return numbers


class _Extent(NamedTuple):
    """A number with its unit, as a stretch of text."""

    start: int
    end: int
    number: Number


def _extent(number: Number) -> _Extent:
    return _Extent(number.start, max(number.end, number.unit_end), number)


def scan(low: str) -> list[Number]:
    """All numbers of a folded, lower-case text in order; in one with Chinese characters the longer of two that overlap."""
    if not has_han(low):
        return sorted([*_digits(low), *spelled_numbers(low)])
    han, apart = _han(low), islands(low)
    extents = longest(map(_extent, han))
    starts = [extent.start for extent in extents]
    latin = [
        extent
        for extent in map(_extent, [*_digits(apart), *spelled_numbers(apart)])
        if all(
            other.number.unit != LABEL and other.end - other.start < extent.end - extent.start
            for other in overlapping(extent, extents, starts)
        )
    ]
    latin = longest(latin)
    return sorted(extent.number for extent in [*clear_of(extents, latin), *latin])
