"""Dates and times of day: several numbers that mean something together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import zip_longest

from cmqa_tasks.reading.mention import BARE, TYPED, Mention, longest
from cmqa_tasks.reading.numbers import spelled_numbers
from cmqa_tasks.reading.numerals import chinese, english, integer
from cmqa_tasks.reading.text import has_han, islands

# --- dates -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _ordinals() -> Mapping[str, int]:
    words = english().numerals.ordinals
    joined = {f"{lead}{mark}{word}": base + day for lead, base, upto in (("twenty", 20, 9), ("thirty", 30, 1)) for mark in "- "
              for day, word in enumerate(words[:upto], 1)}  # fmt: skip
    return {**{word: day for day, word in enumerate(words, 1)}, **joined, "thirtieth": 30}


@lru_cache(maxsize=1)
def _dates() -> tuple[re.Pattern[str], Mapping[str, int], re.Pattern[str], re.Pattern[str]]:
    """The names of months, their numbers, and a day behind and before one."""
    months = {name: number for number, names in enumerate(english().months, 1) for name in names}
    day = rf"(?P<day>[0-9]{{1,2}}|{'|'.join(sorted(_ordinals(), key=len, reverse=True))})"
    return (
        re.compile(rf"(?<![a-z])(?:{'|'.join(sorted(months, key=len, reverse=True))})(?![a-z])\.?"),
        months,
        re.compile(rf"[ -](?:the )?{day}(?:st|nd|rd|th)?(?![0-9:]|[a-z]|[.,][0-9]|%)"),
        re.compile(rf"(?<![0-9.:$]){day}(?:st|nd|rd|th)?(?: day)?(?: of)?[ -]$"),
    )


def _iso(year: int | None, month: int, day: int) -> str | None:
    """A date in ISO 8601, its year left out when unknown; None for what no calendar has."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"--{month:02d}-{day:02d}" if year is None else f"{year:04d}-{month:02d}-{day:02d}"


def _named_dates(low: str) -> Iterator[Mention]:
    names, months, day_after, day_before = _dates()
    for month in names.finditer(low):
        start, end = month.span()
        day = day_after.match(low, end)
        if day is not None:
            end = day.end()
        else:
            day = day_before.search(low, max(0, start - 26), start)
            if day is None:
                continue
            start = day.start()
        year = english().patterns["year_after"].match(low, end)
        end = year.end() if year else end
        written = day["day"]
        number = int(written) if written.isdigit() else _ordinals()[written]
        iso = _iso(int(year[1] or year[2]) if year else None, months[month[0].rstrip(".")], number)
        if iso:
            yield Mention(start, end, (iso,), TYPED)


def _numeric_dates(low: str) -> Iterator[Mention]:
    for match in english().patterns["numeric_date"].finditer(low):
        first, second, third = match["x"], int(match["y"]), match["z"]
        year: int | None = None
        if len(first) == 4 and third and len(third) <= 2:
            year, pairs = int(first), [(second, int(third))]
        elif len(first) <= 2 and third and len(third) != 1:
            year, pairs = int(third) + (2000 if len(third) == 2 else 0), [(second, int(first)), (int(first), second)]
        elif len(first) <= 2 and not third and match["sep"] == "/":
            pairs = [(second, int(first)), (int(first), second)]
        else:
            continue
        readings = tuple(dict.fromkeys(iso for month, day in pairs if (iso := _iso(year, month, day))))
        if readings:
            yield Mention(match.start(), match.end(), readings, TYPED)


def _han_year(written: str | None) -> int | None:
    if written is None:
        return None
    figures = written if written.isascii() else "".join(str(chinese().numerals.ones.get(char, "")) for char in written)
    return None if len(figures) not in (2, 4) else int(figures) + (2000 if len(figures) == 2 else 0)


def _han_dates(low: str) -> list[Mention]:
    mentions: list[Mention] = []
    for name, level in (("date", TYPED), ("pointed_date", BARE), ("day", BARE)):
        if mentions:
            break
        for match in chinese().patterns[name].finditer(low):
            day = integer(match["day"])
            if name == "day":
                iso = f"---{day:02d}" if 1 <= day <= 31 else None
            else:
                iso = _iso(_han_year(match.groupdict().get("year")), integer(match["month"]), day)
            if iso:
                mentions.append(Mention(match.start(), match.end(), (iso,), level))
    return mentions


