"""What only a user's own facts ask for: years, signed numbers, temperatures, weights, ranges, yes or no, any currency."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from cmqa_tasks.facts.canonical import decimals_of
from cmqa_tasks.reading.amounts import counts_nothing, measured
from cmqa_tasks.reading.mention import BARE, FOREIGN, TYPED, Mention, clear_of, longest
from cmqa_tasks.reading.moments import time
from cmqa_tasks.reading.numbers import Number, scan, spelled_numbers
from cmqa_tasks.reading.numerals import CURRENCIES, LABEL, SCALES, chinese, english, known_units, quantity, unit_after, value_of
from cmqa_tasks.reading.plain import in_date_or_time, labelled, plain


def with_sign(low: str, mention: Mention) -> Mention:
    """A number with the sign that stands before it: *-3*, *minus three*, *零下三度*; that of *3-5* is none."""
    for values in (english(), chinese()):
        sign = values.patterns["minus"].search(low, max(0, mention.start - 12), mention.start)
        if sign is not None:
            return mention._replace(start=sign.start(), readings=tuple(f"-{reading}" for reading in mention.readings))
    return mention


def number(low: str) -> list[Mention]:
    """Numbers with sign and decimals, whatever stands behind them; of a percentage also its share of one."""
    mentions: list[Mention] = []
    for written in scan(low):
        own = written.low
        if written.unit == LABEL or counts_nothing(low, written):
            continue
        if not written.han and (labelled(own, written) or in_date_or_time(own, written) or _in_fraction(own, written)):
            continue
        values = [*written.values, *(value / 100 for value in written.values if written.unit == "percent")]
        readings = tuple(quantity(round(value, 8)) for value in values)
        mentions.append(with_sign(low, Mention(written.start, written.end, readings, BARE)))
    return mentions


def _in_fraction(low: str, written: Number) -> bool:
    return "/" in low[max(0, written.start - 1) : written.end + 1]


def _temperature_unit(low: str, written: Number) -> tuple[tuple[str, ...], int] | None:
    """The scales that a number of degrees may be on, and where they end; None where no degrees are written.

    A 度 is one of Celsius (as which ℃ is folded) unless it is asked for another; degrees alone are of either scale.
    """
    before = chinese().patterns["temperature_before"].search(low, max(0, written.start - 8), written.start)
    for values in (english(), chinese()):
        unit = values.patterns["temperature"].match(low, written.end)
        if unit is not None:
            named = unit.lastgroup or (before.lastgroup if before is not None else None)
            return ((named,) if named else ("C", "") if "度" in unit[0] else ("",)), unit.end()
    return None


def temperature(low: str) -> list[Mention]:
    """Temperatures in degrees Celsius or Fahrenheit: *-3 °C*, *three degrees below zero*, *零下三度*, *华氏26度*."""
    mentions: list[Mention] = []
    for written in scan(low):
        unit = _temperature_unit(low, written)
        if unit is None:
            mention = plain(written.low, written)
            if mention is not None:
                mentions.append(with_sign(low, mention))
            continue
        readings = tuple(f"{quantity(value)} {scale}".strip() for scale in unit[0] for value in written.values)
        mention = with_sign(low, Mention(written.start, unit[1], readings, TYPED))
        below = english().patterns["below_zero"].match(low, mention.end)
        if below is not None:
            mention = Mention(mention.start, below.end(), tuple(f"-{reading}" for reading in readings), TYPED)
        mentions.append(mention)
    return mentions


def _weighed(low: str, written: Number) -> Number:
    """A number with a unit that is one of weight here alone (*pounds*, *斤*)."""
    for values in (english(), chinese()):
        unit = values.patterns["weight"].match(low, written.end)
        if unit is not None:
            return written._replace(unit=unit.lastgroup or "", unit_end=unit.end())
    return written


def weight(low: str) -> list[Mention]:
    """Weights: *2.5 kg*, *2,500 g*, *5 lb 3 oz*, *五斤*."""
    return measured(low, [_weighed(low, written) for written in scan(low)], ("mass", "pounds"))


# --- any currency ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _written_currency(code: str) -> re.Pattern[str]:
    """A currency by its code or another name of it, to be looked for at one place."""
    names = [code.lower(), *(name for values in (english(), chinese()) for name in values.currencies.get(code, ()))]
    written = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.compile(rf"(?<![a-z])(?:{written})(?![a-z])")


def sums_in(low: str, currencies: Sequence[str]) -> list[Mention]:
    """Sums of money in the currencies that were asked about, with their own decimals: *Rp 60.000*, *12.5 KWD*, *1500越南盾*."""
    mentions: list[Mention] = []
    for code in currencies:
        name, decimals = _written_currency(code), decimals_of(code)
        if code in CURRENCIES or name.search(low) is None:
            continue
        unnamed = name.sub(lambda match: " " * len(match[0]), low)
        for written in scan(unnamed):
            start, end = written.start, written.end
            earlier = list(name.finditer(low, max(0, start - 24), start))
            before = [match for match in earlier if low[match.end() : start] in ("", " ", ".", ". ")]
            behind = name.match(low, end + (low[end : end + 1] == " "))
            if before or behind is not None:
                readings = tuple(f"{value:.{decimals}f} {code}" for value in written.values)
                span = before[-1].start() if before else start, end if behind is None else behind.end()
                mentions.append(Mention(*span, readings, TYPED))
    return longest(mentions)


# --- years -----------------------------------------------------------------------------------------------------------


def _year_reading(figures: str, before_christ: bool) -> str:
    return f"{'-' if before_christ else ''}{int(figures)}"


def _figured_years(low: str) -> Iterator[Mention]:
    for match in english().patterns["year"].finditer(low):
        start, end = match.span()
        if match["short"]:
            yield Mention(start, end, (f"19{match['short']}", f"20{match['short']}"), BARE)
        elif match["decade"]:
            yield Mention(start, end, (f"{match['y']}s",), TYPED)
        elif match["bc"] or match["ad"] or match["era"]:
            yield Mention(start, end, (_year_reading(match["y"], match["bc"] is not None),), TYPED)
        elif 1000 <= int(match["y"]) < 3000:
            unit, _ = unit_after(low, end)
            counts = unit in known_units() and unit not in ("am", "pm")
            yield Mention(start, end, (f"{match['y']} {unit}" if counts else match["y"],), FOREIGN if counts else BARE)


def _spelled_years(low: str) -> Iterator[Mention]:
    """*nineteen eighty-seven*, *twenty oh five*, *two thousand and eight*."""
    numbers = spelled_numbers(low)
    for first, second in pairwise(numbers):
        (century,), (year,), gap = first.values, second.values, low[first.end : second.start]
        if 10 < century <= 20 and ((gap in (" ", "-") and 10 <= year < 100) or (gap in (" oh ", "-oh-") and 0 < year < 10)):
            yield Mention(first.start, second.end, (quantity(100 * century + year),), BARE)
    for written in numbers:
        if 1000 <= written.values[0] < 3000 and written.unit not in known_units():
            yield Mention(written.start, written.end, (quantity(written.values[0]),), BARE)


def _han_years(low: str) -> Iterator[Mention]:
    """*1987年*, *二〇〇八年*, *87年*, *公元前44年*; *1990年代* is a decade, *三年* a time that passes."""
    for match in chinese().patterns["year"].finditer(low):
        figures = "".join(str(chinese().numerals.ones.get(char, char)) for char in match["y"])
        if not figures.isdigit():
            value = value_of(match["y"])
            figures = "" if value is None else str(int(value))
        if match["decade"]:
            yield Mention(*match.span(), (f"{figures}s",), TYPED)
        elif match["bc"] or match["ad"] or len(figures) > 2:
            yield Mention(*match.span(), (_year_reading(figures, match["bc"] is not None),), TYPED)
        elif len(figures) == 2 and len(match["y"]) == 2 and "十" not in match["y"]:
            yield Mention(*match.span(), (f"19{figures}", f"20{figures}"), BARE)


def year(low: str) -> list[Mention]:
    """Years: *1987*, *44 BC*, *'87*, *nineteen eighty-seven*, *一九八七年*. The *1990s* are none, and *1,987* is a count."""
    return longest([*_han_years(low), *_figured_years(low), *_spelled_years(low)])


