"""Readers of dates, times of day and scores: several numbers that mean something together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from cmqa_tasks.reading.mention import BARE, TYPED, Mention
from cmqa_tasks.reading.numbers import Number, number_words, spelled_numbers
from cmqa_tasks.reading.units import LABELS
from cmqa_tasks.reading.words_en import listed

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = re.compile(
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)(?![a-z])\.?"
)
_UNITS_ORD = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
              "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth",
              "nineteenth", "twentieth")  # fmt: skip
_ORDINALS: dict[str, int] = {
    **{word: day for day, word in enumerate(_UNITS_ORD, 1)},
    **{f"twenty-{word}": 20 + day for day, word in enumerate(_UNITS_ORD[:9], 1)},
    **{f"twenty {word}": 20 + day for day, word in enumerate(_UNITS_ORD[:9], 1)},
    "thirtieth": 30,
    "thirty-first": 31,
    "thirty first": 31,
}
_ORD = "|".join(sorted(_ORDINALS, key=len, reverse=True))
_DAY = rf"(?P<day>[0-9]{{1,2}}|{_ORD})"
_YEAR_AFTER = re.compile(r",? ?(?:of |in |')?((?:19|20)[0-9]{2})(?![0-9])|-((?:19|20)[0-9]{2})(?![0-9])")
_DAY_AFTER = re.compile(rf"[ -](?:the )?{_DAY}(?:st|nd|rd|th)?(?![0-9:]|[a-z]|[.,][0-9]|%)")
_DAY_BEFORE = re.compile(rf"(?<![0-9.:$]){_DAY}(?:st|nd|rd|th)?(?: day)?(?: of)?[ -]$")
_NUMERIC = re.compile(
    r"(?P<x>[0-9][0-9]{0,3})(?P<sep>[-/.])(?P<y>[0-9]{1,2})(?:(?P=sep)(?P<z>[0-9]{4}|[0-9]{1,2})(?![0-9])|(?![0-9/]))"
)
_BARE_ORDINAL = re.compile(r"(?<![0-9])([0-9]{1,2})(?:st|nd|rd|th)\b")


def _iso(year: int | None, month: int, day: int) -> str | None:
    """A date in ISO 8601, its year left out when unknown; ``None`` for what no calendar has."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"--{month:02d}-{day:02d}" if year is None else f"{year:04d}-{month:02d}-{day:02d}"


def _day(written: str) -> int:
    return int(written) if written.isdigit() else _ORDINALS[written]


def _named_dates(text: str) -> Iterator[Mention]:
    for month in _MONTH.finditer(text):
        start, end = month.span()
        if start and text[start - 1].isalpha():
            continue
        number = _MONTH_NAMES.index(month[0][:3]) + 1
        day = _DAY_AFTER.match(text, end)
        if day is not None:
            end = day.end()
        else:
            day = _DAY_BEFORE.search(text, max(0, start - 26), start)
            if day is None:
                continue
            start = day.start()
        year = _YEAR_AFTER.match(text, end)
        if year is not None:
            end = year.end()
        iso = _iso(int(year[1] or year[2]) if year else None, number, _day(day["day"]))
        if iso:
            yield Mention(start, end, (iso,), TYPED)


def _numeric_dates(text: str) -> Iterator[Mention]:
    for match in _NUMERIC.finditer(text):
        start = match.start()
        if start and (text[start - 1].isalnum() or text[start - 1] in ".,/$"):
            continue
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
            yield Mention(start, match.end(), readings, TYPED)


def date(text: str) -> list[Mention]:
    """Calendar days with or without their year; both orders of an ambiguous ``03/04/2026`` are kept."""
    found = [*_named_dates(text), *_numeric_dates(text)]
    if not found:
        for match in _BARE_ORDINAL.finditer(text):
            found.append(Mention(match.start(), match.end(), (f"---{int(match[1]):02d}",), BARE))
    return sorted(found)


_MERIDIEM = r"(?P<ap>[ap])\.? ?m(?![a-z])\.?"
_CLOCK = re.compile(rf"(?P<h>[0-9][0-9]?)(?P<sep>[:.h])(?P<m>[0-5][0-9])(?![0-9])(?::[0-5][0-9])?(?: ?{_MERIDIEM})?")
_HOUR = re.compile(rf"(?P<h>[0-9][0-9]?)(?: ?{_MERIDIEM}| ?(?P<oc>o'? ?clock))")
_MILITARY = re.compile(r"(?P<h>[0-9][0-9])(?P<m>[0-5][0-9]) ?(?:hours|hrs|h)\b")
_OCLOCK = re.compile(r" o'? ?clock")
_HALF_OF_DAY = re.compile(rf" ?{_MERIDIEM}")
_PERIOD = re.compile(r",? (?:in the (?P<am>morning)|(?:in the |this )(?P<pm>afternoon|evening)|(?P<night>at night|tonight))")
_NAMED_TIME = re.compile(r"(?:12 |twelve )?(?P<noon>noon|midday)(?![a-z])|(?:12 |twelve )?midnight(?![a-z])")
_HOUR_WORDS = {w: n for n, w in enumerate(listed("one two three four five six seven eight nine ten eleven twelve"), 1)}
_MINUTE_WORDS = {
    "half": 30, "quarter": 15, "a quarter": 15, "five": 5, "ten": 10, "twenty": 20, "twenty-five": 25, "twenty five": 25,
}  # fmt: skip
_H = "|".join(sorted(_HOUR_WORDS, key=len, reverse=True)) + "|1[0-2]|[1-9]"
_M = "|".join(sorted(_MINUTE_WORDS, key=len, reverse=True)) + "|[0-5]?[0-9]"
_RELATIVE = re.compile(rf"(?P<m>{_M})(?: minutes?)? (?P<dir>past|after|to|before|till) (?P<h>{_H})(?![a-z0-9:.]*[0-9a-z])")
_HALF = re.compile(rf"half (?P<h>{_H})(?![a-z0-9])")


