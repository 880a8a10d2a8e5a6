"""Numbers in running text with the unit that follows each, and the kinds that are a number with a unit.

One scanner reads digits, number words and Chinese numerals; one reader per kind says which numbers are a price, a count, a
dose. Which of the two expected values a mention equals is decided later, so the same readers serve passages of evidence.

    >>> [(n.values, n.unit) for n in scan("twelve hundred seats at $1,200.50, or 2.4 km, 两公里半")]
    [((1200.0,), 'seats'), ((1200.5,), ''), ((2.4,), 'km'), ((2.5,), 'km')]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from cmqa_tasks.reading.folding import has_han, is_han, islands
from cmqa_tasks.reading.lexicon import Values, lexicon
from cmqa_tasks.reading.mention import BARE, FOREIGN, TYPED, Mention, clear_of, longest, overlapping

MAX_DIGITS = 15
"""Longer runs of digits are no quantities (and would lose precision as floats)."""
LONGEST = 24
"""Characters of the longest run of Chinese numerals that is still a number."""
LABEL = "label"
"""The unit of a number that numbers something (*图1*) or counts the evidence itself (*两份资料*): it answers nothing."""
SYMBOLS: Mapping[str, str] = {"$": "USD", "\u20ac": "EUR", "\u00a3": "GBP", "\u00a5": "JPY", "\u20b9": "INR"}
NO_DECIMALS = frozenset({"JPY", "KRW"})
DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"})
"""Currencies that a bare ``$`` may stand for."""
CURRENCIES = DOLLARS | {"EUR", "GBP", "JPY", "CNY", "CHF", "INR", "KRW", "TWD"}
CENTS: Mapping[str, tuple[str, ...]] = {
    "cents": ("USD", "EUR"),
    "usd_cents": ("USD",),
    "eur_cents": ("EUR",),
    "pence": ("GBP",),
}
SCALES: Mapping[str, tuple[str, float]] = {
    "m": ("length", 1.0),
    "km": ("length", 1000.0),
    "cm": ("length", 0.01),
    "mi": ("imperial", 1609.344),
    "ft": ("imperial", 0.3048),
    "yd": ("imperial", 0.9144),
    "mg": ("mass", 1.0),
    "g": ("mass", 1000.0),
    "mcg": ("mass", 0.001),
    "kg": ("mass", 1e6),
    "ml": ("volume", 1.0),
    "l": ("volume", 1000.0),
}
"""Per unit its system and its size in that system's base (metres for both systems of length)."""


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


def quantity(value: float) -> str:
    """A number as canonical forms write it: no trailing zeros, no exponent."""
    return str(int(value)) if value == int(value) else f"{value:.6f}".rstrip("0").rstrip(".")


def amount(value: float, currency: str) -> str:
    """A sum of money as canonical forms write it."""
    return f"{value:.0f} {currency}" if currency in NO_DECIMALS else f"{value:.2f} {currency}"


def english() -> Values:
    """How English writes values."""
    return lexicon("en").values


def chinese() -> Values:
    """How Chinese writes values."""
    return lexicon("zh").values


# --- digits and words ------------------------------------------------------------------------------------------------

_DIGITS = re.compile(  # one leading class, for only then does the engine skip to the next digit
    r"[0-9](?:[0-9]{0,2}(?: [0-9]{3})+(?![0-9])(?:[.,][0-9]{1,2}(?![0-9]))?|[0-9]*(?:[.,'][0-9]+)*)"
)
_AFTER = re.compile(
    r"(?P<k>k(?![a-z0-9]))|[ -]?(?P<scale>hundred|thousand|million|dozen)\b|\s?(?P<vulgar>[\u00bd\u00bc\u00be])"
    r"|[ -]and[ -](?:a|one)[ -]half\b|[ -](?P<fraction>[13]/[24])(?![0-9/])"
)
_WORD = "[a-z\u00df-\u00ff\u0100-\u024f]+"  # Latin letters: *Stück* is one word
_UNIT = re.compile(rf"[ \t]?-?[ \t]?(?P<word>[%\u00b0$\u20ac\u00a3\u00a5\u00a2\u2605\u2b50]|{_WORD})(?:'s)?")
_SECOND = re.compile(rf"[ -]?(?:(?:a|per|an|/)[ -]?)?({_WORD})|/[ ]?({_WORD})")
_VULGAR = {"\u00bd": 0.5, "\u00bc": 0.25, "\u00be": 0.75, "1/2": 0.5, "1/4": 0.25, "3/4": 0.75}


