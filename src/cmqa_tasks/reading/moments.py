"""Dates, times of day and scores: several numbers that mean something together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest

from cmqa_tasks.reading.folding import has_han, islands
from cmqa_tasks.reading.mention import BARE, TYPED, Mention, clear_of, longest
from cmqa_tasks.reading.numbers import DIGIT, chinese, english, previous_word, scan, spelled_numbers, value_of

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


_YEAR_AFTER = re.compile(r",? ?(?:of |in |')?((?:19|20)[0-9]{2})(?![0-9])|-((?:19|20)[0-9]{2})(?![0-9])")
_NUMERIC = re.compile(
    r"(?<![A-Za-z0-9_.,/$])(?P<x>[0-9]{1,4})(?P<sep>[-/.])(?P<y>[0-9]{1,2})"
    r"(?:(?P=sep)(?P<z>[0-9]{4}|[0-9]{1,2})(?![0-9])|(?![0-9/]))"
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
        year = _YEAR_AFTER.match(low, end)
        end = year.end() if year else end
        written = day["day"]
        number = int(written) if written.isdigit() else _ordinals()[written]
        iso = _iso(int(year[1] or year[2]) if year else None, months[month[0].rstrip(".")], number)
        if iso:
            yield Mention(start, end, (iso,), TYPED)


def _numeric_dates(low: str) -> Iterator[Mention]:
    for match in _NUMERIC.finditer(low):
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


def _integer(written: str) -> int:
    if written.isascii():
        return int(written)
    value = 1 if written == "正" else value_of(written.replace("初", "").replace("廿", "二十"))
    return -1 if value is None else int(value)


def _han_year(written: str | None) -> int | None:
    if written is None:
        return None
    figures = written if written.isascii() else "".join(str(DIGIT.get(char, "")) for char in written)
    return None if len(figures) not in (2, 4) else int(figures) + (2000 if len(figures) == 2 else 0)


def _han_dates(low: str) -> list[Mention]:
    found: list[Mention] = []
    for name, level in (("date", TYPED), ("pointed_date", BARE), ("day", BARE)):
        if found:
            break
        for match in chinese().patterns[name].finditer(low):
            day = _integer(match["day"])
            if name == "day":
                iso = f"---{day:02d}" if 1 <= day <= 31 else None
            else:
                iso = _iso(_han_year(match.groupdict().get("year")), _integer(match["month"]), day)
            if iso:
                found.append(Mention(match.start(), match.end(), (iso,), level))
    return found


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
_CLOCK = re.compile(
    rf"(?<![0-9.,:$\u20ac\u00a3])(?P<h>[0-9][0-9]?)(?P<sep>[:.h])(?P<m>[0-5][0-9])(?![0-9])(?::[0-5][0-9])?(?: ?{_MERIDIEM})?"
)
_HOUR = re.compile(rf"(?<![0-9.,:])(?P<h>[0-9][0-9]?)(?: ?{_MERIDIEM}| ?(?P<oc>o'? ?clock))")
_MILITARY = re.compile(r"(?<![a-z0-9])(?P<h>[01][0-9]|2[0-3])(?P<m>[0-5][0-9]) ?(?:hours|hrs|h)\b")
_PERIOD = re.compile(
    rf",? (?:in the (?P<am>morning)|(?:in the |this )(?P<pm>afternoon|evening)|(?P<night>at night|tonight))| ?{_MERIDIEM}"
)
_NAMED = re.compile(r"(?<![a-z])(?:(?:12 |twelve )?(?P<noon>noon|midday)|(?:12 |twelve )?midnight)(?![a-z])")
_MINUTE_WORDS = {
    "half": 30, "quarter": 15, "a quarter": 15, "five": 5, "ten": 10, "twenty": 20, "twenty-five": 25, "twenty five": 25,
}  # fmt: skip


@lru_cache(maxsize=1)
def _relative() -> tuple[Mapping[str, int], re.Pattern[str]]:
    """*half past eight*, *quarter to nine*, *half eight*."""
    hours = {word: number for word, number in english().numerals.ones.items() if 1 <= number <= 12}
    hour = "|".join([*sorted(hours, key=len, reverse=True), "1[0-2]", "[1-9]"])
    minute = "|".join([*sorted(_MINUTE_WORDS, key=len, reverse=True), "[0-5]?[0-9]"])
    return hours, re.compile(
        rf"(?<![a-z0-9])(?:(?P<m>{minute})(?: minutes?)? (?P<dir>past|after|to|before|till) (?P<h>{hour})(?![a-z0-9:.]*[0-9a-z])"
        rf"|half (?P<hh>{hour})(?![a-z0-9]))"
    )


def _period(low: str, end: int) -> tuple[str, int]:
    """``a`` or ``p`` from words behind a time, and where they end."""
    match = _PERIOD.match(low, end)
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
    for match in _CLOCK.finditer(low):
        end, half = match.end(), match["ap"] or ""
        if match["sep"] == "." and not half and low[end : end + 2].strip(" ")[:1] in ("%", "k", "m"):
            continue
        if not half:
            half, end = _period(low, end)
        padded = match["h"].startswith("0") and len(match["h"]) == 2 and not half
        yield Mention(match.start(), end, _times(int(match["h"]), int(match["m"]), half, padded), TYPED)
    for match in _HOUR.finditer(low):
        end, half = match.end(), match["ap"] or ""
        if not half:
            half, end = _period(low, end)
        yield Mention(match.start(), end, _times(int(match["h"]), 0, half), TYPED)
    for match in _MILITARY.finditer(low):
        yield Mention(match.start(), match.end(), (f"{match['h']}:{match['m']}",), TYPED)
    for match in _NAMED.finditer(low):
        yield Mention(match.start(), match.end(), ("12:00" if match["noon"] else "00:00",), TYPED)


def _spelled_times(low: str) -> Iterator[Mention]:
    """Times in words: *half past eight*, *eight thirty*, *eight o'clock*, *eight pm*."""
    hours, relative = _relative()
    for match in relative.finditer(low):
        written, named = match["m"] or "half", match["h"] or match["hh"]
        minute = int(written) if written.isdigit() else _MINUTE_WORDS[written]
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