def _period(text: str, end: int) -> tuple[str, int]:
    """``a`` or ``p`` from words behind a time, and where they end."""
    match = _PERIOD.match(text, end)
    if match is None:
        meridiem = _HALF_OF_DAY.match(text, end)
        return (meridiem["ap"], meridiem.end()) if meridiem else ("", end)
    return ("a" if match["am"] else "p"), match.end()


def _times(hour: int, minute: int, half: str, padded: bool = False) -> tuple[str, ...]:
    """The times that an hour may mean: one with its half of the day known, two on a twelve-hour clock."""
    if hour > 24 or minute > 59:
        return ()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    elif not padded and 1 <= hour <= 12:
        return (f"{hour:02d}:{minute:02d}", f"{(hour + 12) % 24:02d}:{minute:02d}")
    return (f"{hour % 24:02d}:{minute:02d}",)


def _spelled_times(text: str) -> Iterator[Mention]:
    """*half past eight*, *quarter to nine*, *eight thirty*, *eight o'clock*."""
    for match in _RELATIVE.finditer(text):
        if match.start() and text[match.start() - 1].isalnum():
            continue
        written = match["m"]
        minute = int(written) if written.isdigit() else _MINUTE_WORDS[written]
        hour = int(match["h"]) if match["h"].isdigit() else _HOUR_WORDS[match["h"]]
        if match["dir"] in ("to", "before", "till"):
            if written == "half":
                continue
            hour, minute = (hour - 1 or 12), 60 - minute
        half, end = _period(text, match.end())
        yield Mention(match.start(), end, _times(hour, minute, half), TYPED)
    for match in _HALF.finditer(text):
        hour = int(match["h"]) if match["h"].isdigit() else _HOUR_WORDS[match["h"]]
        half, end = _period(text, match.end())
        yield Mention(match.start(), end, _times(hour, 30, half), TYPED)


def _word_clock(text: str, words: list[tuple[int, str]]) -> Iterator[Mention]:
    """*eight thirty*, *eight o'clock*, *eight pm*."""
    numbers = spelled_numbers(text, words)
    for index, number in enumerate(numbers):
        hour = int(number.values[0])
        if not 1 <= hour <= 12 or number.values[0] != hour:
            continue
        following: Number | None = numbers[index + 1] if index + 1 < len(numbers) else None
        if following is not None and text[number.end : following.start] in (" ", "-", " oh ", " o'"):
            minute = int(following.values[0])
            if 1 <= minute <= 59:
                half, end = _period(text, following.end)
                yield Mention(number.start, end, _times(hour, minute, half), TYPED)
                continue
        oclock = _OCLOCK.match(text, number.end)
        half, end = _period(text, oclock.end() if oclock else number.end)
        if oclock or half:
            yield Mention(number.start, end, _times(hour, 0, half), TYPED)


def time(text: str) -> list[Mention]:
    """Times of day. Without *am* or *pm* a twelve-hour reading and its other half are both kept, as written first."""
    found: list[Mention] = []
    for match in _CLOCK.finditer(text):
        start, end = match.span()
        if start and (text[start - 1].isdigit() or text[start - 1] in ".,:$\u20ac\u00a3"):
            continue
        if match["sep"] == "." and not match["ap"] and text[end : end + 2].strip(" ")[:1] in ("%", "k", "m"):
            continue
        half = match["ap"] or ""
        if not half:
            half, end = _period(text, end)
        padded = len(match["h"]) == 2 and match["h"][0] == "0"
        found.append(Mention(start, end, _times(int(match["h"]), int(match["m"]), half, padded and not half), TYPED))
    for match in _HOUR.finditer(text):
        start, end = match.span()
        if start and (text[start - 1].isdigit() or text[start - 1] in ".,:"):
            continue
        half = match["ap"] or ""
        if not half:
            half, end = _period(text, end)
        found.append(Mention(start, end, _times(int(match["h"]), 0, half), TYPED))
    if "hours" in text or "hrs" in text:
        for match in _MILITARY.finditer(text):
            if int(match["h"]) < 24 and not (match.start() and text[match.start() - 1].isalnum()):
                found.append(Mention(match.start(), match.end(), (f"{match['h']}:{match['m']}",), TYPED))
    if "noon" in text or "mid" in text:
        for match in _NAMED_TIME.finditer(text):
            if match.start() and text[match.start() - 1].isalpha():  # afternoon
                continue
            found.append(Mention(match.start(), match.end(), ("12:00" if match["noon"] else "00:00",), TYPED))
    words = number_words(text)
    if words or "quarter" in text:
        if " past " in text or " to " in text or "half" in text or " after " in text or " before " in text or " till " in text:
            found.extend(_spelled_times(text))
        found.extend(_word_clock(text, words))
    return longest([mention for mention in found if mention.readings])