@lru_cache(maxsize=1)
def _units() -> tuple[Mapping[str, str], frozenset[str]]:
    """Each spelling of a unit with its canonical name, and the first words of those that are two."""
    spelled = {word.replace("_", " "): unit for unit, words in english().units.items() for word in words.split()}
    return spelled, frozenset(word.split()[0] for word in spelled if " " in word)


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    """Codes of currencies, which may stand right before a number (*USD68.40*)."""
    return frozenset(code.lower() for code in CURRENCIES) | {"us$", "rmb"}


@lru_cache(maxsize=1)
def known_units() -> frozenset[str]:
    """The canonical names of all units."""
    return frozenset(english().units) | frozenset(chinese().units)


def parse_digits(raw: str) -> tuple[float, ...]:
    """The values that a run of digits and separators may have; none when it is no number (a version, a date)."""
    if raw.isdigit():
        return (float(raw),) if len(raw) <= MAX_DIGITS else ()
    if not raw or len(raw) > MAX_DIGITS + 6:
        return ()
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


def _unit_after(low: str, at: int) -> tuple[str, int]:
    """The unit or word that follows a number, and where it ends."""
    match = _UNIT.match(low, at)
    if match is None:
        return ("/", at) if low[at : at + 2] in ("/1", "/5") else ("", at)
    spelled, heads = _units()
    word, end = match["word"], match.end()
    if word in heads:
        second = _SECOND.match(low, end)
        if second is not None and (unit := spelled.get(f"{word} {second[1] or second[2]}")):
            return unit, second.end()
    return spelled.get(word, word), end


def _digits(low: str) -> list[Number]:
    numbers: list[Number] = []
    behind = 0  # what an earlier number took in, such as the fraction of 3 1/2
    for match in _DIGITS.finditer(low):
        start, end = match.span()
        before = low[start - 1] if start else " "
        values = parse_digits(match[0])
        if start < behind or not values or (before.isalpha() and before != "x" and low[start - 3 : start] not in _codes()):
            continue
        if before == "." and (start < 2 or low[start - 2] in " ($"):
            start -= 1
            values = (float(f"0.{match[0]}"),) if match[0].isdigit() else values
        after = _AFTER.match(low, end)
        if after is not None:
            end = behind = after.end()
            if after["k"]:
                values = tuple(value * 1000 for value in values)
            elif after["scale"]:
                values = tuple(round(value * english().numerals.scales[after["scale"]], 6) for value in values)
            else:
                values = (values[0] + _VULGAR.get(after["vulgar"] or after["fraction"] or "1/2", 0.5),)
        numbers.append(Number(start, end, values, *_unit_after(low, end), False, low))
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
        self.total = self.current = self.place = self.room = 0.0

    def close(self) -> None:
        if self.start >= 0:
            self.numbers.append(
                Number(self.start, self.end, (self.total + self.current,), *_unit_after(self.low, self.end), True, self.low)
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
        if self.place and gap == " " and value < 10:
            self.current, self.end, self.place = round(self.current + value * self.place, 6), end, self.place / 10
            return
        self.place = 0.0
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
                spelled.end, spelled.room, spelled.place = end, 0.0, 0.1
        elif word in numerals.scales:
            spelled.scale(at, word, numerals.scales[word], gap)
        else:
            ten = word in numerals.tens
            spelled.add(at, end, float(numerals.tens[word] if ten else numerals.ones[word]), gap, ten)
    spelled.close()
    return spelled.numbers


# --- Chinese numerals ------------------------------------------------------------------------------------------------

DIGIT = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
NUMERAL = "零〇一二两三四五六七八九十百千万亿"
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10_000, "亿": 100_000_000}
_RUN = re.compile(rf"[0-9{NUMERAL}](?:[0-9{NUMERAL}]|[.,](?=[0-9])|点(?=[0-9零〇一二三四五六七八九])| (?=[百千万亿]))*")
_TOKEN = re.compile(r"[0-9]+(?:[.,][0-9]+)*|.")