# --- ranges ----------------------------------------------------------------------------------------------------------


_HAN_GAP = re.compile("(?<=[0-9零一二两三四五六七八九十百千万])[至到](?=[0-9零一二两三四五六七八九十百千万~负])")
"""What stands between two Chinese numerals, which are read as numbers only where no other character follows."""


class _Bound(NamedTuple):
    """One end of a range, as it is written."""

    start: int
    end: int
    amounts: tuple[str, ...]
    """Numbers or times of day that it may mean."""
    unit: str


def _bounds(low: str) -> list[_Bound]:
    """All that may be an end of a range, in order: times of day, and numbers with sign and unit."""
    times = [
        _Bound(mention.start, mention.end, mention.readings, "")
        for mention in time(low)
        if mention.level == TYPED and all(":" in reading for reading in mention.readings)
    ]
    numbers: list[_Bound] = []
    for written in scan(low):
        weighed, degrees = _weighed(low, written), _temperature_unit(low, written)
        unit, end = (degrees[0][0], degrees[1]) if degrees is not None else (weighed.unit, weighed.unit_end)
        if degrees is None and unit not in SCALES and unit != "percent":
            unit, end = "", written.unit_end if written.han and written.unit in known_units() else written.end
        signed = with_sign(low, Mention(written.start, end, tuple(map(quantity, written.values)), BARE))
        numbers.append(_Bound(signed.start, signed.end, signed.readings, unit))
    return sorted([*times, *clear_of(numbers, times)])