_QUARTERS = {"一刻": 15, "1刻": 15, "三刻": 45, "3刻": 45}
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
    patterns = chinese().patterns
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
        hour, minute = _integer(match["h"]), 30 if match["half"] else _QUARTERS.get(match["quarter"] or "", 0)
        if match["lack"]:
            hour, minute = (hour - 1 or 12), 60 - (_QUARTERS.get(match["lm"]) or _integer(match["lm"].rstrip("分")))
        elif match["m"]:
            minute = _integer(match["m"].replace("零", "").replace("〇", "") or "0")
        yield Mention(*match.span(), _han_hours(match["part"] or "", hour, minute, match["h"].startswith("0")), TYPED)
    for match in patterns["lacking"].finditer(low):
        minute = 60 - (_QUARTERS.get(match["lm"]) or _integer(match["lm"].rstrip("分")))
        yield Mention(*match.span(), _han_hours(match["part"] or "", _integer(match["h"]) - 1 or 12, minute, False), TYPED)
    for match in patterns["noon"].finditer(low):
        yield Mention(*match.span(), ("00:00" if match["midnight"] else "12:00",), TYPED)


def time(low: str) -> list[Mention]:
    """Times of day. Without *am* or *pm* a twelve-hour reading and its other half are both kept, as written first."""
    apart, han = low, list[Mention]()
    if has_han(low):
        apart, han = islands(low), list(_han_times(low))
    return longest(mention for mention in [*han, *_clocks(apart), *_spelled_times(apart)] if mention.readings)


# --- scores ----------------------------------------------------------------------------------------------------------

_SCORE = re.compile(
    r"(?<![A-Za-z0-9.,:/$-])(?P<h>[0-9]{1,3})(?: ?(?:-|\u2014|:) ?| goals? to | to | (?:v|vs) |(?= all))"
    r"(?:(?P<a>[0-9]{1,3})(?![0-9.,]*[0-9]|[-/:][0-9]|%)| ?all\b)"
)
_NOT_GOALS = re.compile(r" ?(?:minutes?|mins?|days?|hours?|weeks?|km|am\b|pm\b|years?|players?|people|formation|stars?)")
_TEAM = re.compile(r"(?<![A-Za-z0-9.,:/-])([0-9]{1,2})(?![0-9:/%-]|[.,][0-9]|st\b|nd\b|rd\b|th\b)")


@lru_cache(maxsize=1)
def _spelled_score() -> tuple[Mapping[str, int], re.Pattern[str]]:
    goals = {word: number for word, number in english().numerals.ones.items() if number <= 12}
    word = f"{'|'.join(sorted(goals, key=len, reverse=True))}|[0-9]{{1,2}}"
    return goals, re.compile(
        rf"(?<![a-z0-9.,:/-])(?P<h>{word})(?:(?: goals?)?(?: ?- ?| to |(?: points?)? to |[ -]| ?\u2014 ?)"
        rf"(?:goals? )?(?P<a>{word})(?![a-z0-9])|[ -](?P<all>all)\b)"
    )


def _scores(low: str) -> Iterator[Mention]:
    for match in _SCORE.finditer(low):
        home, away = int(match["h"]), match["a"] or match["h"]
        clock = ":" in match[0] and len(away) == 2 and home < 24 and int(away) < 60  # more likely a time of day
        if not _NOT_GOALS.match(low, match.end()):
            yield Mention(match.start(), match.end(), (f"{home}-{int(away)}",), BARE if clock else TYPED)
    goals, spelled = _spelled_score()
    for match in spelled.finditer(low) if spelled_numbers(low) else ():
        if not _NOT_GOALS.match(low, match.end()):
            figures = [int(side) if side.isdigit() else goals[side] for side in (match["h"], match["a"] or match["h"])]
            yield Mention(match.start(), match.end(), (f"{figures[0]}-{figures[1]}",), TYPED)
    nil = re.search("goalless|scoreless", low)
    if nil is not None:
        yield Mention(nil.start(), nil.start() + 8, ("0-0",), TYPED)