def value_of(run: str) -> float | None:
    """The value of a run of digits and numerals; None when it is no number (*三五*, *百* without a digit before it).

    >>> [value_of(run) for run in ("一千二百", "两万五", "1.24万", "二〇二六", "三五")]
    [1200.0, 25000.0, 12400.0, 2026.0, None]
    """
    run = run.replace(" ", "")
    if not run or len(run) > LONGEST:
        return None
    if run.isascii():
        values = parse_digits(run)
        return values[0] if values else None
    whole, mark, fraction = run.partition("点")
    if mark:
        value, figures = value_of(whole), "".join(str(DIGIT.get(char, char)) for char in fraction)
        if value is None or value != int(value) or not (figures.isdigit() and figures.isascii()):
            return None
        return float(f"{int(value)}.{figures}")
    if all(char in DIGIT for char in run):
        if len(run) == 1:
            return float(DIGIT[run])
        return float("".join(str(DIGIT[char]) for char in run)) if len(run) > 2 or "〇" in run or run[1] == "零" else None
    return _composed(run)


def _composed(run: str) -> float | None:
    """The value of a number with units of ten: *一万二千*, *3千5*, *一百零五*."""
    total, section, current, unit, large = 0.0, 0.0, -1.0, 1e12, 1e12
    gap = short = False
    for token in _TOKEN.findall(run):
        if token in _SMALL:
            size = _SMALL[token]
            if size >= unit or (current < 0 and size > 10):
                return None
            section += (1.0 if current < 0 else current) * size
            current, unit, gap = -1.0, float(size), False
        elif token in _LARGE:
            size = _LARGE[token]
            section += max(current, 0.0)
            if not section or size >= large:
                return None
            total += section * size
            section, current, unit, large, gap = 0.0, -1.0, float(size), float(size), False
        elif token in "零〇":
            gap = True
        elif current >= 0:
            return None
        elif token in DIGIT:
            current, short = float(DIGIT[token]), True
        else:
            values = parse_digits(token) if token[0].isdigit() else ()
            if not values:
                return None
            current, short = values[0], len(token) == 1
    if current >= 0:
        section += current * unit / 10 if short and not gap and 100 <= unit < 1e12 else current  # 两万五 is 25,000
    return round(total + section, 6)


@lru_cache(maxsize=1)
def _unit_words() -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{unit}>{pattern})" for unit, pattern in chinese().units.items()))


def _han_unit(low: str, end: int) -> tuple[str, int]:
    """The unit or measure word that follows a number, canonical where it is known, and where it ends."""
    at = end + 1 if low[end : end + 1] in (" ", "(") else end
    match = _unit_words().match(low, at)
    if match is not None:
        return match.lastgroup or "", match.end()
    char = low[at : at + 1]
    if char and char in chinese().labels:
        return char, at + 1
    if char.isascii() and (char.isalpha() or char == "$"):
        unit, unit_end = _unit_after(low, end)
        return (unit, unit_end) if unit in known_units() else ("", end)
    return "", end


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
    for match in _RUN.finditer(low):
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
        unit, unit_end = _han_unit(low, more)
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
                unit, unit_end = _han_unit(low, unit_end)
        numbers.append(Number(start, end, values, unit, unit_end, not ascii_only, low, True))
    return sorted([*numbers, *_halves(low)]) if "半" in low else numbers


def _halves(low: str) -> list[Number]:
    """*半公里*, *半克*, *半颗星*: a half without a number before it."""
    numbers: list[Number] = []
    for match in re.finditer(r"半[个颗]?", low):
        before = low[match.start() - 1 : match.start()]
        if before and (before.isdigit() or before in NUMERAL or before in "点星颗分个里米克升元块"):
            continue
        unit, unit_end = _han_unit(low, match.end())
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


# --- what a number is not --------------------------------------------------------------------------------------------


def previous_word(low: str, start: int) -> str:
    """The word before a position when only white space lies between."""
    words = low[max(0, start - 18) : start].split()
    return words[-1] if words else ""


def _in_date_or_time(low: str, number: Number) -> bool:
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