def longest(found: list[Mention]) -> list[Mention]:
    """In order of position, without those that overlap a longer one."""
    kept: list[Mention] = []
    for mention in sorted(found, key=lambda item: (item.start, -item.end)):
        if kept and mention.start < kept[-1].end:
            if mention.end - mention.start > kept[-1].end - kept[-1].start:
                kept[-1] = mention
            continue
        kept.append(mention)
    return kept


_SCORE = re.compile(
    r"(?P<h>[0-9][0-9]{0,2})(?: ?(?:-|\u2014|:) ?| goals? to | to | (?:v|vs) |(?= all))"
    r"(?:(?P<a>[0-9]{1,3})(?![0-9.,]*[0-9]|[-/:][0-9]|%)| ?all\b)"
)
_SCORE_WORDS = {w: n for n, w in enumerate(listed("nil one two three four five six seven eight nine ten eleven twelve"))}
_SCORE_WORDS["zero"] = 0
_SW = "|".join(sorted(_SCORE_WORDS, key=len, reverse=True))
_SCORE_SPELLED = re.compile(
    rf"(?P<h>{_SW}|[0-9]{{1,2}})(?:(?: goals?)?(?: ?- ?| to |(?: points?)? to |[ -]| ?\u2014 ?)"
    rf"(?:goals? )?(?P<a>{_SW}|[0-9]{{1,2}})(?![a-z0-9])|[ -](?P<all>all)\b)"
)
_NOT_GOALS = re.compile(r" ?(?:minutes?|mins?|days?|hours?|weeks?|km|am\b|pm\b|years?|players?|people|formation|stars?)")
_TEAM = re.compile(r"(?<![0-9.,:/-])([0-9]{1,2})(?![0-9:/%-]|[.,][0-9]|st\b|nd\b|rd\b|th\b)")


def score(text: str) -> list[Mention]:
    """Home and away goals. The order is the writer's: who plays at home cannot be told from the figures."""
    found: list[Mention] = []
    for match in _SCORE.finditer(text):
        start, end = match.span()
        if start and (text[start - 1].isalnum() or text[start - 1] in ".,:/-$"):
            continue
        away = match["a"] or match["h"]
        if ":" in match[0] and len(away) == 2 and len(match["h"]) <= 2 and int(match["h"]) < 24 and int(away) < 60:
            level = BARE  # more likely a time of day
        else:
            level = TYPED
        if _NOT_GOALS.match(text, end):
            continue
        found.append(Mention(start, end, (f"{int(match['h'])}-{int(away)}",), level))
    if number_words(text):
        for match in _SCORE_SPELLED.finditer(text):
            start, end = match.span()
            if start and (text[start - 1].isalnum() or text[start - 1] in ".,:/-"):
                continue
            if _NOT_GOALS.match(text, end):
                continue
            home = _goals(match["h"])
            away_goals = home if match["all"] else _goals(match["a"])
            found.append(Mention(start, end, (f"{home}-{away_goals}",), TYPED))
    if "goalless" in text or "scoreless" in text:
        at = text.find("goalless") if "goalless" in text else text.find("scoreless")
        found.append(Mention(at, at + 8, ("0-0",), TYPED))
    return longest(found) if found else _team_by_team(text)


def _goals(written: str) -> int:
    return int(written) if written.isdigit() else _SCORE_WORDS[written]


def _team_by_team(text: str) -> list[Mention]:
    """*Rovers 3, United 1*: the only two small numbers of a text, in order."""
    numbers = [
        match
        for match in _TEAM.finditer(text)
        if not (match.start() and (text[match.start() - 1].isalpha() or _word_before(text, match.start()) in LABELS))
        and not _NOT_GOALS.match(text, match.end())
    ]
    if len(numbers) != 2:
        return []
    home, away = numbers
    return [Mention(home.start(), away.end(), (f"{int(home[1])}-{int(away[1])}",), BARE)]


def _word_before(text: str, start: int) -> str:
    words = text[max(0, start - 18) : start].split()
    return words[-1].strip("(,.:") if words else ""


READERS: dict[str, Callable[[str], list[Mention]]] = {"date": date, "time": time, "score": score}