def _han_scores(low: str) -> Iterator[Mention]:
    for name in ("score", "draw"):
        for match in chinese().patterns[name].finditer(low):
            home = _integer(match["h"])
            away = home if name == "draw" else _integer(match["a"])
            if home >= 0 and away >= 0:
                yield Mention(match.start(), match.end(), (f"{home}-{away}",), TYPED if name == "score" else BARE)
    at = low.find("互交白卷")
    if at >= 0:
        yield Mention(at, at + 4, ("0-0",), TYPED)


def score(low: str) -> list[Mention]:
    """Home and away goals. The order is the writer's: who plays at home cannot be told from the figures."""
    apart, han = low, list[Mention]()
    if has_han(low):
        apart, han = islands(low), list(_han_scores(low))
        goals = (
            [] if han else [one for one in scan(low) if one.han and one.unit in ("球", "points", "个") and one.values[0] < 100]
        )
        if len(goals) == 2 and len(low) < 80:  # 红队3球，蓝队1球
            reading = f"{int(goals[0].values[0])}-{int(goals[1].values[0])}"
            han = [Mention(goals[0].start, goals[1].unit_end, (reading,), BARE)]
    scores = list(_scores(apart)) or ([] if han else _team_by_team(apart))
    if apart is low:
        return longest(scores)
    numbers = [Mention(one.start, max(one.end, one.unit_end), (), 0) for one in scan(low) if one.han]
    return sorted([*longest(han), *clear_of(longest(scores), longest([*han, *numbers]))])


def _team_by_team(low: str) -> list[Mention]:
    """*Rovers 3, United 1*: the only two small numbers of a text, in order."""
    numbers = [
        match
        for match in _TEAM.finditer(low)
        if previous_word(low, match.start()).strip("(,.:") not in english().labels and not _NOT_GOALS.match(low, match.end())
    ]
    if len(numbers) != 2:
        return []
    home, away = numbers
    return [Mention(home.start(), away.end(), (f"{int(home[1])}-{int(away[1])}",), BARE)]


Teams = tuple[tuple[str, ...], tuple[str, ...]]
"""How the home and the away side may be called, in lower case."""
_AGAINST = re.compile(r" (?:against|versus|vs?\.?) |(?<=队)对")
_STOP = re.compile(r"[.!?;](?=\s|$)|[。！？；\n]")
_BEAT = re.compile(
    r"\b(?P<won>w[io]ns?|beats?|defeat(?:s|ed)|edged|thrashed|triumph(?:s|ed)|prevail(?:s|ed))\b"
    r"|\b(?P<lost>los(?:t|es|e)|(?:was|were|been|got) (?:beaten|defeated|edged|thrashed)|fell)\b"
    r"|(?P<won_zh>获胜|取胜|战胜|击败|力克|险胜|胜出|赢|胜)|(?P<lost_zh>不敌|惜败|落败|败给|败于|输|负)"
)
_TO = re.compile(r" ?,? ?(?:to|for|in favou?r of|(?:win|victory) for) (?:the )?")


def teams_of(entity: str) -> Teams | None:
    """Both sides of a match by the name of the match, whole and by the last word where that tells them apart."""
    parts = _AGAINST.split(entity)
    if len(parts) != 2:
        return None
    home, away = (part.strip() for part in parts)
    short = [part.split()[-1] if " " in part else part[-3:] for part in (home, away)]
    return ((home,), (away,)) if short[0] == short[1] else ((home, short[0]), (away, short[1]))


def home_first(low: str, mention: Mention, all_teams: Sequence[Teams]) -> Mention:
    """A score with the home side first where its sentence says who won, for whoever won has the more goals."""
    home, _, away = mention.readings[0].partition("-")
    if home == away:
        return mention
    for teams in all_teams:
        winner = _winner(low, mention, teams)
        if winner is not None:
            more, fewer = sorted((int(home), int(away)), reverse=True)
            return mention._replace(readings=(f"{more}-{fewer}" if winner == 0 else f"{fewer}-{more}",))
    return mention


def _winner(low: str, mention: Mention, teams: Teams) -> int | None:
    """0 where the home side is said to have won, 1 for the away side."""
    to = _TO.match(low, mention.end)
    if to is not None:
        return next((side for side in (0, 1) if low.startswith(teams[side], to.end())), None)
    start = max(0, mention.start - 90)
    for stop in _STOP.finditer(low, start, mention.start):
        start = stop.end()
    after = _STOP.search(low, mention.end)
    verb = _BEAT.search(low, start, min(mention.end + 8, len(low) if after is None else after.start()))
    if verb is None:
        return None
    before = [max(low.rfind(name, start, verb.start()) for name in side) for side in teams]
    if max(before) < 0 or _BEAT.search(low, verb.end(), mention.start) is not None:
        return None
    subject = 0 if before[0] > before[1] else 1
    return subject if verb["won"] or verb["won_zh"] else 1 - subject


READERS: Mapping[str, Callable[[str], list[Mention]]] = {"date": date, "time": time, "score": score}