def _labelled(low: str, number: Number) -> bool:
    """Whether a number numbers something: *Image 1*, ``#12``, a list's ``2.``, *two sources*."""
    words, start = english(), number.start
    if number.unit in words.counted:
        return number.unit != "of" and number.unit not in words.function_words
    if start and low[start - 1] == "#":
        return True
    if low[number.end : number.end + 2] in (". ", ") ") and marks_item(low, start, number.end):
        return True
    return start > 0 and low[start - 1] == " " and previous_word(low, start).strip("(") in words.labels


def _plain(low: str, number: Number) -> Mention | None:
    """The mention of a number that carries no unit of the kind; None for labels and pieces of dates."""
    start, end, values, unit = number.start, number.end, number.values, number.unit
    if unit == LABEL or (number.han and number.spelled and values == (1.0,) and unit and unit not in known_units()):
        return None  # 一个 counts nothing
    if unit in known_units() or (number.han and unit):
        return Mention(start, number.unit_end, (f"{quantity(values[0])} {unit}",), FOREIGN)
    if not number.han:
        if _labelled(number.low, number) or _in_date_or_time(number.low, number):
            return None
        functional = unit in english().function_words
        fraction = low[end : end + 1] == "/" or (start > 0 and low[start - 1] == "/")
        pronoun = number.spelled and values == (1.0,) and functional  # "one is", "one and the other"
        if (unit and not functional and unit != "/") or fraction or pronoun:
            return Mention(start, end, (f"{quantity(values[0])} {unit}".strip(),), FOREIGN)
    return Mention(start, end, tuple(map(quantity, values)), BARE)


# --- one reader per kind ---------------------------------------------------------------------------------------------

_DOLLAR = {"us": "USD", "a": "AUD", "c": "CAD", "ca": "CAD", "au": "AUD", "nz": "NZD", "hk": "HKD"}


def _currency_before(low: str, number: Number) -> tuple[str, int]:
    """The currency written before a number and where it begins."""
    start = number.start
    named = chinese().patterns["currency_before"].search(low, max(0, start - 6), start)
    if named is not None:
        return named.lastgroup or "", named.start()
    at = start - 2 if low[start - 1 : start] == " " else start - 1
    if at < 0:
        return "", start
    char = low[at]
    if char in SYMBOLS:
        lead = low[max(0, at - 2) : at]
        if char == "$" and lead[-1:].isalpha() and (name := lead.split()[-1]) in _DOLLAR:
            return _DOLLAR[name], at - len(name)
        return "CNY" if number.han and char == "\u00a5" else SYMBOLS[char], at
    if char.isascii() and char.isalpha():
        word = low[max(0, at - 3) : at + 1].split()[-1].strip("(:")
        if len(word) == 3 and _units()[0].get(word) in CURRENCIES:
            return _units()[0][word], at - 2
    return "", start


def _sum(low: str, number: Number) -> tuple[str, int, int]:
    """The currency of a number, before or behind it, and the span of both."""
    before, start = _currency_before(number.low, number)
    unit = number.unit
    if unit == "kuai" or unit in CURRENCIES:
        end = number.unit_end
        if unit == "kuai" and (after := chinese().patterns["currency_after"].match(low, end)):
            return after.lastgroup or "", number.start, after.end()
        if unit == "kuai" or (before and unit == "CNY"):
            return before, start, end
        if before and low[number.end : end].strip() in SYMBOLS:  # of the next sum: $24.99 $29.99
            end = number.end
        return unit, start if before else number.start, end
    if before and (not number.han or unit not in known_units()) and unit != LABEL:
        return before, start, number.end
    return "", number.start, number.end


def _share(low: str, whole: tuple[int, int, float, str], number: Number, place: float) -> float:
    """What a number behind a whole sum adds to it (*99 cents*, *九毛*, *九*); 0 for nothing."""
    gap, figure = low[whole[1] : number.start], number.values[0]
    if figure >= 100 or figure != int(figure) or gap not in ("", " ", " and ", ", ", ", and "):
        return 0.0
    if number.unit in CENTS or (number.unit == "points" and number.han):
        return figure / 100
    if number.unit == "jiao":
        return figure / 10
    whose = whole[3] and place == 1.0  # 三十七块八美元, not 3美元8美元
    if gap not in ("", " ") or (number.han and number.unit and (number.unit not in CURRENCIES or whose)):
        return 0.0
    if not number.han:
        return figure / 100 if gap == " " and not (number.unit in CURRENCIES or number.unit in known_units()) else 0.0
    single = number.end - number.start == 1
    return figure / 10 if single and place == 1.0 else figure / 100 if single or place == 1.0 else 0.0