def date(low: str) -> list[Mention]:
    """Calendar days with or without their year; both orders of an ambiguous ``03/04/2026`` are kept."""
    apart = islands(low) if has_han(low) else low
    dates = [*_named_dates(apart), *_numeric_dates(apart)]
    if not dates:
        dates = [
            Mention(match.start(), match.end(), (f"---{int(match[1]):02d}",), BARE)
            for match in re.finditer(r"(?<![0-9])([0-9]{1,2})(?:st|nd|rd|th)\b", apart)
        ]
    return sorted(dates) if apart is low else longest([*_han_dates(low), *dates])


# --- times -----------------------------------------------------------------------------------------------------------

_MERIDIEM = r"(?P<ap>[ap])\.? ?m(?![a-z])\.?"


@lru_cache(maxsize=1)
def _relative() -> tuple[Mapping[str, int], re.Pattern[str]]:
    """*half past eight*, *quarter to nine*, *half eight*."""
    hours = {word: number for word, number in english().numerals.ones.items() if 1 <= number <= 12}
    hour = "|".join([*sorted(hours, key=len, reverse=True), "1[0-2]", "[1-9]"])
    minute = "|".join([*sorted(english().numerals.minutes, key=len, reverse=True), "[0-5]?[0-9]"])
    return hours, re.compile(
        rf"(?<![a-z0-9])(?:(?P<m>{minute})(?: minutes?)? (?P<dir>past|after|to|before|till) (?P<h>{hour})(?![a-z0-9:.]*[0-9a-z])"
        rf"|half (?P<hh>{hour})(?![a-z0-9]))"
    )


def _period(low: str, end: int) -> tuple[str, int]:
    """``a`` or ``p`` from words behind a time, and where they end."""
    match = english().patterns["period"].match(low, end)
    return ("", end) if match is None else (match["ap"] or ("a" if match["am"] else "p"), match.end())


def _times(hour: int, minute: int, half: str, padded: bool = False) -> tuple[str, ...]:
    """The times that an hour may mean: one with its half of the day known, two on a twelve-hour clock."""
    if hour > 24 or minute > 59:
        return ()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    elif not padded and 1 <= hour <= 12:
        return (f"{hour:02d}:{minute:02d}", f"{(hour + 12) % 24:02d}:{minute:02d}")
    return (f"{hour % 24:02d}:{minute:02d}",)


def _clocks(low: str) -> Iterator[Mention]:
    """Times in figures: ``8:30 pm``, ``8pm``, ``0830 hours``, *noon*."""
    for match in english().patterns["clock"].finditer(low):
        end, half = match.end(), match["ap"] or ""
        if match["sep"] == "." and not half and low[end : end + 2].strip(" ")[:1] in ("%", "k", "m"):
            continue
        if not half:
            half, end = _period(low, end)
        padded = match["h"].startswith("0") and len(match["h"]) == 2 and not half
        yield Mention(match.start(), end, _times(int(match["h"]), int(match["m"]), half, padded), TYPED)
    for match in english().patterns["hour"].finditer(low):
        end, half = match.end(), match["ap"] or ""
        if not half:
            half, end = _period(low, end)
        yield Mention(match.start(), end, _times(int(match["h"]), 0, half), TYPED)
    for match in english().patterns["military_time"].finditer(low):
        yield Mention(match.start(), match.end(), (f"{match['h']}:{match['m']}",), TYPED)
    for match in english().patterns["named_time"].finditer(low):
        yield Mention(match.start(), match.end(), ("12:00" if match["noon"] else "00:00",), TYPED)