def _span_of(low: str, first: _Bound, second: _Bound) -> tuple[int, int] | None:
    """Where a range stands that two bounds make: *3-5*, *from 3 to 5*, *between 3 and 5*, *3和5之间*; None for none."""
    gap = low[first.end : second.start]
    for values in (english(), chinese()):
        patterns = values.patterns
        if patterns["range_gap"].fullmatch(gap):
            return first.start, second.end
        before = patterns["between"].search(low, max(0, first.start - 20), first.start)
        after = patterns["between_after"].match(low, second.end)
        if (before is not None or after is not None) and patterns["between_gap"].fullmatch(gap):
            return before.start() if before is not None else first.start, after.end() if after is not None else second.end
    return None


def _range_readings(first: _Bound, second: _Bound) -> Iterator[str]:
    """A range in its own unit and in each other of the same system."""
    unit = second.unit or first.unit
    for low in first.amounts:
        for high in second.amounts:
            if unit not in SCALES or ":" in low:
                yield f"{low} to {high} {unit}".rstrip()
                continue
            system = SCALES[unit][0]
            bases = [float(low) * SCALES[first.unit or unit][1], float(high) * SCALES[unit][1]]
            for target in (unit, *(other for other in SCALES if other != unit and SCALES[other][0] == system)):
                ends = [quantity(round(base / SCALES[target][1], 6)) for base in bases]
                yield f"{ends[0]} to {ends[1]} {target}"


def value_range(low: str) -> list[Mention]:
    """Ranges of numbers or of times of day; a number or a time alone is none, but may be answered instead."""
    mentions: list[Mention] = []
    low = _HAN_GAP.sub("~", low.replace("零下", "~负"))
    bounds = _bounds(low)
    for at, bound in enumerate(bounds):
        following = bounds[at + 1] if at + 1 < len(bounds) else None
        span = None if following is None else _span_of(low, bound, following)
        if following is None or span is None:
            amounts = tuple(f"{amount} {bound.unit}".rstrip() for amount in bound.amounts)
            mentions.append(Mention(bound.start, bound.end, amounts, BARE))
        else:
            mentions.append(Mention(*span, tuple(_range_readings(bound, following)), TYPED))
    return longest(mentions)


# --- yes or no -------------------------------------------------------------------------------------------------------


def yes_no(low: str) -> list[Mention]:
    """A yes or a no that stands for itself. That of *No contradiction* and of *No, they do not contradict* is none."""
    mentions: list[Mention] = []
    for values in (english(), chinese()):
        for match in values.patterns["yes_no"].finditer(low):
            if values.patterns["about_conflict"].match(low, match.end()) is None:
                mentions.append(Mention(*match.span(), (match.lastgroup or "",), TYPED))
    return longest(mentions)


READERS: Mapping[str, Callable[[str], list[Mention]]] = {
    "year": year,
    "number": number,
    "temperature": temperature,
    "weight": weight,
    "range": value_range,
    "yes_no": yes_no,
}