def money(low: str) -> list[Mention]:
    """Sums of money: symbol or code before, unit word behind, cents alone or after a whole amount.

    *块* alone names no currency, *元* is the Chinese one.
    """
    found: list[Mention] = []
    whole: tuple[int, int, float, str] | None = None  # an amount that cents may still follow
    place = 1.0
    for number in scan(low):
        values = number.values
        share = 0.0 if whole is None else _share(number.low, whole, number, place)
        if whole is not None and share:
            end = number.unit_end if number.unit in CENTS or number.han else number.end
            start, total, currency, place = whole[0], round(whole[2] + share, 2), whole[3], place / 10
            if not currency and number.unit in CURRENCIES:
                currency = number.unit
            elif not currency and (after := chinese().patterns["currency_after"].match(low, end)):  # 二十四块九毛九人民币
                currency, end = after.lastgroup or "", after.end()
            found[-1] = Mention(
                start, end, (amount(total, currency) if currency else quantity(total),), TYPED if currency else BARE
            )
            whole = (start, end, total, currency) if number.han and place > 0.01 else None
            continue
        whole, place = None, 1.0
        if number.unit in CENTS:
            readings = tuple(amount(values[0] / 100, name) for name in CENTS[number.unit])
            found.append(Mention(number.start, number.unit_end, readings, TYPED))
            continue
        if number.unit == "jiao":
            found.append(Mention(number.start, number.unit_end, (amount(values[0] / 10, "CNY"),), TYPED))
            continue
        currency, start, end = _sum(number.low, number)
        if currency:
            readings = tuple(amount(value, currency) for value in values)
            if currency == "JPY" and "\u00a5" in low[start:end]:
                readings += tuple(amount(value, "CNY") for value in values)
            found.append(Mention(start, end, readings, TYPED))
        elif number.unit == "kuai":
            found.append(Mention(number.start, end, tuple(map(quantity, values)), BARE))
        elif (mention := _plain(number.low, number)) is not None:
            found.append(mention)
            continue
        else:
            continue
        if values[0] == int(values[0]) and (number.unit in CURRENCIES or number.unit == "kuai"):
            whole = (start, end, values[0], currency)
    return found


def count(low: str) -> list[Mention]:
    """Whole numbers, whatever noun they count, unless they belong to another kind."""
    found: list[Mention] = []
    functional = english().function_words
    for number in scan(low):
        values = tuple(value for value in number.values if value == int(value))
        if not values or number.unit == LABEL or _currency_before(number.low, number)[0]:
            continue
        one = number.spelled and values == (1.0,)
        if one and number.han and len(low) > 12 and number.unit not in known_units():  # 一个 is hardly ever a count
            continue
        alone = not number.start and number.end >= len(low.rstrip(". "))
        if one and not number.han and not alone and (number.unit in functional or number.unit in ("", "other")):
            continue
        if number.unit in known_units():
            found.append(Mention(number.start, number.unit_end, (f"{quantity(number.values[0])} {number.unit}",), FOREIGN))
        elif number.han or not (
            _labelled(number.low, number)
            or _in_date_or_time(number.low, number)
            or "/" in low[max(0, number.start - 1) : number.end + 1]
        ):
            found.append(Mention(number.start, number.end, tuple(map(quantity, values)), BARE))
    return found


_PARTS = {"百": 100.0, "千": 1000.0, "万": 10000.0}


def _shares(low: str) -> list[tuple[int, int, float, float]]:
    """Fractions as *A分之B*: where each begins and ends, A and B."""
    parts: list[tuple[int, int, float, float]] = []
    for match in chinese().patterns["share"].finditer(low) if "分之" in low else ():
        whole, part = _PARTS.get(match["of"]) or value_of(match["of"]), value_of(match["part"])
        if whole and part is not None:
            parts.append((match.start(), match.end(), whole, part + 0.5 * match[0].endswith("半")))
    return parts