def _spelled_times(low: str) -> Iterator[Mention]:
    """Times in words: *half past eight*, *eight thirty*, *eight o'clock*, *eight pm*."""
    hours, relative = _relative()
    for match in relative.finditer(low):
        written, named = match["m"] or "half", match["h"] or match["hh"]
        minute = int(written) if written.isdigit() else english().numerals.minutes[written]
        hour = int(named) if named.isdigit() else hours[named]
        if match["dir"] in ("to", "before", "till"):
            if written == "half":
                continue
            hour, minute = (hour - 1 or 12), 60 - minute
        half, end = _period(low, match.end())
        yield Mention(match.start(), end, _times(hour, minute, half), TYPED)
    numbers = spelled_numbers(low)
    for number, following in zip_longest(numbers, numbers[1:]):
        hour = int(number.values[0])
        if not 1 <= hour <= 12 or number.values[0] != hour:
            continue
        if following is not None and low[number.end : following.start] in (" ", "-", " oh ", " o'"):
            minute = int(following.values[0])
            if 1 <= minute <= 59:
                half, end = _period(low, following.end)
                yield Mention(number.start, end, _times(hour, minute, half), TYPED)
                continue
        oclock = re.compile(r" o'? ?clock").match(low, number.end)
        half, end = _period(low, oclock.end() if oclock else number.end)
        if oclock or half:
            yield Mention(number.start, end, _times(hour, 0, half), TYPED)


_LATE = frozenset(["晚上", "晚间", "今晚", "当晚", "夜里", "夜间", "夜晚", "半夜", "深夜", "午夜", "晚", "傍晚"])


def _han_hours(part: str, hour: int, minute: int, padded: bool) -> tuple[str, ...]:
    """The times that an hour of a part of the day may mean."""
    if not part or hour > 12:
        return _times(hour, minute, "", padded)
    if part in ("上午", "早上", "今早", "明早", "早", "早间") and hour == 12:
        return (f"12:{minute:02d}", f"00:{minute:02d}")
    if part in _LATE:
        hour = 0 if hour == 12 else hour + 12 if hour >= 5 else hour
    elif part in ("下午", "午后"):
        hour = hour % 12 + 12
    elif part in ("中午", "正午", "午间"):
        hour = hour + 12 if hour < 10 else hour
    elif hour == 12:
        hour = 0
    return (f"{hour % 24:02d}:{minute:02d}",)


def _han_times(low: str) -> Iterator[Mention]:
    """*下午3点半*, *15点30分*, *差一刻四点*, *上午8:30*."""
    patterns, quarters = chinese().patterns, chinese().numerals.minutes
    for match in patterns["clock"].finditer(low):
        part = match["part"] or match["after"]
        if part:
            padded = match["h"].startswith("0") and len(match["h"]) == 2
            yield Mention(*match.span(), _han_hours(part, int(match["h"]), int(match["m"]), padded), TYPED)
    for match in patterns["time"].finditer(low):
        if not any(match[name] for name in ("part", "sharp", "half", "quarter", "m", "lack")) and patterns["no_clock"].match(
            low, match.end()
        ):
            continue
        hour, minute = integer(match["h"]), 30 if match["half"] else quarters.get(match["quarter"] or "", 0)
        if match["lack"]:
            hour, minute = (
                (hour - 1 or 12),
                60 - (quarters.get(match["lm"]) or integer(match["lm"].rstrip("分"))),
            )
        elif match["m"]:
            minute = integer(match["m"].replace("零", "").replace("〇", "") or "0")
        yield Mention(*match.span(), _han_hours(match["part"] or "", hour, minute, match["h"].startswith("0")), TYPED)
    for match in patterns["lacking"].finditer(low):
        minute = 60 - (quarters.get(match["lm"]) or integer(match["lm"].rstrip("分")))
        yield Mention(*match.span(), _han_hours(match["part"] or "", integer(match["h"]) - 1 or 12, minute, False), TYPED)
    for match in patterns["noon"].finditer(low):
        yield Mention(*match.span(), ("00:00" if match["midnight"] else "12:00",), TYPED)


def time(low: str) -> list[Mention]:
    """Times of day. Without *am* or *pm* a twelve-hour reading and its other half are both kept, as written first."""
    apart, han = low, list[Mention]()
    if has_han(low):
        apart, han = islands(low), list(_han_times(low))
    return longest(mention for mention in [*han, *_clocks(apart), *_spelled_times(apart)] if mention.readings)


READERS: Mapping[str, Callable[[str], list[Mention]]] = {"date": date, "time": time}