def _instead(found: list[Mention], spans: list[Mention]) -> list[Mention]:
    """Some mentions, and others which take the place of those that they overlap."""
    return sorted([*clear_of(found, spans), *spans]) if spans else found


def percent(low: str) -> list[Mention]:
    """Percentages: *40%*, *百分之四十*, *四成五*, *three quarters*; a bare decimal up to one may also be a share."""
    found: list[Mention] = []
    for number in scan(low):
        if number.unit == "percent":
            found.append(Mention(number.start, number.unit_end, tuple(map(quantity, number.values)), TYPED))
        elif number.unit == "tenths":
            tail, end = low[number.unit_end : number.unit_end + 1], number.unit_end
            rest = 5 if tail == "半" else DIGIT.get(tail, int(tail) if tail.isdigit() and tail.isascii() else 0)
            found.append(Mention(number.start, end + bool(rest), (quantity(round(number.values[0] * 10 + rest, 6)),), TYPED))
        elif (found and number.start < found[-1].end) or _currency_before(number.low, number)[0]:  # the 五 of 四成五
            continue
        elif (mention := _plain(number.low, number)) is not None:
            if mention.level == BARE and 0 < number.values[0] < 1 and not number.han:
                mention = mention._replace(readings=(*mention.readings, quantity(round(number.values[0] * 100, 6))))
            found.append(mention)
    spans = [
        Mention(start, end, (quantity(round(100 * part / whole, 6)),), TYPED if whole == 100 else BARE)
        for start, end, whole, part in _shares(low)
    ]
    for words in (english(), chinese()):
        for match in words.patterns["part_of_whole"].finditer(low):
            share = "75" if match["three"] else "25" if match["one"] else "5" if match["little"] else "50"
            spans.append(Mention(*match.span(), (share,), TYPED if match["little"] else BARE))
    return _instead(found, longest(spans))


_TOP = {"5": 5.0, "five": 5.0, "五": 5.0, "10": 10.0, "ten": 10.0, "十": 10.0, "100": 100.0, "一百": 100.0, "百": 100.0}


def _scaled(number: Number, start: int, end: int, factor: float) -> Mention:
    return Mention(start, end, tuple(quantity(round(value * factor, 6)) for value in number.values), TYPED)


def _marks(low: str, top: float, units: tuple[str, ...]) -> list[Mention]:
    """Marks out of ``top``; marks on another scale are converted, since the picture may suggest either."""
    found: list[Mention] = []
    behind = 0
    of_top, patterns = english().patterns["out_of"], chinese().patterns
    for number in scan(low):
        if number.start < behind or number.unit == LABEL:
            continue
        scale = of_top.match(low, number.end)
        if scale is None and number.unit in ("", *units, "points", "stars"):
            scale = patterns["scale"].match(low, number.unit_end)
        if scale is not None:
            behind = scale.end()
            found.append(_scaled(number, number.start, behind, top / _TOP[next(filter(None, scale.groupdict().values()))]))
            continue
        if number.han and number.unit in ("", *units, "points", "stars"):
            before = patterns["scale_before"].search(low, max(0, number.start - 20), number.start)
            if before is not None:
                while found and found[-1].end > before.start():
                    found.pop()
                found.append(_scaled(number, before.start(), number.unit_end, top / _TOP[before["top"]]))
                continue
            full = patterns["full_marks"].search(low, max(0, number.start - 4), number.start)
            rest = "" if full is None else f"{low[: full.start()]}{low[number.unit_end :]}"
            if rest.strip(' 评分星级答案是为给了:，,。.!"*') or low[number.unit_end : number.unit_end + 1] == "制":
                continue
        if number.unit in units and (number.unit != "points" or number.han):
            found.append(Mention(number.start, number.unit_end, tuple(map(quantity, number.values)), TYPED))
        elif not _currency_before(number.low, number)[0] and (mention := _plain(number.low, number)) is not None:
            named = mention.level == BARE and previous_word(low, number.start) == units[0]
            found.append(mention._replace(level=TYPED) if named else mention)
    spans = [
        Mention(start, end, (quantity(round(part * top / whole, 6)),), TYPED)
        for start, end, whole, part in _shares(low)
        if whole in (5.0, 10.0)
    ]
    return _instead(found, spans)


_STAR = "\u2605\u2b50\U0001f31f"
_STARS = re.compile(f"[{_STAR}](?: ?[{_STAR}\u00bd\u2bea\u2bd6\u2606\u2729\u2730]| 1/2)*|(?<=[a-z: ])\u2606{{5}}")


def rating(low: str) -> list[Mention]:
    """Stars out of five, in figures, words or drawn stars: *3.5 out of 5*, *三颗半星*, ★★★½."""
    drawn = [
        Mention(*match.span(), (quantity(sum(map(match[0].count, _STAR)) + 0.5 * bool(re.search("[½⯪⯖]|1/2", match[0]))),), TYPED)
        for match in _STARS.finditer(low)
        if not (match.start() and low[max(0, match.start() - 2) : match.start()].rstrip()[-1:].isdigit())
    ]
    return sorted([*_marks(low, 5.0, ("stars", "points")), *drawn])


def level(low: str) -> list[Mention]:
    """Marks out of ten: *7/10*, *level 7*, *十分之七*, *7级*."""
    return _marks(low, 10.0, ("level", "points", "级"))


def rate(low: str) -> list[Mention]:
    """Beats per minute: *80 bpm*, *80次/分*, *每分钟八十次*."""
    found: list[Mention] = []
    for number in scan(low):
        readings = tuple(map(quantity, number.values))
        minute = chinese().patterns["each_minute"].search(low, max(0, number.start - 12), number.start)
        beats = number.unit in ("次", "下", "跳", "拍")
        if minute is not None and (beats or number.unit in ("", "bpm")):
            while found and found[-1].end > minute.start():
                found.pop()
            found.append(Mention(minute.start(), number.unit_end, readings, TYPED))
        elif number.unit == "bpm":
            found.append(Mention(number.start, number.unit_end, readings, TYPED))
        elif beats and number.values[0] >= 20:
            found.append(Mention(number.start, number.unit_end, readings, BARE))
        elif low[number.end : number.end + 4] == "/min":
            found.append(Mention(number.start, number.end + 4, readings, TYPED))
        elif not _currency_before(number.low, number)[0] and (mention := _plain(number.low, number)) is not None:
            found.append(mention)
    return found


def _measured(low: str, systems: tuple[str, ...]) -> list[Mention]:
    found: list[Mention] = []
    last: Number | None = None
    for number in scan(low):
        if SCALES.get(number.unit, ("", 0.0))[0] not in systems:
            if not _currency_before(number.low, number)[0] and (mention := _plain(number.low, number)) is not None:
                found.append(mention)
            last = None
            continue
        if last is not None and number.han and last.unit_end == number.start and _smaller(number, last):  # 2公里400米
            total = quantity(round(last.values[0] + number.values[0] * SCALES[number.unit][1] / SCALES[last.unit][1], 6))
            found[-1] = Mention(last.start, number.unit_end, (f"{total} {last.unit}",), TYPED)
        else:
            readings = tuple(f"{quantity(value)} {number.unit}" for value in number.values)
            found.append(Mention(number.start, number.unit_end, readings, TYPED))
        last = number
    return found


def _smaller(number: Number, than: Number) -> bool:
    (system, scale), (own_system, own) = SCALES[number.unit], SCALES[than.unit]
    return system == own_system and number.values[0] * scale < own


def distance(low: str) -> list[Mention]:
    """Lengths, metric or imperial: *2.4 km*, *两千四百米*, *2公里400米*."""
    return _measured(low, ("length", "imperial"))


def dose(low: str) -> list[Mention]:
    """Masses and volumes: *500 mg*, *半克*."""
    return _measured(low, ("mass", "volume"))


READERS: Mapping[str, Callable[[str], list[Mention]]] = {
    "money": money,
    "count": count,
    "percent": percent,
    "rating": rating,
    "level": level,
    "rate": rate,
    "distance": distance,
    "dose": dose,
}
